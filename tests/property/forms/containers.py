"""More forms of a table: rows within what is no list, of dtypes that know missing cells, under
labels that are bytes.

They stand beside py, which has the others, and count among FORMS once this is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from ..tables import Table
from .arrow_forms import arrow_of
from .numpy_forms import structured
from .pandas_forms import ARROW, arrow_column, frame_of, numpy_frame, row_frame
from .polars_forms import POLARS, polars_of
from .python_forms import named_rows
from .registry import FORMS, form, shuffled

__all__ = ["CONTAINERS"]


def object_array(cells: Sequence[Any]) -> Any:
    """An array of one dimension of objects, whatever these are."""
    found = np.empty(len(cells), dtype=object)
    for at, cell in enumerate(cells):
        found[at] = cell
    return found


def _wide(table: Table) -> bool:
    """With one column a container of cells is the column, whatever they are."""
    return len(table.names) > 1


def _customers(rows: int, random: Random) -> Any:
    """An index of a Series: of numbers, or of texts, which are no names of columns."""
    return random.choice((pd.RangeIndex(rows), pd.Index([f"customer {n}" for n in range(rows)])))


# Records ------------------------------------------------------------------------------------------


@form()
def array_of_dicts(table: Table, random: Random) -> Any:
    return object_array(named_rows(table, random)) if _wide(table) else None


@form()
def array_of_records(table: Table, random: Random) -> Any:
    """numpy's, one by one."""
    return object_array(list(structured(table, random))) if _wide(table) else None


@form()
def structured_array_of_two_dimensions(table: Table, random: Random) -> Any:
    found = structured(table, random)
    return found.reshape(random.choice(((1, -1), (-1, 1))))


@form()
def list_of_structured_arrays_of_two_dimensions(table: Table, random: Random) -> Any:
    return [structured(table, random).reshape(1, -1)]


@form()
def masked_records_of_two_dimensions(table: Table, random: Random) -> Any:
    found = FORMS["masked records"](table, random)
    return None if found is None else found.reshape(1, -1)


@form()
def pandas_series_of_dicts(table: Table, random: Random) -> Any:
    """As ``frame.apply(..., axis=1)`` gives it: the index is of customers now and then."""
    if not _wide(table):
        return None
    rows = object_array(named_rows(table, random))
    return pd.Series(rows, index=_customers(len(rows), random))


@form()
def pandas_series_of_structs(table: Table, random: Random) -> Any:
    found = arrow_of(table, random) if _wide(table) else None
    if found is None:
        return None
    structs = found.to_struct_array()
    index = _customers(table.rows, random)
    return pd.Series(pd.arrays.ArrowExtensionArray(structs), index=index)


@form()
def polars_series_of_structs(table: Table, random: Random) -> Any:
    frame = polars_of(table, random) if _wide(table) else None
    if frame is None or pl.Object in frame.dtypes:
        return None  # polars has no struct with these
    return frame.to_struct("s")


@form()
def arrow_structs(table: Table, random: Random) -> Any:
    found = arrow_of(table, random) if _wide(table) else None
    if found is None:
        return None
    structs = found.to_struct_array()
    return structs if random.random() < 0.5 else structs.combine_chunks()


@form()
def arrow_maps(table: Table, random: Random) -> Any:
    kinds = {kind.name for kind, _ in table.columns.values()}
    if not _wide(table) or len(kinds) != 1 or not kinds <= {"float", "single", "int", "text"}:
        return None
    order = shuffled(table.names, random)
    places = {name: place for place, name in enumerate(table.names)}
    rows = [[(name, row[places[name]]) for name in order] for row in table.values()]
    return pa.array(rows, pa.map_(pa.string(), ARROW[kinds.pop()]))


@form()
def pandas_multi_index(table: Table, random: Random) -> Any:
    """What groupby() has for its keys."""
    if table.missing() or not _wide(table) or table.has("half", "vector", "struct"):
        return None  # pandas has no such index
    frame = numpy_frame(table, random)
    return None if frame is None else pd.MultiIndex.from_frame(frame)


# Rows by their order ------------------------------------------------------------------------------


@form(positional=True)
def array_of_lists(table: Table, random: Random) -> Any:
    rows = [random.choice((list, tuple))(row) for row in table.cells()]
    return object_array(rows) if _wide(table) else None


@form(positional=True)
def pandas_series_of_lists(table: Table, random: Random) -> Any:
    if not _wide(table):
        return None
    return pd.Series(object_array(table.cells()), index=_customers(table.rows, random))


@form(positional=True)
def polars_series_of_lists(table: Table, random: Random) -> Any:
    names = {kind.name for kind, _ in table.columns.values()}
    if not _wide(table) or len(names) != 1:
        return None
    (name,) = names
    inner = POLARS[name]
    if inner == pl.Object or name in ("category", "huge", "nanos", "aware nanos", "aware"):
        return None
    rows = [list(row) for row in table.values()]
    kind = random.choice((pl.List(inner), pl.Array(inner, len(table.names))))
    return pl.Series("s", rows, dtype=kind)


@form(positional=True)
def arrow_lists(table: Table, random: Random) -> Any:
    names = {kind.name for kind, _ in table.columns.values()}
    if not _wide(table) or len(names) != 1 or not names <= {"float", "single", "int", "text"}:
        return None
    inner = ARROW[names.pop()]
    rows = [list(row) for row in table.values()]
    makes: tuple[Any, ...] = (
        pa.list_(inner),
        pa.large_list(inner),
        pa.list_(inner, len(table.names)),
    )
    return pa.array(rows, random.choice(makes))


class MyList(list):  # type: ignore[type-arg]
    """As an ORM has one."""


class MyTuple(tuple):  # type: ignore[type-arg]
    """A tuple with methods, and no names."""

    __slots__ = ()


@form(positional=True)
def subclasses_of_lists(table: Table, random: Random) -> Any:
    makes: list[Callable[[Any], Any]] = [MyList, MyTuple, list]
    return MyList(random.choice(makes)(row) for row in table.cells())


@form(positional=True)
def rows_of_subclasses_of_lists(table: Table, random: Random) -> Any:
    return [random.choice((MyList, MyTuple))(row) for row in table.cells()]


# Dtypes that know missing cells -------------------------------------------------------------------

_NULLABLE: Final = {
    "float": "Float64",
    "single": "Float32",
    "int": "Int64",
    "uint": "UInt64",
    "bool": "boolean",
}


def _nullable_series(kind: Any, values: tuple[Any, ...], *, arrow: bool, text: str) -> Any:
    """None where pandas has no such dtype, or takes NaN for missing."""
    if arrow:
        found = arrow_column(kind, values)
        return None if found is None else pd.Series(pd.arrays.ArrowExtensionArray(found))
    if kind.name in ("text", "category"):
        return pd.Series(list(values), dtype=text)
    if kind.name not in _NULLABLE or any(value != value for value in values if value is not None):
        return None
    return pd.Series(list(values), dtype=_NULLABLE[kind.name])


def _nullable_frame(table: Table, random: Random) -> Any:
    """All columns of one dtype, so that a row has it, too."""
    if len({kind.name for kind, _ in table.columns.values()}) != 1:
        return None
    arrow = random.random() < 0.5
    # What pandas calls "str" has NaN for a missing text, and a row of it may hold a number's.
    text = random.choice(("string[python]", "string[pyarrow]", "category"))
    if text == "category" and len(table.names) > 1:
        text = "string"  # a row has categories where all columns have the same ones
    return frame_of(
        {
            name: _nullable_series(*column, arrow=arrow, text=text)
            for name, column in table.columns.items()
        },
        random,
    )


def _has_nan(table: Table) -> bool:
    """Of a row pandas makes it NA."""
    return any(cell != cell for row in table.values() for cell in row)


@form()
def pandas_nullable_frame(table: Table, random: Random) -> Any:
    return _nullable_frame(table, random)


@form()
def pandas_nullable_rows(table: Table, random: Random) -> Any:
    """One of them may be called as nobody is: by a missing label of its frame's index."""
    frame = _nullable_frame(table, random) if _wide(table) and not _has_nan(table) else None
    if frame is None:
        return None
    labels = [random.choice((n, pd.NA)) for n in range(len(frame))]
    frame.index = pd.Index(labels, dtype="Int64")
    return [frame.iloc[at] for at in range(len(frame))]


@form(positional=True)
def pandas_nullable_array_rows(table: Table, random: Random) -> Any:
    frame = _nullable_frame(table, random) if _wide(table) and not _has_nan(table) else None
    if frame is None:
        return None
    frame = frame[list(table.names)]
    return [frame.iloc[at].array for at in range(len(frame))]


# Labels that are bytes ----------------------------------------------------------------------------


def _as_bytes(name: str) -> Any:
    return name.encode()


def _as_numpy_bytes(name: str) -> Any:
    return np.bytes_(name.encode())


_BYTES: Final[list[Callable[[str], Any]]] = [_as_bytes, _as_numpy_bytes, str]


@form()
def dicts_under_bytes(table: Table, random: Random) -> Any:
    """As redis' hgetall() gives them."""
    return [
        {random.choice(_BYTES)(name): cell for name, cell in row.items()}
        for row in named_rows(table, random)
    ]


@form()
def pandas_frame_under_bytes(table: Table, random: Random) -> Any:
    """As h5py and numpy's S arrays have names."""
    frame = numpy_frame(table, random)
    if frame is None:
        return None
    labels = [random.choice(_BYTES)(name) for name in frame.columns]
    frame.columns = pd.Index(labels, dtype=object)
    return frame


@form()
def pandas_rows_under_bytes(table: Table, random: Random) -> Any:
    frame = row_frame(table, random) if _wide(table) else None
    if frame is None:
        return None
    frame.columns = pd.Index([_as_bytes(name) for name in frame.columns], dtype=object)
    return [row for _, row in frame.iterrows()]


CONTAINERS: Final = frozenset(name for name, make in FORMS.items() if make.__module__ == __name__)
