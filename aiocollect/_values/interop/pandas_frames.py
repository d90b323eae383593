"""pandas: frames, Series and their parts as cells.

Invariants: what pandas calls missing is missing, in a column whose dtype can hold more than
numbers; in a column of plain floats NaN stays NaN, since pandas has no other value for it there.
pandas keeps no dtype for rows of objects: the other rows of the stream decide (see
_values/shape.py).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from .arrow_tables import cells_of as arrow_cells
from .arrow_tables import is_rows, rows_of
from .exact import PER_SECOND, moments, narrowed
from .numpy_arrays import is_plain, listed
from .table import Column, Table, names_of

__all__ = ["cells_of", "column_of", "index_of", "table_of"]


def table_of(data: Any) -> Table:
    """A DataFrame as a Table. Its index is never read. Raises CellError for invalid names."""
    rows, width = data.shape
    numpy = sys.modules["numpy"]
    kinds = set(data.dtypes)
    (only,) = kinds if len(kinds) == 1 else (None,)
    one = isinstance(only, numpy.dtype) and is_plain(only)

    def columns() -> Iterator[list[Any]]:
        return (cells_of(data.iloc[:, place]) for place in range(width))

    return Table(
        names_of(list(data.columns), "the column names"),
        rows=rows,
        width=width,
        columns=columns,
        stack=lambda: data.to_numpy() if one else None,
    )


def column_of(data: Any) -> Column:
    """A Series as a Column; its labels are names if it is a row of a frame."""
    pandas = sys.modules["pandas"]
    kind = data.dtype
    of_arrow = isinstance(kind, pandas.ArrowDtype)
    if of_arrow:
        nested = is_rows(kind.pyarrow_dtype)
    else:
        certain = kind.kind != "O" or isinstance(kind, pandas.StringDtype)
        nested = False if certain else None
    return Column(
        labels=lambda: _labels(data.index),
        name=data.name,
        rows=len(data),
        column=lambda: cells_of(data),
        row=lambda: _row_cells(data),
        each=(lambda: rows_of(data.array.__arrow_array__())) if of_arrow else None,
        nested=nested,
    )


def index_of(data: Any) -> Table:
    """A MultiIndex as a Table: a column for each level, which can have names."""
    pandas = sys.modules["pandas"]
    levels = range(data.nlevels)
    return Table(
        names_of(list(data.names), "the names of the index levels"),
        rows=len(data),
        width=len(levels),
        columns=lambda: (cells_of(pandas.Series(data.get_level_values(one))) for one in levels),
    )


def _row_cells(data: Any) -> list[Any]:
    """The cells of a row, which can have different types: pandas turns a row of NaN and text into a
    row of text, though its NaN can come from a column of numbers."""
    kind = data.dtype
    # pandas.NA cannot be compared, not even with itself.
    text = isinstance(kind, sys.modules["pandas"].StringDtype) and type(kind.na_value) is float
    if text or (kind.kind == "O" and type(kind).__module__.startswith("numpy")):
        found: list[Any] = data.tolist()
        return found
    return cells_of(data)


def _labels(index: Any) -> tuple[str, ...] | None:
    if index.dtype.kind in "biufMm":
        return None  # there can be a million of them
    labels = names_of(list(index), "the labels of the Series")
    # With two equal labels one cell would overwrite the other: then the order counts.
    return None if labels is None or len(set(labels)) < len(labels) else labels


def cells_of(series: Any) -> list[Any]:
    """The cells of a Series. Raises CellError."""
    numpy = sys.modules["numpy"]
    pandas = sys.modules["pandas"]
    kind = series.dtype
    if isinstance(kind, numpy.dtype):
        if kind.kind == "O":
            return _objects(series)
        return listed(series.to_numpy())
    if isinstance(kind, pandas.CategoricalDtype):
        words = cells_of(pandas.Series(kind.categories))
        return [None if code < 0 else words[code] for code in series.cat.codes.tolist()]
    if isinstance(kind, pandas.DatetimeTZDtype):
        return _aware(series)
    if isinstance(kind, pandas.ArrowDtype):
        return arrow_cells(series.array.__arrow_array__())
    if isinstance(kind, pandas.SparseDtype):
        return cells_of(pandas.Series(series.array.to_dense()))
    gone = series.isna().tolist()
    cells: list[Any] = series.tolist()
    if any(gone):
        cells = [None if no else cell for cell, no in zip(cells, gone, strict=True)]
    base = getattr(kind, "numpy_dtype", None)
    if base is not None and base.char in "ef":
        return narrowed(cells, 8 * base.itemsize)
    return cells


def _aware(series: Any) -> list[Any]:
    numpy = sys.modules["numpy"]
    ticks = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    per_second = PER_SECOND[numpy.datetime_data(ticks.dtype)[0]]
    gone = numpy.isnat(ticks).tolist()
    numbers = ticks.view("i8").tolist()
    return moments(
        [None if no else at for at, no in zip(numbers, gone, strict=True)],
        per_second,
        series.dt.tz,
    )


def _objects(series: Any) -> list[Any]:
    """In a column of objects NaN is how pandas writes missing, unless the other values are numbers,
    among which it can be a number."""
    cells: list[Any] = series.tolist()
    numbers = False
    for cell in cells:
        kind = type(cell)
        if cell is None or kind is str or (kind is float and cell != cell):
            continue
        if kind is not float and kind is not int:
            numbers = False
            break
        numbers = True
    if numbers:
        return cells
    return [None if type(cell) is float and cell != cell else cell for cell in cells]
