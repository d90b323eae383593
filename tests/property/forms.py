"""The forms in which a table comes to collect(), of every package that users have one from.

A form makes of a logical table what a user would give, or None where it cannot hold it: where the
package itself rounds, or has no such type. What a form cannot hold is said beside it.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import types
from collections.abc import Callable, Iterable
from datetime import datetime
from random import Random
from typing import Any, Final

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pydantic

from .tables import Table, nanoseconds_of

__all__ = ["FORMS", "POSITIONAL"]

Form = Callable[[Table, Random], Any]
FORMS: Final[dict[str, Form]] = {}
# Those without names: order counts.
POSITIONAL: Final[set[str]] = set()


def form(*, positional: bool = False) -> Callable[[Form], Form]:
    """Register a form under its own name."""

    def register(make: Form) -> Form:
        name = make.__name__.strip("_").replace("_", " ")
        assert name not in FORMS
        FORMS[name] = make
        if positional:
            POSITIONAL.add(name)
        return make

    return register


def shuffled(names: Iterable[str], random: Random) -> list[str]:
    """The names in another order: they decide, and not their places."""
    found = list(names)
    random.shuffle(found)
    return found


# Python -------------------------------------------------------------------------------------------


@form(positional=True)
def lists(table: Table, random: Random) -> Any:
    return table.cells()


@form(positional=True)
def tuples(table: Table, random: Random) -> Any:
    return tuple(tuple(row) for row in table.cells())


@form(positional=True)
def lists_and_tuples(table: Table, random: Random) -> Any:
    return [random.choice((list, tuple))(row) for row in table.cells()]


def _dicts(table: Table, random: Random) -> list[dict[str, Any]]:
    order = shuffled(table.names, random)
    rows = []
    for row in table.cells():
        cells = dict(zip(table.names, row, strict=True))
        rows.append({name: cells[name] for name in order})
    return rows


@form()
def dicts(table: Table, random: Random) -> Any:
    return _dicts(table, random)


@form()
def dicts_without_what_is_missing(table: Table, random: Random) -> Any:
    first, *others = _dicts(table, random)
    return [first, *({n: c for n, c in row.items() if c is not None} for row in others)]


@form()
def mappings(table: Table, random: Random) -> Any:
    wraps: list[Any] = [
        collections.OrderedDict,
        collections.ChainMap,
        types.MappingProxyType,
        lambda row: collections.defaultdict(int, row),
        collections.UserDict,
    ]
    return [random.choice(wraps)(row) for row in _dicts(table, random)]


class Word(enum.StrEnum):
    """Names as an application may have them."""

    B, A, CD, AE, XY, ID = "b", "a", "c d", "Ä", "x,y", "id"


class QuotedName(str):
    """As sqlalchemy's quoted_name."""

    __slots__ = ()


LABELS: Final[list[Callable[[str], Any]]] = [str, np.str_, Word, QuotedName]


@form()
def dicts_under_any_class_of_text(table: Table, random: Random) -> Any:
    return [
        {random.choice(LABELS)(name): cell for name, cell in row.items()}
        for row in _dicts(table, random)
    ]


def _identifiers(table: Table) -> bool:
    return all(name.isidentifier() for name in table.names)


@form()
def named_tuples(table: Table, random: Random) -> Any:
    if not _identifiers(table):
        return None
    made: Any = collections.namedtuple("made", shuffled(table.names, random))  # type: ignore[misc]
    return [made(**row) for row in _dicts(table, random)]


@form()
def dataclass_objects(table: Table, random: Random) -> Any:
    if not _identifiers(table):
        return None
    made = dataclasses.make_dataclass("made", shuffled(table.names, random))
    return [made(**row) for row in _dicts(table, random)]


@form()
def attrs_objects(table: Table, random: Random) -> Any:
    if not _identifiers(table):
        return None
    made = attrs.make_class("made", shuffled(table.names, random))
    return [made(**row) for row in _dicts(table, random)]


@form()
def msgspec_objects(table: Table, random: Random) -> Any:
    """By their protocol."""
    if not _identifiers(table):
        return None

    class Struct:
        __struct_fields__ = tuple(shuffled(table.names, random))

        def __init__(self, **fields: Any) -> None:
            vars(self).update(fields)

    return [Struct(**row) for row in _dicts(table, random)]


@form()
def pydantic_objects(table: Table, random: Random) -> Any:
    if not _identifiers(table):
        return None
    fields: Any = dict.fromkeys(shuffled(table.names, random), (Any, None))
    made = pydantic.create_model("made", **fields)
    return [made(**row) for row in _dicts(table, random)]


@form()
def records_of_several_classes(table: Table, random: Random) -> Any:
    if not _identifiers(table):
        return None
    made = dataclasses.make_dataclass("made", shuffled(table.names, random))
    return [random.choice((made, dict))(**row) for row in _dicts(table, random)]


# numpy --------------------------------------------------------------------------------------------

PLAIN: Final = {"float": "f8", "single": "f4", "half": "f2", "int": "i8", "uint": "u8", "bool": "?"}


def _array(table: Table) -> Any:
    kinds = {kind.name for kind, _ in table.columns.values()}
    if len(kinds) != 1 or not kinds <= PLAIN.keys() or table.missing():
        return None
    return np.array(table.cells(), dtype=PLAIN[kinds.pop()])


@form(positional=True)
def array(table: Table, random: Random) -> Any:
    return _array(table)


@form(positional=True)
def array_of_another_layout(table: Table, random: Random) -> Any:
    """Fortran's order, the other byte order, every second row."""
    found = _array(table)
    if found is None:
        return None
    found = np.repeat(found, 2, axis=0)[::2]
    return np.asfortranarray(found.astype(found.dtype.newbyteorder()))


@form(positional=True)
def array_rows(table: Table, random: Random) -> Any:
    found = _array(table)
    return None if found is None else list(found)


@form(positional=True)
def array_subclass(table: Table, random: Random) -> Any:
    found = _array(table)
    return None if found is None else np.asmatrix(found) if found.ndim == 2 else found


def _objects(table: Table) -> Any:
    found = np.empty((table.rows, len(table.names)), dtype=object)
    for at, row in enumerate(table.cells()):
        for place, cell in enumerate(row):
            found[at, place] = cell
    return found


@form(positional=True)
def array_of_objects(table: Table, random: Random) -> Any:
    return _objects(table)


@form(positional=True)
def object_rows(table: Table, random: Random) -> Any:
    return list(_objects(table))


@form(positional=True)
def masked_array(table: Table, random: Random) -> Any:
    """What is masked is missing, whatever lies beneath."""
    kinds = {kind.name for kind, _ in table.columns.values()}
    if len(kinds) != 1 or not kinds <= PLAIN.keys():
        return None
    cells = [[0 if cell is None else cell for cell in row] for row in table.cells()]
    mask = [[cell is None for cell in row] for row in table.cells()]
    return np.ma.masked_array(np.array(cells, dtype=PLAIN[kinds.pop()]), mask=mask)


class Tensor:
    """As torch's: its numbers are shown when it is detached, and not on another device."""

    device = "cpu"

    def __init__(self, data: Any, *, detached: bool = False) -> None:
        self.data = data
        self.detached = detached
        self.shape = data.shape
        self.dtype = f"torch.{data.dtype}"
        self.ndim = data.ndim

    def detach(self) -> Tensor:
        return Tensor(self.data, detached=True)

    def __len__(self) -> int:
        return len(self.data)

    def __array__(self, dtype: object = None, copy: object = None) -> Any:
        assert self.detached
        return self.data


class Jax:
    """As jax's arrays: no method of numpy's, and a device that is an object."""

    class Device:
        def __str__(self) -> str:
            return "TFRT_CPU_0"

    def __init__(self, data: Any) -> None:
        self._data = data
        self.shape = data.shape
        self.dtype = data.dtype
        self.ndim = data.ndim
        self.device = Jax.Device()

    def __len__(self) -> int:
        return len(self._data)

    def __array__(self, dtype: object = None, copy: object = None) -> Any:
        return self._data

    def __float__(self) -> float:
        return float(self._data)


@form(positional=True)
def tensor(table: Table, random: Random) -> Any:
    found = _array(table)
    return None if found is None else Tensor(found)


@form(positional=True)
def tensor_rows(table: Table, random: Random) -> Any:
    found = _array(table)
    return None if found is None else [Tensor(row) for row in found]


@form(positional=True)
def jax_array(table: Table, random: Random) -> Any:
    found = _array(table)
    return None if found is None else Jax(found)


@form(positional=True)
def jax_rows(table: Table, random: Random) -> Any:
    found = _array(table)
    return None if found is None else [Jax(row) for row in found]


FIELDS: Final = {**PLAIN, "day": "M8[D]", "moment": "M8[us]", "nanos": "M8[ns]"}


def _structured(table: Table, random: Random) -> Any:
    order = shuffled(table.names, random)
    dtype = []
    for name in order:
        kind, values = table.columns[name]
        code = FIELDS.get(kind.name, "O")
        if None in values and code[0] != "M":
            code = "O"
        dtype.append((name, code))
    found = np.empty(table.rows, dtype=dtype)
    for at, row in enumerate(_dicts(table, random)):
        for name in order:
            cell = row[name]
            code = dict(dtype)[name]
            found[at][name] = (
                np.datetime64("NaT", "ns") if cell is None and code[0] == "M" else cell
            )
    return found


@form()
def structured_array(table: Table, random: Random) -> Any:
    return _structured(table, random)


@form()
def structured_rows(table: Table, random: Random) -> Any:
    return list(_structured(table, random))


@form()
def record_array(table: Table, random: Random) -> Any:
    return _structured(table, random).view(np.recarray)


@form()
def record_rows(table: Table, random: Random) -> Any:
    return list(_structured(table, random).view(np.recarray))


@form()
def list_of_structured_arrays(table: Table, random: Random) -> Any:
    found = _structured(table, random)
    return [found[:1], found[1:]] if table.rows > 1 else [found]


@form()
def masked_records(table: Table, random: Random) -> Any:
    if not all(kind.name in PLAIN for kind, _ in table.columns.values()):
        return None
    order = shuffled(table.names, random)
    dtype = [(name, PLAIN[table.columns[name][0].name]) for name in order]
    rows = _dicts(table, random)
    return np.ma.masked_array(
        np.array(
            [tuple(row[n] if row[n] is not None else 0 for n in order) for row in rows], dtype
        ),
        mask=[tuple(row[name] is None for name in order) for row in rows],
    )


# pandas -------------------------------------------------------------------------------------------

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


def _arrow_column(kind: Any, values: tuple[Any, ...]) -> Any:
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


def _frame(columns: dict[str, Any], random: Random) -> Any:
    """A frame whose index is of texts now and then: it is never a name, and never recorded."""
    if any(column is None for column in columns.values()):
        return None
    frame = pd.DataFrame({name: columns[name] for name in shuffled(columns, random)})
    if random.random() < 0.5:
        frame.index = pd.Index([f"customer {n}" for n in range(len(frame))])
    return frame


def _numpy_frame(table: Table, random: Random) -> Any:
    return _frame({n: _numpy_series(*column) for n, column in table.columns.items()}, random)


@form()
def pandas_frame(table: Table, random: Random) -> Any:
    return _numpy_frame(table, random)


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
    return _frame(columns, random)


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
    return _frame(columns, random)


@form()
def pandas_frame_of_arrow(table: Table, random: Random) -> Any:
    columns = {}
    for name, column in table.columns.items():
        found = _arrow_column(*column)
        columns[name] = None if found is None else pd.Series(pd.arrays.ArrowExtensionArray(found))
    return _frame(columns, random)


@form()
def pandas_frame_under_any_class_of_text(table: Table, random: Random) -> Any:
    frame = _numpy_frame(table, random)
    if frame is None:
        return None
    labels = [random.choice(LABELS)(name) for name in frame.columns]
    frame.columns = pd.Index(labels, dtype=object)
    return frame


class MyFrame(pd.DataFrame):  # type: ignore[misc]
    """A subclass, as geopandas has one."""


@form()
def pandas_subclass(table: Table, random: Random) -> Any:
    frame = _numpy_frame(table, random)
    return None if frame is None else MyFrame(frame)


@form()
def pandas_frames(table: Table, random: Random) -> Any:
    frame = _numpy_frame(table, random)
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
def _row_frame(table: Table, random: Random) -> Any:
    if table.has("single", "half", "vector", "struct"):
        return None
    kinds = {kind.name for kind, _ in table.columns.values()}
    if len(kinds & {"float", "int", "uint", "bool"}) > 1 and not kinds - set(PLAIN):
        return None  # one dtype for the row: integers would become floats
    if table.missing("int", "uint", "float", "bool"):
        return None
    frame = _numpy_frame(table, random)
    if frame is None or not kinds <= {*PLAIN, "text", "category", "nanos", "moment", "day", "uuid",
                                      "decimal", "huge", "bytes", "enum"}:  # fmt: skip
        return None
    return frame.reset_index(drop=True)


@form()
def pandas_rows(table: Table, random: Random) -> Any:
    frame = _row_frame(table, random)
    return None if frame is None else [row for _, row in frame.iterrows()]


@form()
def pandas_tuples(table: Table, random: Random) -> Any:
    frame = _row_frame(table, random) if _identifiers(table) else None
    return None if frame is None else list(frame.itertuples(index=False))


@form()
def pandas_records(table: Table, random: Random) -> Any:
    frame = _row_frame(table, random)
    return None if frame is None else frame.to_dict("records")


@form()
def pandas_record_array(table: Table, random: Random) -> Any:
    if table.missing("float", "single", "int", "uint", "bool", "half") or table.has(
        "aware", "aware nanos"
    ):
        return None
    frame = _numpy_frame(table, random)
    return None if frame is None else frame.to_records(index=False)


@form(positional=True)
def pandas_values(table: Table, random: Random) -> Any:
    frame = _row_frame(table, random)
    return None if frame is None else frame[list(table.names)].to_numpy(dtype=object)


@form(positional=True)
def pandas_value_lists(table: Table, random: Random) -> Any:
    frame = _row_frame(table, random)
    return None if frame is None else frame[list(table.names)].to_numpy(dtype=object).tolist()


def _one(table: Table) -> Any:
    if len(table.names) != 1:
        return None
    ((_, column),) = table.columns.items()
    return column


@form(positional=True)
def pandas_series(table: Table, random: Random) -> Any:
    """One column; its labels are customers."""
    column = _one(table)
    found = None if column is None else _numpy_series(*column)
    if found is None:
        return None
    if random.random() < 0.7:
        found.index = pd.Index([f"customer {n}" for n in range(table.rows)])
    return found


@form(positional=True)
def pandas_extension_array(table: Table, random: Random) -> Any:
    column = _one(table)
    found = None if column is None else _numpy_series(*column)
    return None if found is None or isinstance(found.dtype, np.dtype) else found.array


# polars -------------------------------------------------------------------------------------------

POLARS: Final[dict[str, Any]] = {
    "float": pl.Float64,
    "single": pl.Float32,
    "half": pl.Float16,
    "int": pl.Int64,
    "uint": pl.UInt64,
    "huge": pl.Int128,
    "bool": pl.Boolean,
    "text": pl.String,
    "category": pl.Categorical,
    "bytes": pl.Binary,
    "decimal": pl.Decimal(12, 2),
    "day": pl.Date,
    "moment": pl.Datetime("us"),
    "aware": pl.Datetime("us", "Europe/Berlin"),
    "vector": pl.List(pl.Float32),
    "struct": pl.Struct({"x": pl.Float32, "t": pl.String}),
    "uuid": pl.Object,
    "enum": pl.Object,
}


def _polars_series(name: str, kind: Any, values: tuple[Any, ...]) -> Any:
    if "nanos" in kind.name:
        ticks = [None if value is None else nanoseconds_of(value) for value in values]
        zone = "Europe/Berlin" if kind.name == "aware nanos" else None
        return pl.Series(name, ticks, dtype=pl.Int64).cast(pl.Datetime("ns", zone))
    cells = list(values)
    if kind.name == "enum":
        cells = [None if value is None else kind.cell(value) for value in values]
    if kind.name == "aware":
        cells = [None if v is None else datetime.astimezone(v, kind.cell(v).tzinfo) for v in values]
    return pl.Series(name, cells, dtype=POLARS[kind.name])


def _polars_frame(table: Table, random: Random) -> Any:
    if table.missing("enum"):
        return None  # polars cannot make such a column
    return pl.DataFrame(
        [_polars_series(name, *table.columns[name]) for name in shuffled(table.names, random)]
    )


@form()
def polars_frame(table: Table, random: Random) -> Any:
    return _polars_frame(table, random)


@form()
def polars_frames(table: Table, random: Random) -> Any:
    frame = _polars_frame(table, random)
    return None if frame is None else list(frame.iter_slices(1))


@form()
def polars_enum(table: Table, random: Random) -> Any:
    if not table.has("category"):
        return None
    frame = _polars_frame(table, random)
    if frame is None:
        return None
    words = pl.Enum(["gold", "silver", "NA", ""])
    return frame.cast({n: words for n, (k, _) in table.columns.items() if k.name == "category"})


@form(positional=True)
def polars_series(table: Table, random: Random) -> Any:
    column = None if table.missing("enum") else _one(table)
    return None if column is None else _polars_series(random.choice(("", "p")), *column)


# Arrow --------------------------------------------------------------------------------------------


def _arrow_table(table: Table, random: Random) -> Any:
    columns = {n: _arrow_column(*table.columns[n]) for n in shuffled(table.names, random)}
    return None if any(c is None for c in columns.values()) else pa.table(columns)


@form()
def arrow_table(table: Table, random: Random) -> Any:
    return _arrow_table(table, random)


@form()
def arrow_chunks(table: Table, random: Random) -> Any:
    found = _arrow_table(table, random)
    return None if found is None else pa.concat_tables([found[:1], found[1:]])


@form()
def arrow_batch(table: Table, random: Random) -> Any:
    found = _arrow_table(table, random)
    return None if found is None else found.combine_chunks().to_batches()[0]


@form()
def arrow_batches(table: Table, random: Random) -> Any:
    found = _arrow_table(table, random)
    return None if found is None else found.to_batches(max_chunksize=2)


@form()
def arrow_dictionaries(table: Table, random: Random) -> Any:
    found = _arrow_table(table, random) if table.has("category", "text", "single") else None
    if found is None:
        return None
    for place, name in enumerate(found.column_names):
        if table.columns[name][0].name in ("category", "text", "single"):
            found = found.set_column(place, name, found.column(place).dictionary_encode())
    return found


@form()
def arrow_of_large_and_view_types(table: Table, random: Random) -> Any:
    found = _arrow_table(table, random) if table.has("text", "bytes", "vector") else None
    if found is None:
        return None
    other = {
        "text": random.choice((pa.large_string(), pa.string_view())),
        "bytes": random.choice((pa.large_binary(), pa.binary_view())),
        "vector": pa.large_list(pa.float32()),
    }
    for place, name in enumerate(found.column_names):
        kind = table.columns[name][0].name
        if kind in other:
            found = found.set_column(place, name, found.column(place).cast(other[kind]))
    return found


class Speaks:
    """A table of a package that nobody knows, which speaks Arrow's C interface."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


@form()
def arrow_stream(table: Table, random: Random) -> Any:
    found = _arrow_table(table, random)
    return None if found is None else Speaks(found)


@form(positional=True)
def arrow_array(table: Table, random: Random) -> Any:
    column = _one(table)
    return None if column is None else _arrow_column(*column)


@form(positional=True)
def arrow_chunked_array(table: Table, random: Random) -> Any:
    column = _one(table)
    found = None if column is None else _arrow_column(*column)
    return None if found is None else pa.chunked_array([found[:1], found[1:]])


@form(positional=True)
def arrow_scalars(table: Table, random: Random) -> Any:
    columns = [_arrow_column(*column) for column in table.columns.values()]
    if any(column is None for column in columns):
        return None
    return [list(row) for row in zip(*columns, strict=True)]
