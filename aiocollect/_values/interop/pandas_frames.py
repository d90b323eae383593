"""pandas: frames, series and what they are made of as cells.

Invariants: what pandas calls missing is missing, in a column whose dtype can hold more than
numbers; in one of plain floats NaN is NaN, since pandas has no other word for it there. Of rows of
objects pandas keeps no dtype: the stream's other rows tell (see _values/shape.py).
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
    """A DataFrame. Its index is never looked at. Raises CellError for its names."""
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
    """A Series, whose labels are names where it is a row of a frame."""
    pandas = sys.modules["pandas"]
    kind = data.dtype
    of_arrow = isinstance(kind, pandas.ArrowDtype)
    if of_arrow:
        nested = is_rows(kind.pyarrow_dtype)
    else:
        told = kind.kind != "O" or isinstance(kind, pandas.StringDtype)
        nested = False if told else None
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
    """An index of several levels: a column for each, which may have names."""
    pandas = sys.modules["pandas"]
    levels = range(data.nlevels)
    return Table(
        names_of(list(data.names), "the names of the index levels"),
        rows=len(data),
        width=len(levels),
        columns=lambda: (cells_of(pandas.Series(data.get_level_values(one))) for one in levels),
    )


def _row_cells(data: Any) -> list[Any]:
    """The cells of a row, which have nothing in common: pandas makes a row of NaN and text one of
    texts, though its NaN may be a number of a column of numbers."""
    kind = data.dtype
    # Of pandas' NA nothing may be asked, not even whether it is itself.
    text = isinstance(kind, sys.modules["pandas"].StringDtype) and type(kind.na_value) is float
    if text or (kind.kind == "O" and type(kind).__module__.startswith("numpy")):
        found: list[Any] = data.tolist()
        return found
    return cells_of(data)


def _labels(index: Any) -> tuple[str, ...] | None:
    if index.dtype.kind in "biufMm":
        return None  # no need to look at a million of them
    labels = names_of(list(index), "the labels of the Series")
    # Of two labels that are equal one would overwrite the other's cell: then order counts.
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
    """Of a column of objects NaN is what pandas has for missing, whatever the others are; unless
    these are numbers, which it can be one of."""
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
