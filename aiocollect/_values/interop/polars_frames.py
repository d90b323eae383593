"""polars: Series and frames as cells.

Invariants: those of Arrow. The type decides; what polars would truncate on its way to Python
(nanoseconds) is read as the integer that it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from .exact import PER_SECOND, CellError, day, moments, narrowed, zone_of
from .table import Column, Table

__all__ = ["cells_of", "column_of", "table_of"]

_PLAIN: Final = frozenset(
    [f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
    + ["Float16", "Float32", "Float64"]
)
# Cells of these types become Python objects without loss.
_KEPT: Final = _PLAIN - {"Float16", "Float32"} | {
    *("Int128", "UInt128", "Boolean", "String", "Binary", "Decimal", "Null", "Object"),
}


def column_of(series: Any) -> Column:
    """A Series as a Column."""
    nested: bool | None = _name(series.dtype) in ("Struct", "List", "Array")
    if _name(series.dtype) == "Object":
        nested = None
    return Column(
        name=series.name, rows=len(series), column=lambda: cells_of(series), nested=nested
    )


def cells_of(series: Any) -> list[Any]:
    """The cells of a Series. Raises CellError."""
    kind = series.dtype
    name = _name(kind)
    if name in _KEPT:
        found: list[Any] = series.to_list()
        return found
    if name in ("Float32", "Float16"):
        return narrowed(series.to_list(), 32 if name == "Float32" else 16)
    if name == "Datetime":
        zone = None if kind.time_zone is None else zone_of(kind.time_zone)
        return moments(series.to_physical().to_list(), PER_SECOND[kind.time_unit], zone)
    if name == "Date":
        return [None if at is None else day(at) for at in series.to_physical().to_list()]
    if name in ("Categorical", "Enum"):
        return _decoded(series)
    if name in ("List", "Array"):
        if _name(kind.inner) in _KEPT:
            return list(series.to_list())
        return [None if inner is None else cells_of(inner) for inner in series]
    if name == "Struct":
        return _structs(series)
    if name == "Duration":
        raise CellError(
            "a column of the polars type Duration cannot be recorded; record a number, "
            "such as dt.total_nanoseconds()"
        )
    if name == "Time":
        raise CellError(
            "a column of the polars type Time cannot be recorded; record it as text, such "
            "as dt.to_string()"
        )
    return list(series.to_list())


def _name(kind: Any) -> str:
    """The name of a type; a type without parameters can be given as its class."""
    return kind.__name__ if isinstance(kind, type) else type(kind).__name__


def _decoded(series: Any) -> list[Any]:
    """The words of categories, each once: a code costs only a reference to its word, and a short
    code for a megabyte of text is charged as that text."""
    once = series.unique()
    text = once.cast(sys.modules["polars"].String).to_list()
    words = dict(zip(once.to_physical().to_list(), text, strict=True))
    return [words[code] for code in series.to_physical().to_list()]


def _structs(series: Any) -> list[Any]:
    fields = series.struct.unnest()
    names = fields.columns
    columns = [cells_of(fields[name]) for name in names]
    return [
        None if gone else dict(zip(names, cells, strict=True))
        for gone, *cells in zip(series.is_null().to_list(), *columns, strict=True)
    ]


def table_of(data: Any) -> Table:
    """A DataFrame as a Table."""
    names = tuple(data.columns)
    kinds = list(map(_name, data.dtypes))

    def columns() -> Iterator[list[Any]]:
        return (cells_of(data[name]) for name in names)

    return Table(
        names,
        rows=data.height,
        width=len(names),
        size=int(data.estimated_size()),
        columns=columns,
        stack=lambda: _stacked([data[name] for name in names], kinds),
    )


def _stacked(columns: Sequence[Any], kinds: Sequence[str]) -> Any:
    """See arrow_tables.stacked."""
    numpy = sys.modules.get("numpy")
    if numpy is None or len(set(kinds)) != 1 or kinds[0] not in _PLAIN:
        return None
    if any(column.null_count() for column in columns):
        return None
    return numpy.column_stack([numpy.asarray(column) for column in columns])
