"""Arrow: arrays, scalars and tables as cells.

Invariants: the type decides how a column is read, and for a nested column the types inside it; a
null is missing and a NaN is NaN; a duration or a time of day is refused before it is read, since
reading could truncate or raise.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from .exact import PER_SECOND, CellError, day, moments, narrow, narrowed, zone_of
from .table import Column, Table

__all__ = ["cells_of", "column_of", "is_kept", "is_rows", "rows_of", "scalar_of", "table_of"]

_PLAIN: Final = frozenset(
    [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
    + ["halffloat", "float", "double"]
)
_REMEDIES: Final = {
    "duration": "record it as a number, such as cast('int64')",
    "time": "record it as text, such as cast('string')",
    "interval": "record its parts as numbers",
    "month_day_nano_interval": "record its parts as numbers",
}


def is_kept(kind: Any) -> bool:
    """Whether cells of this type become Python objects without loss."""
    types = _types()
    if types.is_nested(kind) or types.is_dictionary(kind):
        parts = [kind.value_type] if hasattr(kind, "value_type") else []
        if not parts:
            parts = [kind.field(place).type for place in range(kind.num_fields)]
        return types.is_list(kind) and is_kept(parts[0])
    return not (
        types.is_float16(kind)
        or types.is_float32(kind)
        or types.is_temporal(kind)
        or types.is_run_end_encoded(kind)
        or hasattr(kind, "storage_type")
    )


def _types() -> Any:
    return sys.modules["pyarrow"].types


def cells_of(column: Any) -> list[Any]:
    """The cells of an Array or ChunkedArray. Raises CellError."""
    kind = column.type
    types = _types()
    if hasattr(column, "chunks"):
        return [cell for chunk in column.chunks for cell in cells_of(chunk)]
    if types.is_dictionary(kind):
        words = cells_of(column.dictionary)  # each once: a code then costs only a reference
        return [None if at is None else words[at] for at in column.indices.to_pylist()]
    if types.is_float16(kind) or types.is_float32(kind):
        return narrowed(column.to_pylist(), 16 if types.is_float16(kind) else 32)
    if types.is_timestamp(kind):
        zone = None if kind.tz is None else zone_of(kind.tz)
        ticks = column.cast(sys.modules["pyarrow"].int64()).to_pylist()
        return moments(ticks, PER_SECOND[kind.unit], zone)
    if types.is_date(kind):
        return _days(column)
    if types.is_temporal(kind):
        raise _refusal(kind)
    if is_kept(kind):
        found: list[Any] = column.to_pylist()
        return found
    return [scalar_of(scalar) for scalar in column]


def column_of(column: Any) -> Column:
    """An Array or ChunkedArray as a Column."""
    return Column(
        rows=len(column),
        column=lambda: cells_of(column),
        each=lambda: rows_of(column),
        nested=is_rows(column.type),
    )


def is_rows(kind: Any) -> bool | None:
    """Whether each cell of this type is itself a row; None if only the cells tell."""
    types = _types()
    if types.is_struct(kind) or types.is_map(kind) or hasattr(kind, "value_field"):
        return True
    certain = types.is_primitive(kind) or types.is_decimal(kind) or types.is_null(kind)
    return False if certain else None


def rows_of(column: Any) -> list[Any]:
    """The cells of an Array or ChunkedArray of rows: a map's entries by name, like a struct's.
    Raises CellError."""
    cells = cells_of(column)
    if not _types().is_map(column.type):
        return cells
    rows = [None if pairs is None else dict(pairs) for pairs in cells]
    for row, pairs in zip(rows, cells, strict=True):
        if row is not None and len(row) < len(pairs):
            raise CellError("a map contains the same key twice; rename one")
    return rows


def _days(column: Any) -> list[Any]:
    pyarrow = sys.modules["pyarrow"]
    coarse = _types().is_date32(column.type)
    ticks = column.cast(pyarrow.int32() if coarse else pyarrow.int64()).to_pylist()
    step = 1 if coarse else 86_400_000
    return [None if tick is None else day(tick // step) for tick in ticks]


def scalar_of(scalar: Any) -> Any:
    """A scalar as a value that Cells can freeze. Raises CellError."""
    kind = scalar.type
    types = _types()
    if not scalar.is_valid:
        return None
    if types.is_float16(kind) or types.is_float32(kind):
        return narrow(scalar.as_py(), 16 if types.is_float16(kind) else 32)
    if types.is_struct(kind):
        names = [kind.field(place).name for place in range(kind.num_fields)]
        if len(set(names)) < len(names):
            raise CellError("a struct has two fields with the same name; rename one")
        return {name: scalar_of(scalar[place]) for place, name in enumerate(names)}
    if types.is_map(kind):
        return [tuple(scalar_of(pair[place]) for place in (0, 1)) for pair in scalar.values]
    if types.is_nested(kind) and hasattr(scalar, "values"):
        return cells_of(scalar.values)
    if types.is_dictionary(kind) or types.is_union(kind):
        return scalar_of(scalar.value)
    if types.is_run_end_encoded(kind):
        return scalar_of(scalar.value) if hasattr(scalar, "value") else scalar.as_py()
    if hasattr(kind, "storage_type"):
        if kind.extension_name == "arrow.uuid":
            return scalar.as_py()
        return scalar_of(scalar.value)
    if types.is_temporal(kind):
        return cells_of(sys.modules["pyarrow"].array([scalar], kind))[0]
    return scalar.as_py()


def _refusal(kind: Any) -> CellError:
    word = str(kind).partition("[")[0].rstrip("0123456789")
    remedy = _REMEDIES.get(word, "record it as a number or as text")
    return CellError(f"a column of the Arrow type {kind} cannot be recorded; {remedy}")


# Tables -----------------------------------------------------------------------------------------


def table_of(data: Any) -> Table:
    """A Table or RecordBatch as a Table of ours."""
    kinds = data.schema.types

    def columns() -> Iterator[list[Any]]:
        return (cells_of(data.column(place)) for place in range(len(kinds)))

    return Table(
        tuple(data.schema.names),
        rows=data.num_rows,
        width=len(kinds),
        size=int(data.nbytes),
        columns=columns,
        stack=lambda: stacked(data.columns) if is_one_plain(kinds) else None,
    )


def is_one_plain(kinds: Sequence[Any]) -> bool:
    """Whether all columns are of one plain type of numbers, by its name."""
    return len(set(map(str, kinds))) == 1 and str(kinds[0]).lower() in _PLAIN


def stacked(columns: Sequence[Any]) -> Any:
    """Columns of one plain numeric type as one array, ten times as fast as row by row; None if
    cells are missing, which such an array cannot tell from NaN."""
    numpy = sys.modules.get("numpy")
    if numpy is None or any(column.null_count for column in columns):
        return None
    return numpy.column_stack([numpy.asarray(column) for column in columns])
