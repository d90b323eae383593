"""Forms of pandas: frames, rows, series and records."""

from __future__ import annotations

from random import Random
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]

from ..tables import Table, nanoseconds_of
from .numpy_forms import PLAIN
from .python_forms import LABELS, are_identifiers
from .registry import form, shuffled

ARROW: Final[dict[str, Any]] = {
    "float": pa.float64(),
    "single": pa.float32(),
    "half": pa.float16(),
    "int": pa.int64(),
    "uint": pa.uint64(),
    "bool": pa.bool_(),
    "text": pa.string(),
    "category": pa.string(),
    "bytes": pa.binary(),
    "decimal": pa.decimal128(12, 2),
    "day": pa.date32(),
    "moment": pa.timestamp("us"),
    "aware": pa.timestamp("us", "Europe/Berlin"),
    "nanos": pa.timestamp("ns"),
    "aware nanos": pa.timestamp("ns", "Europe/Berlin"),
    "vector": pa.list_(pa.float32()),
    "struct": pa.struct([("x", pa.float32()), ("t", pa.string())]),
}


def arrow_column(kind: Any, values: tuple[Any, ...]) -> Any:
    """None where Arrow has no such type."""
    if kind.name not in ARROW:
        return None
    if "nanos" in kind.name:
        ticks = [None if value is None else nanoseconds_of(value) for value in values]
        return pa.array(ticks, pa.int64()).cast(ARROW[kind.name])
    if kind.name == "half":
        return pa.array([None if v is None else np.float16(v) for v in values], pa.float16())
    return pa.array(list(values), ARROW[kind.name])


def _numpy_series(kind: Any, values: tuple[Any, ...]) -> Any:
    """A column of pandas as read_csv and the like give it; None where pandas would round."""
    name, gone = kind.name, None in values
    cells = [None if value is None else kind.cell(value) for value in values]
    if name in PLAIN and not gone:
        return pd.Series(cells, dtype=PLAIN[name])
    if name in PLAIN:
        nullable = {"float": "Float64", "single": "Float32", "int": "Int64", "uint": "UInt64"}
        nullable["bool"] = "boolean"
        if name not in nullable or any(cell != cell for cell in cells if cell is not None):
            return None  # pandas takes NaN for missing there
        return pd.Series(cells, dtype=nullable[name])
    if name in ("moment", "nanos"):
        unit = "us" if name == "moment" else "ns"
        return pd.Series(np.array([np.datetime64("NaT", "ns") if c is None else c for c in cells],
                                  dtype=f"M8[{unit}]"))  # fmt: skip
    if name == "aware":
        return pd.Series(cells, dtype="datetime64[us, Europe/Berlin]")
    if name == "aware nanos":
        ticks = [pd.NaT if value is None else nanoseconds_of(value) for value in values]
        return pd.Series(pd.to_datetime(ticks, utc=True)).dt.tz_convert("Europe/Berlin")
    if name in ("text", "category"):
        return pd.Series(cells, dtype="str" if name == "text" else "category")
    return _object_series(cells)


def _object_series(cells: list[Any]) -> Any:
    found = np.empty(len(cells), dtype=object)
    for at, cell in enumerate(cells):
        found[at] = cell
    return pd.Series(found)


def frame_of(columns: dict[str, Any], random: Random) -> Any:
    """A frame whose index is of texts now and then: it is never a name, and never recorded."""
    if any(column is None for column in columns.values()):
        return None
    frame = pd.DataFrame({name: columns[name] for name in shuffled(columns, random)})
    if random.random() < 0.5:
        frame.index = pd.Index([f"customer {n}" for n in range(len(frame))])
    return frame


def numpy_frame(table: Table, random: Random) -> Any:
    return frame_of({n: _numpy_series(*column) for n, column in table.columns.items()}, random)


@form()
def pandas_frame(table: Table, random: Random) -> Any:
    return numpy_frame(table, random)


@form()
def pandas_frame_of_objects(table: Table, random: Random) -> Any:
    """As read_csv of pandas 2 has texts: NaN is what is missing."""
    columns = {}
    for name, (kind, values) in table.columns.items():
        if kind.told is float and not any(value == value for value in values if value is not None):
            return None  # of objects that are NaN alone nobody knows that they are numbers
        gone: Any = None
        if kind.told not in (float, int):  # of these NaN is one
            gone = random.choice((None, float("nan"), pd.NA))
        columns[name] = _object_series([gone if v is None else kind.cell(v) for v in values])
    return frame_of(columns, random)


@form()
def pandas_frame_of_strings(table: Table, random: Random) -> Any:
    if not table.has("text", "category"):
        return None
    columns = {}
    for name, column in table.columns.items():
        found = _numpy_series(*column)
        if found is not None and column[0].name in ("text", "category"):
            dtype = random.choice(("string", "str", "category", "string[pyarrow]", object))
            found = pd.Series(list(column[1]), dtype=dtype)
        columns[name] = found
    return frame_of(columns, random)


@form()
def pandas_frame_of_arrow(table: Table, random: Random) -> Any:
    columns = {}
    for name, column in table.columns.items():
        found = arrow_column(*column)
        columns[name] = None if found is None else pd.Series(pd.arrays.ArrowExtensionArray(found))
    return frame_of(columns, random)


@form()
def pandas_frame_under_any_class_of_text(table: Table, random: Random) -> Any:
    frame = numpy_frame(table, random)
    if frame is None:
        return None
    labels = [random.choice(LABELS)(name) for name in frame.columns]
    frame.columns = pd.Index(labels, dtype=object)
    return frame


class MyFrame(pd.DataFrame):  # type: ignore[misc]
    """A subclass, as geopandas has one."""


@form()
def pandas_subclass(table: Table, random: Random) -> Any:
    frame = numpy_frame(table, random)
    return None if frame is None else MyFrame(frame)


@form()
def pandas_frames(table: Table, random: Random) -> Any:
    frame = numpy_frame(table, random)
    if frame is None:
        return None
    return [frame.iloc[at : at + 1][shuffled(frame.columns, random)] for at in range(len(frame))]


@form()
def pandas_sparse(table: Table, random: Random) -> Any:
    if not table.has("float") or len(table.names) != 1 or table.missing():
        return None
    ((name, (_, values)),) = table.columns.items()
    return pd.DataFrame({name: pd.arrays.SparseArray(list(values))})


# A row of a frame, and what to_dict() gives, have numbers of one width alone: pandas widens them.
def row_frame(table: Table, random: Random) -> Any:
    if table.has("single", "half", "vector", "struct"):
        return None
    kinds = {kind.name for kind, _ in table.columns.values()}
    if len(kinds & {"float", "int", "uint", "bool"}) > 1 and not kinds - set(PLAIN):
        return None  # one dtype for the row: integers would become floats
    if table.missing("int", "uint", "float", "bool"):
        return None
    frame = numpy_frame(table, random)
    if frame is None or not kinds <= {*PLAIN, "text", "category", "nanos", "moment", "day", "uuid",
                                      "decimal", "huge", "bytes", "enum"}:  # fmt: skip
        return None
    return frame.reset_index(drop=True)


@form()
def pandas_rows(table: Table, random: Random) -> Any:
    frame = row_frame(table, random)
    return None if frame is None else [row for _, row in frame.iterrows()]


@form()
def pandas_tuples(table: Table, random: Random) -> Any:
    frame = row_frame(table, random) if are_identifiers(table) else None
    return None if frame is None else list(frame.itertuples(index=False))


@form()
def pandas_records(table: Table, random: Random) -> Any:
    frame = row_frame(table, random)
    return None if frame is None else frame.to_dict("records")


@form()
def pandas_record_array(table: Table, random: Random) -> Any:
    if table.missing("float", "single", "int", "uint", "bool", "half") or table.has(
        "aware", "aware nanos"
    ):
        return None
    frame = numpy_frame(table, random)
    return None if frame is None else frame.to_records(index=False)


@form(positional=True)
def pandas_values(table: Table, random: Random) -> Any:
    frame = row_frame(table, random)
    return None if frame is None else frame[list(table.names)].to_numpy(dtype=object)


@form(positional=True)
def pandas_value_lists(table: Table, random: Random) -> Any:
    frame = row_frame(table, random)
    return None if frame is None else frame[list(table.names)].to_numpy(dtype=object).tolist()


def only_column(table: Table) -> Any:
    if len(table.names) != 1:
        return None
    ((_, column),) = table.columns.items()
    return column


@form(positional=True)
def pandas_series(table: Table, random: Random) -> Any:
    """One column; its labels are customers."""
    column = only_column(table)
    found = None if column is None else _numpy_series(*column)
    if found is None:
        return None
    if random.random() < 0.7:
        found.index = pd.Index([f"customer {n}" for n in range(table.rows)])
    return found


@form(positional=True)
def pandas_extension_array(table: Table, random: Random) -> Any:
    column = only_column(table)
    found = None if column is None else _numpy_series(*column)
    return None if found is None or isinstance(found.dtype, np.dtype) else found.array
