"""Misfits: valid names of columns, and why a value does not fit them.

A message names the culprit by its shape, type or column, and says what would fit. It never shows a
cell, nor a label of an index, which can be one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import EncodeError
from .cells import SHOWN
from .interop.exact import short_name
from .interop.table import Column, Table

__all__ = [
    "checked",
    "misfit",
    "mixed",
    "not_a_row",
    "single",
    "refuse_unknown",
    "shown",
    "some",
    "ambiguous",
]


def checked(names: tuple[Any, ...], stream: str) -> tuple[str, ...]:
    """The names of columns, which are plain text. Raises EncodeError for any other name."""
    for name in names:
        if type(name) is not str or not name or name.startswith("$aml_"):
            raise EncodeError(
                f"{stream}: a column cannot be named {shown(name)}; a name is text, is not "
                "empty and does not begin with $aml_",
                reason="shape",
            )
    if len(set(names)) < len(names):
        doubled = next(name for name in names if names.count(name) > 1)
        raise EncodeError(
            f"{stream}: two columns have the same name, {doubled[:SHOWN]}; rename one",
            reason="shape",
        )
    return names


def refuse_unknown(
    found: Iterable[Any], names: Sequence[str], *, stream: str, labelled: bool
) -> None:
    """Raise EncodeError if ``found`` has names that are not columns. ``labelled``: they are labels
    of an index, so they can be cells and are not shown."""
    unknown = set(found).difference(names)
    if not unknown:
        return
    if labelled:
        raise EncodeError(
            f"{stream}: {len(unknown)} labels of a Series are not columns of this stream; "
            f"the columns are {some(names)}; pass a DataFrame with these columns, or a "
            "list of the cells",
            reason="shape",
        )
    raise EncodeError(
        f"{stream}: unknown columns {', '.join(sorted(map(shown, unknown))[:6])}; the "
        f"columns are {some(names)}",
        reason="shape",
    )


def misfit(data: Any, width: int, names: Sequence[str], *, stream: str) -> EncodeError:
    """The error for a value of another shape."""
    return EncodeError(
        f"{stream}: a value of shape {_shape(data)} does not fit the {width} columns "
        f"{some(names)}; pass one row of {width} cells, or rows of {width} cells each",
        reason="shape",
    )


def single(kind: type, width: int, names: Sequence[str], *, stream: str) -> EncodeError:
    """The error for a single value instead of a row."""
    return EncodeError(
        f"{stream}: a single {short_name(kind)} does not fit the {width} columns "
        f"{some(names)}; pass one row of {width} cells",
        reason="shape",
    )


def mixed(kind: type, *, stream: str, named: bool) -> EncodeError:
    """The error for a list whose elements are of different kinds."""
    return EncodeError(
        f"{stream}: a list of {'dicts' if named else 'rows'} contains a {short_name(kind)} value; "
        "pass all rows with names, or all without",
        reason="shape",
    )


def not_a_row(kind: type, *, stream: str) -> EncodeError:
    """The error of collect_rows() for a value that is not a row."""
    return EncodeError(
        f"{stream}: collect_rows() got a {short_name(kind)} value instead of a row; pass a list of "
        "rows, such as [[1, 2], [3, 4]], or a table",
        reason="shape",
    )


def ambiguous(stream: str) -> EncodeError:
    """The error for a Series that cannot fix the columns."""
    return EncodeError(
        f"{stream}: the labels of this Series may be column names or data; set "
        "feature_names, or pass to_frame() for a column or to_frame().T for a row",
        reason="shape",
    )


def shown(name: Any) -> str:
    """The name of a column, for a message; of a name that is not text only the type, as it can be a
    cell."""
    return name[:SHOWN] or "''" if type(name) is str else f"a {short_name(type(name))} value"


def some(names: Sequence[str]) -> str:
    """The first names, for a message."""
    return ", ".join([name[:SHOWN] for name in names[:6]]) + (", …" if len(names) > 6 else "")


def _shape(data: Any) -> str:
    kind = type(data)
    if kind is Table:
        return f"{data.rows} rows of {data.width}"
    if kind is Column:
        return f"({data.rows},)"
    shape = getattr(data, "shape", None)
    if shape is not None:
        return str(tuple(shape))
    if type(data[0]) is not list and type(data[0]) is not tuple:
        return f"({len(data)},)"
    lengths = {len(row) if hasattr(row, "__len__") else 0 for row in data[:1000]}
    return f"{len(data)} rows of {', '.join(map(str, sorted(lengths)[:4]))}"
