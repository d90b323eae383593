"""What other packages bring, type by type: what is kept of each, and what is said of the others.

The oracle is written by hand beside each value; the suite of forms (tests/property/test_forms.py)
has the usual types in all their forms.
"""

from __future__ import annotations

import dataclasses
import enum
import sqlite3
import struct
import subprocess
import sys
import warnings
from array import array
from collections import UserList, deque
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from ipaddress import IPv4Network
from random import Random
from typing import Any
from uuid import UUID

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from aiocollect import ConfigError, EncodeError, MemoryStore, Pipeline
from aiocollect._values.interop.exact import narrow
from aiocollect._values.shape import RowsOf, Shape
from aiocollect.encoders import MdcEncoder
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual
from aiocollect.typing import Format

with warnings.catch_warnings():
    # numpy 2.5 warns of moments without a unit; users have them all the same.
    warnings.simplefilter("ignore", DeprecationWarning)
    NO_UNIT = np.array(["NaT"], "M8")
    NEVER = np.datetime64("NaT")

NS = 1_769_903_998_123_456_789
TEXT = "2026-01-31T23:59:58.123456789"
NAN = float("nan")


def freeze(data: Any, names: tuple[str, ...] | None = ("a", "b"), **options: Any) -> list[Any]:
    shape = Shape("s", feature_names=names, **{"max_call_bytes": 1 << 22, **options})
    rows, _, _ = shape.freeze(data)
    return rows.tolist() if isinstance(rows, np.ndarray) else [list(row) for row in rows]


def column(data: Any) -> list[Any]:
    return [cell for (cell,) in freeze(data, ("p",))]


def same(found: Any, wanted: Any) -> bool:
    if type(found) is not type(wanted):
        return False
    if isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    return bool(found == wanted) or (found != found and wanted != wanted)


# Narrow floats ------------------------------------------------------------------------------------


def test_half_floats_have_their_own_digits() -> None:
    """All of them: the shortest text that is read back as the same one, as numpy writes it."""
    bits = np.arange(2**16, dtype="u2").view("f2")
    for half in bits[np.isfinite(bits)]:
        found = narrow(float(half), 16)
        assert np.float16(found) == half
        assert found == float(str(half))


def test_single_floats_have_their_own_digits() -> None:
    """Powers of two, the smallest, the largest, and ten thousand others."""
    random = Random(1)
    some = [random.getrandbits(32) for _ in range(10_000)]
    numbers = np.array(some, dtype="u4").view("f4").tolist()
    numbers += [sign * 2.0**power for power in range(-149, 128) for sign in (1, -1)]
    for number in numbers:
        found = narrow(number, 32)
        if number == number:
            assert struct.pack("<f", found) == struct.pack("<f", number)
            assert found == float(str(np.float32(number)))


# Types of columns ---------------------------------------------------------------------------------

TZ = timezone(timedelta(hours=1))
COLUMNS: list[tuple[Any, list[Any]]] = [
    # Arrow
    (pa.array([0.1, None], pa.float16()), [0.1, None]),
    (pa.chunked_array([[0.1], [None]], pa.float32()), [0.1, None]),
    (pa.array([[0.1, None], None], pa.list_(pa.float32())), [(0.1, None), None]),
    (pa.array([[0.1, 0.2]], pa.list_(pa.float16(), 2)), [(0.1, 0.2)]),
    (pa.array([[[0.1]]], pa.large_list(pa.list_(pa.float32()))), [((0.1,),)]),
    (pa.array([{"x": 0.1, "y": None}], pa.struct([("x", pa.float32()), ("y", pa.int8())])),
     [{"x": 0.1, "y": None}]),
    (pa.array([[("k", 0.1)]], pa.map_(pa.string(), pa.float32())), [(("k", 0.1),)]),
    (pa.array([0.1, None, 0.1], pa.float32()).dictionary_encode(), [0.1, None, 0.1]),
    (pa.RunEndEncodedArray.from_arrays([2, 3], pa.array([0.1, 0.5], pa.float32())),
     [0.1, 0.1, 0.5]),
    (pa.array([b"\0" * 15 + b"\7"], pa.uuid()), [UUID(int=7)]),
    (pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0], pa.int8())), [1, 0]),
    (pa.array([NS, None], pa.timestamp("ns")), [TEXT, None]),
    (pa.array([NS], pa.timestamp("ns", "+01:00")), ["2026-02-01T00:59:58.123456789+01:00"]),
    (pa.array([NS // 10**9], pa.timestamp("s", "-00:30")),
     [datetime(2026, 1, 31, 23, 29, 58, tzinfo=timezone(timedelta(minutes=-30)))]),
    (pa.array([[NS]], pa.list_(pa.timestamp("ns"))), [(TEXT,)]),
    (pa.array([date(2026, 1, 31), None], pa.date64()), [date(2026, 1, 31), None]),
    (pa.array([Decimal("1.10")], pa.decimal256(40, 2)), [Decimal("1.10")]),
    (pa.nulls(2), [None, None]),
    (pa.array([NAN, None]), [NAN, None]),
    # polars
    (pl.Series([0.1, None], dtype=pl.Float32), [0.1, None]),
    (pl.Series([0.1, None], dtype=pl.Float16), [0.1, None]),
    (pl.Series([[0.1], None], dtype=pl.List(pl.Float32)), [(0.1,), None]),
    (pl.Series([[0.1, 0.2]], dtype=pl.Array(pl.Float32, 2)), [(0.1, 0.2)]),
    (pl.Series([{"x": 0.1}, None], dtype=pl.Struct({"x": pl.Float32})), [{"x": 0.1}, None]),
    (pl.Series([NS, None]).cast(pl.Datetime("ns")), [TEXT, None]),
    (pl.Series([NS]).cast(pl.Datetime("ns", "Europe/Berlin")),
     ["2026-02-01T00:59:58.123456789+01:00"]),
    (pl.Series([NS // 1000]).cast(pl.Datetime("us", "Europe/Berlin")),
     [datetime(2026, 2, 1, 0, 59, 58, 123456, TZ)]),
    (pl.Series([[NS]]).cast(pl.List(pl.Datetime("ns"))), [(TEXT,)]),
    (pl.Series([date(1, 1, 1), date(9999, 12, 31)]), [date(1, 1, 1), date(9999, 12, 31)]),
    (pl.Series(["x", None], dtype=pl.Categorical), ["x", None]),
    (pl.Series(["x", None], dtype=pl.Enum(["y", "x"])), ["x", None]),
    (pl.Series([2**100, None], dtype=pl.Int128), [2**100, None]),
    (pl.Series([NAN, None]), [NAN, None]),
    # pandas
    (pd.Series([0.1, None], dtype="Float32"), [0.1, None]),
    (pd.Series([0.1, None], dtype="float[pyarrow]"), [0.1, None]),
    (pd.Series([0.1, NAN], dtype="float32"), [0.1, NAN]),
    (pd.Series([0.1, NAN], dtype="float16"), [0.1, NAN]),
    (pd.Series([1, None], dtype="category"), [1, None]),
    (pd.Series(np.array([0.1], "f4"), dtype="category"), [0.1]),
    (pd.Series([True, NAN, "x"], dtype=object), [True, None, "x"]),
    (pd.Series([True, NAN], dtype=object), [True, None]),
    (pd.Series([Decimal("1.10"), NAN], dtype=object), [Decimal("1.10"), None]),
    (pd.Series([1.5, NAN], dtype=object), [1.5, NAN]),
    (pd.Series([NAN, NAN], dtype=object), [None, None]),
    (pd.Series(["x", None], dtype="str"), ["x", None]),
    (pd.Series(["x", None], dtype="string"), ["x", None]),
    (pd.Series(pd.arrays.SparseArray([0.0, 1.5])), [0.0, 1.5]),
    (pd.Series(pd.to_datetime([NS, None])), [TEXT, None]),
    (pd.Series(pd.to_datetime([NS], utc=True)).dt.tz_convert("Europe/Berlin"),
     ["2026-02-01T00:59:58.123456789+01:00"]),
    (pd.Index(["x", None]), ["x", None]),
    (pd.RangeIndex(2), [0, 1]),
    (pd.array([0.1, None], dtype="Float32"), [0.1, None]),
    (pd.DatetimeIndex([NS]), [TEXT]),
    # numpy
    (np.array([0.1], "f2"), [0.1]),
    (np.array([0.1, None], dtype=object), [0.1, None]),
    (np.array(["x", NAN], dtype=object), ["x", None]),
    (np.array([1.5, NAN], dtype=object), [1.5, NAN]),
    (np.ma.masked_array([0.1, 7], mask=[False, True], dtype="f4"), [0.1, None]),
    (np.ma.masked_array([NS, 0], mask=[False, True]).astype("M8[ns]"), [TEXT, None]),
    (np.array(["2026-01", "NaT"], "M8[M]"), [date(2026, 1, 1), None]),
    (np.array(["2026"], "M8[Y]"), [date(2026, 1, 1)]),
    (np.array([1], "M8[W]"), [date(1970, 1, 8)]),
    (np.array([1], "M8[D]"), [date(1970, 1, 2)]),
    (np.array([5], "M8[h]"), [datetime(1970, 1, 1, 5)]),
    (np.array([5], "M8[m]"), [datetime(1970, 1, 1, 0, 5)]),
    (np.array([5], "M8[10s]"), [datetime(1970, 1, 1, 0, 0, 50)]),
    (np.array([5, -1], "M8[ms]"),
     [datetime(1970, 1, 1, 0, 0, 0, 5000), datetime(1969, 12, 31, 23, 59, 59, 999_000)]),
    (np.array([5], ">M8[us]"), [datetime(1970, 1, 1, 0, 0, 0, 5)]),
    (np.array([5, -1], "M8[ps]"),
     ["1970-01-01T00:00:00.000000000005", "1969-12-31T23:59:59.999999999999"]),
    (np.array([5], "M8[as]"), ["1970-01-01T00:00:00.000000000000000005"]),
    (NO_UNIT, [None]),
    (np.array(["x", None], dtype=np.dtypes.StringDType(na_object=None)), ["x", None]),
    (np.array(["x", NAN], dtype=np.dtypes.StringDType(na_object=NAN)), ["x", None]),
    (np.array([b"x"]), [b"x"]),
    # Scalars in a list
    ([pa.scalar(0.1, pa.float32()), pa.scalar(None, pa.int8())], [0.1, None]),
    ([pa.scalar(NS, pa.timestamp("ns"))], [TEXT]),
    ([np.float32(0.1), np.float16(0.1), np.longlong(3)], [0.1, 0.1, 3]),
    ([np.datetime64(NS, "ns"), NEVER], [TEXT, None]),
    ([pd.Timestamp(NS), pd.NaT, pd.NA], [TEXT, None, None]),
    ([np.ma.masked, 1.5], [None, 1.5]),
    ([np.timedelta64("NaT", "s"), 1.5], [None, 1.5]),
    ([np.array(0.1, dtype="f4"), np.array(7)], [0.1, 7]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "cells"), COLUMNS, ids=lambda v: str(getattr(v, "dtype", "")))
def test_columns_of_every_type(data: Any, cells: list[Any]) -> None:
    """As a column of one feature, and as a column of a frame among others where it may stand."""
    found = column(data)
    assert same(found, cells), found
    if isinstance(data, pd.Series):
        frame = pd.DataFrame({"p": data, "q": ["x"] * len(data)})
    elif isinstance(data, pl.Series):
        frame = pl.DataFrame({"p": data, "q": ["x"] * len(data)})
    elif isinstance(data, pa.Array | pa.ChunkedArray):
        frame = pa.table({"p": data, "q": ["x"] * len(data)})
    else:
        return
    found = [row[0] for row in freeze(frame, ("p", "q"))]
    assert same(found, cells), found


BEYOND: list[Any] = [
    np.array(["12000-01-01"], "M8[D]"),
    np.array(["-0044-03-15"], "M8[D]"),
    np.array(["0000-12-31"], "M8[D]"),
    np.array([10**6], "M8[Y]"),
    np.array([10**6], "M8[M]"),
    np.array(["12000-01-01T00"], "M8[s]"),
    np.array([2**62], "M8[us]"),
    [np.datetime64("12000-01-01")],
    pd.Series(np.array(["12000-01-01"], "M8[s]")),
    pd.Series(np.array(["12000-01-01"], "M8[s]")).dt.tz_localize("UTC"),
    pd.Series(np.array(["12000-01-01"], "M8[s]")).tolist(),
    pl.Series([10**15]).cast(pl.Datetime("ms")),
    pl.Series([10**8]).cast(pl.Date),
    pa.array([10**17], pa.timestamp("s")),
    pa.array([253_402_300_799], pa.timestamp("s", "+01:00")),
    pa.array([10**8], pa.int32()).cast(pa.date32()),
]


@pytest.mark.parametrize("data", BEYOND, ids=range(len(BEYOND)))
def test_moments_beyond_the_calendar_are_refused(data: Any) -> None:
    """Never a number in their place."""
    with pytest.raises(EncodeError, match="year 9999") as caught:
        column(data)
    assert caught.value.reason == "type"


@dataclasses.dataclass
class Inner:
    x: int
    y: list[int]


@attrs.define
class Made:
    b: int
    a: Any


def test_records_within_cells_are_dicts() -> None:
    """A dataclass, attrs, msgspec or pydantic object in a cell keeps its names."""
    assert freeze([0, Inner(1, [2])]) == [[0, {"x": 1, "y": (2,)}]]
    assert freeze(Made(1, Made(2, 3))) == [[{"b": 2, "a": 3}, 1]]
    assert freeze([Made(1, [Inner(3, [])])]) == [[({"x": 3, "y": ()},), 1]]


def test_rows_of_a_database() -> None:
    """By the protocol that dict() knows."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    rows = connection.execute("select 1 as b, 'x' as a").fetchall()
    connection.close()
    assert freeze(rows) == freeze(rows[0]) == [["x", 1]]


# Refusals -----------------------------------------------------------------------------------------


class Old:
    """As a model of pydantic 1."""

    __fields__ = ()

    def dict(self) -> dict[str, Any]:
        raise AssertionError


class BFloat16:
    """As ml_dtypes' scalar, whose array numpy has as raw bytes."""


BFloat16.__module__, BFloat16.__qualname__, BFloat16.__name__ = "ml_dtypes", "bfloat16", "bfloat16"


class Unreadable:
    """As a tensor of bfloat16: numpy cannot have it."""

    shape = (2,)
    device = "cpu"

    def __array__(self, dtype: object = None, copy: object = None) -> Any:
        raise TypeError("Got unsupported ScalarType BFloat16")


class Scalar:
    """As a 0-d array of jax."""

    shape = ()

    def __array__(self, dtype: object = None, copy: object = None) -> Any:
        return np.array(1.5)

    def __float__(self) -> float:
        return 1.5


Scalar.__module__, Scalar.__qualname__, Scalar.__name__ = "jaxlib", "ArrayImpl", "ArrayImpl"


class Side(enum.Enum):
    """Whose members have names of their own, which are not those of columns."""

    RIGHT, LEFT = 2, 1


def objects(cells: list[Any]) -> Any:
    found = np.empty(len(cells), dtype=object)
    found[:] = cells
    return found


REFUSED: list[tuple[Any, str]] = [
    ([0, pd.Period("2026-01")], r"column b: .*Period.*start_time"),
    ([0, pd.Interval(0, 1)], r"column b: .*Interval.*left"),
    (pd.DataFrame({"a": [1], "b": pd.period_range("2026-01", periods=1)}), "column b: .*Period"),
    (pd.DataFrame({"a": pd.cut([1, 2], 2), "b": 1}), "column a: .*Interval"),
    (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns have the same name, a; rename"),
    (pa.table([[1], [2]], names=["a", "a"]), "two columns have the same name, a; rename"),
    ([{"a": 1}, Old()], r"pydantic 1 .*dict\(\)"),
    (Old(), r"pydantic 1 .*dict\(\)"),
    ([0, Old()], r"column b: .*pydantic 1 .*dict\(\)"),
    ([0, BFloat16()], r"column b: .*bfloat16.*float\(\)"),
    ([0, Scalar()], r"column b: .*ArrayImpl.*item\(\)"),
    ({"a": Scalar()}, "column a: .*ArrayImpl"),
    (Unreadable(), "numpy cannot read it; .*float32"),
    (np.zeros((1, 2), dtype="V2"), "dtype .*V2.*astype"),
    (np.zeros((1, 2), dtype="c8"), "dtype complex64.*imaginary"),
    (np.zeros((1, 2), dtype="g"), "dtype float128.*astype"),
    (np.zeros((1, 2), dtype="m8[s]"), "column a: .*timedelta64"),
    (pl.DataFrame({"a": [timedelta(1)]}), "column a: .*Duration.*total_nanoseconds"),
    (pl.DataFrame({"a": [datetime(2026, 1, 1).time()]}), "column a: .*Time.*to_string"),
    (pa.table({"a": pa.array([1], pa.duration("ns"))}), r"column a: .*duration\[ns\].*int64"),
    (pa.table({"a": pa.array([1], pa.time64("ns"))}), r"column a: .*time64\[ns\].*string"),
    (pa.table({"a": pa.array([[1]], pa.list_(pa.duration("ns")))}), "column a: .*duration"),
    (pd.DataFrame({"a": [pd.Timedelta(1)], "b": ["x"]}), "column a: .*timedelta64"),
    (pd.DataFrame({"a": pd.array([timedelta(1)], dtype="duration[ns][pyarrow]")}),
     "column a: .*duration"),
    ([0, pd.Series([1])], "column b: .*Series.*list"),
    ([0, {1: "x", "1": "y"}], "column b: .*two keys"),
    (pd.DataFrame([[1, 2]], columns=["a", 7]), "names are text except for some of type int"),
    ([pd.Series([1, 2], index=["a", 7])], "Series are text except for some of type int"),
    ([pd.Series([1, 2], name="a"), pd.Series([3, 4], name="b")], "pass a DataFrame of them"),
    ([pl.Series("b", [1, 2]), pl.Series("a", [3, 4])], "pass a DataFrame of them"),
    ([np.zeros((2, 2)), np.zeros((2, 2))], r"arrays of shape \(2, 2\)"),
    ([[1, 2], {"a": 1}], "does not fit"),
    ([[1, 2], pd.Series([1, 2], index=["b", "a"])], "does not fit"),
    ([pd.Series([1, 2], index=["b", "a"]), [1, 2]], "contains a list value; pass all"),
    ([pd.DataFrame({"a": [1]}), pd.DataFrame({"c": [1]})], "unknown columns c; the"),
    (pd.DataFrame([[1, 2]], columns=[b"\xff", b"b"]), r"except for some bytes .*UTF-8.*map\(str"),
    (pd.DataFrame([[1, 2]], columns=[b"\xff", b"\xfe"]), "names are bytes that are not UTF-8"),
    (pd.DataFrame([[1, 2]], columns=[UUID(int=2), UUID(int=1)]), "names are of type UUID"),
    (pd.DataFrame([[1, 2]], columns=list(Side)), r"names are of type Side; .*columns.map\(str"),
    (pd.Series([1, 2], index=[UUID(int=2), UUID(int=1)]), "labels of the Series are of type UUID"),
    ({b"\xff": 1, "b": 2}, "unknown columns a bytes value; the columns are a, b"),
    (pl.Series([{"a": 1, "b": 2}, None]), "1 of 2 rows are missing as a whole; leave them out"),
    (pl.Series([None], dtype=pl.Struct({"a": pl.Int8})), "1 of 1 rows are missing"),
    (pa.array([[1, 2], None]), "1 of 2 rows are missing"),
    (pd.Series([{"b": 1, "a": 2}, None]), "1 of 2 rows are missing"),
    (pd.Series([{"b": 1, "a": 2}, NAN]), "1 of 2 rows are missing"),
    (objects([pd.NA, [1, 2]]), "1 of 2 rows are missing"),
    (pl.Series([{"a": 1, "c": 2}, {"a": 3, "c": 4}]), "unknown columns c; the columns are a, b"),
    (objects([{"b": 1, "a": 2}, [1, 2]]), "contains a list value; pass all rows with names"),
    (pa.array([[("a", 1), ("a", 2)]], pa.map_(pa.string(), pa.int8())), "the same key twice"),
    (pd.MultiIndex.from_tuples([(1, 2)], names=["a", None]), "names of the index levels are text"),
    (deque([1, 2]), "deque cannot be recorded; pass a list of its elements"),
    (UserList([1, 2]), "UserList cannot be recorded; pass a list of its elements"),
    (array("d", [1, 2]), "array cannot be recorded; pass a list of its elements"),
    ({"a": 1, "b": 2}.values(), "dict_values cannot be recorded; pass a list of its elements"),
    ([deque([1, 2])], "deque cannot be recorded; pass a list of its elements"),
    ([0, deque([1, 2])], "column b: .*deque cannot be recorded; record a list of its elements"),
    ([0, array("d", [1, 2])], "column b: .*array cannot be recorded; record a list"),
    ([IPv4Network("10.0.0.0/30"), 0], "column a: .*IPv4Network cannot be recorded"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "words"), REFUSED, ids=range(len(REFUSED)))
def test_refusals_name_column_and_remedy(data: Any, words: str) -> None:
    """What cannot be recorded is told by its column, its type and what to give instead."""
    with pytest.raises(EncodeError, match=words):
        freeze(data)


@pytest.mark.parametrize("names", [("a", "b"), ("p",), None])
@pytest.mark.parametrize("many", [False, True])
def test_a_label_of_an_index_reaches_no_message_and_no_header(
    names: tuple[str, ...] | None, many: bool
) -> None:
    """It is a cell: of a customer, say."""
    series = pd.Series([0.1, 0.2], index=["anna", "bert"], name="carl")
    shape = Shape("s", feature_names=names, max_call_bytes=1 << 22)
    said = ""
    try:
        shape.freeze([series] if many else series)
    except EncodeError as error:
        said = str(error)
    assert not any(word in said for word in ("anna", "bert", "carl"))
    assert shape.features == names


ROWS: dict[str, tuple[Any, list[Any]]] = {
    "a vector and a gap": (objects([[1, 2, 3], None]), [[(1, 2, 3), None]]),
    "a vector and a number": (objects([[1, 2], 3]), [[(1, 2), 3]]),
    "gaps": (objects([None, None]), [[None, None]]),
    "a row with nested cells by name": (
        pd.Series([{"x": 1}, {"x": 2}], index=["b", "a"]),
        [[{"x": 2}, {"x": 1}]],
    ),
    "an index without names": (pd.MultiIndex.from_tuples([(1, "x")]), [[1, "x"]]),
    "an index under other names": (
        pd.MultiIndex.from_tuples([(1, "x")], names=["b", "a"]),
        [["x", 1]],
    ),
    "labels of two levels": (pd.DataFrame([[1, 2]], columns=[("x", "b"), ("x", "a")]), [[1, 2]]),
    "labels that are periods": (
        pd.DataFrame([[1, 2]], columns=pd.period_range("2026", periods=2)),
        [[1, 2]],
    ),
    "a subclass within": ([0, type("Sub", (list,), {})([1])], [[0, (1,)]]),
    "polars objects": (pl.Series([{"b": 1, "a": 2}], dtype=pl.Object), [[2, 1]]),
    "tensors of Arrow": (
        pa.FixedShapeTensorArray.from_numpy_ndarray(np.array([[1, 2], [3, 4]])),
        [[1, 2], [3, 4]],
    ),
    "structs in a dictionary": (
        pa.DictionaryArray.from_arrays([0, 0], pa.array([{"b": 1, "a": 2}])),
        [[2, 1], [2, 1]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", ROWS)
def test_rows_and_cells_are_told_apart(form: str) -> None:
    """What cannot be rows is one row; names decide where there are any."""
    data, rows = ROWS[form]
    assert same(freeze(data), rows)


@pytest.mark.parametrize("labels", [["anna", 7], [UUID(int=1), None], [b"\xff", b"a"]])
def test_no_label_of_an_index_matters_to_one_column(labels: list[Any]) -> None:
    """Of a column they are of its rows, whatever they are."""
    assert column(pd.Series([0.1, 0.2], index=pd.Index(labels, dtype=object))) == [0.1, 0.2]


@pytest.mark.parametrize("names", [("a", "b"), None])
def test_records_in_a_series_fix_the_columns_as_those_of_a_list(
    names: tuple[str, ...] | None,
) -> None:
    """Also by collect_rows(), and where the index is of customers."""
    for wrap in (lambda value: value, RowsOf):
        for index in (None, ["anna", "bert"]):
            shape = Shape("s", feature_names=names, max_call_bytes=1 << 22)
            records = pd.Series([{"a": 2, "b": 1}, {"b": 3, "a": 4}], index=index)
            assert same([list(row) for row in shape.freeze(wrap(records))[0]], [[2, 1], [4, 3]])
            assert shape.features == ("a", "b")


def test_a_row_of_a_frame_fixes_the_columns_where_it_is_sure() -> None:
    """A row is called as its label is: by a number, so its index are names."""
    shape = Shape("s", feature_names=None, max_call_bytes=1 << 22)
    shape.freeze(pd.DataFrame({"b": [1], "a": [2]}).iloc[0])
    assert shape.features == ("b", "a")


def test_nan_is_missing_where_the_column_has_had_text() -> None:
    """One record after the other, as to_dict("records") gives them."""
    shape = Shape("s", feature_names=("plan", "score"), max_call_bytes=1 << 22)
    found = [
        shape.freeze(row)[0][0]
        for row in ({"plan": "gold", "score": 0.5}, {"plan": NAN, "score": NAN})
    ]
    assert same(list(found), [("gold", 0.5), (None, NAN)])


# Without numpy ------------------------------------------------------------------------------------


def test_digits_are_kept_where_numpy_is_not_loaded() -> None:
    """polars and Arrow need no numpy, and neither do we for what they hold."""
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "import polars as pl\n"
        "from aiocollect._values.shape import Shape\n"
        "s = Shape('s', feature_names=['a', 'b'], max_call_bytes=9999)\n"
        "f = pl.DataFrame({'a': [0.1], 'b': ['x']}, schema={'a': pl.Float32, 'b': pl.String})\n"
        "print(s.freeze(f)[0])\n"
        "f = pl.DataFrame({'a': [0.1], 'b': [0.2]}, schema={'a': pl.Float32, 'b': pl.Float32})\n"
        "print(s.freeze(f)[0])\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split("\n")[:2] == ["((0.1, 'x'),)", "((0.1, 0.2),)"]


# Names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        pd.DataFrame({"a": [1], "b": [2]}).columns,
        np.array(["a", "b"]),
        np.array(["a", "b"], dtype=object),
        [np.str_("a"), "b"],
        ("a", type("Text", (str,), {})("b")),
    ],
    ids=lambda names: type(names).__name__,
)
@pytest.mark.parametrize("format_name", ["csv", "jsonl"])
def test_feature_names_of_any_class_of_text(names: Any, format_name: Format) -> None:
    """df.columns, feature_names_in_, and names of an enumeration: plain text afterwards."""

    async def main(loop: VirtualLoop) -> bytes:
        store = MemoryStore()
        pipeline = Pipeline(store, _seams=Seams(clock=VirtualClock(loop)), format=format_name)
        pipeline.collector("m", feature_names=names).collect({"b": 1, "a": 2})
        pipeline.model("n", x=names).collect(x=[2, 1])
        await pipeline.aclose()
        one, two = store.blobs.values()
        assert one.splitlines()[-1][:10] == two.splitlines()[-1][:10]
        return one

    assert run_virtual(main).startswith(
        b'{"a":2,"b":1,' if format_name == "jsonl" else b"a,b,$aml_"
    )


@pytest.mark.parametrize("names", [{"a", "b"}, {"a": 1}, 7, iter("ab")])
def test_feature_names_without_an_order_are_refused(names: Any) -> None:
    """Which column is which could not be told."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = Pipeline(MemoryStore(), _seams=Seams(clock=VirtualClock(loop)))
        with pytest.raises(ConfigError, match="must be a list of names"):
            pipeline.collector("m", feature_names=names)
        await pipeline.aclose()

    run_virtual(main)


# Records of mdc -----------------------------------------------------------------------------------

ATTRIBUTES = {"id": "1", "source": "s", "type": "t"}
RECORDS: dict[str, Callable[[], Any]] = {
    "list": lambda: ['{"x":1}', ATTRIBUTES],
    "dict": lambda: {MdcEncoder.features[1]: ATTRIBUTES, MdcEncoder.features[0]: '{"x":1}'},
    "frame": lambda: pd.DataFrame(
        [[ATTRIBUTES, '{"x":1}']], columns=[*reversed(MdcEncoder.features)]
    ),
    "arrow": lambda: pa.table(
        {MdcEncoder.features[1]: [ATTRIBUTES], MdcEncoder.features[0]: ['{"x":1}']}
    ),
    "polars": lambda: pl.DataFrame(
        {MdcEncoder.features[1]: [ATTRIBUTES], MdcEncoder.features[0]: ['{"x":1}']}
    ),
    "row of a frame": lambda: pd.DataFrame(
        [[ATTRIBUTES, '{"x":1}']], columns=[*reversed(MdcEncoder.features)]
    ).iloc[0],
}


@pytest.mark.parametrize("form", RECORDS)
def test_records_in_every_form(form: str) -> None:
    """The same record, by the names of its two columns."""

    async def main(loop: VirtualLoop) -> bytes:
        store = MemoryStore()
        pipeline = Pipeline(
            store,
            _seams=Seams(clock=VirtualClock(loop), writer_id="00000000aa"),
        )
        collector = pipeline.collector(
            "m", feature_names=MdcEncoder.features, format=MdcEncoder(), writer="own"
        )
        collector.collect(RECORDS[form](), correlation_id="loan-7", at=1_769_903_998)
        await pipeline.aclose()
        (data,) = store.blobs.values()
        return data

    data = run_virtual(main)
    assert b'"data":{"x":1}' in data
    assert data.startswith(b'{"specversion":"1.0","id":"1","source":"s","type":"t"')
