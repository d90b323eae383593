"""What other packages bring, type by type: what is kept of each, and what is said of the others.

The oracle is written by hand beside each value; the suite of forms (tests/property/test_forms.py)
has the usual types in all their forms.
"""

from __future__ import annotations

import dataclasses
import sqlite3
import struct
import subprocess
import sys
import warnings
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from aiocollect import EncodeError
from aiocollect._values.interop.exact import narrow
from tests.support.frozen import NAN, column, freeze, same

with warnings.catch_warnings():
    # numpy 2.5 warns of moments without a unit; users have them all the same.
    warnings.simplefilter("ignore", DeprecationWarning)
    NO_UNIT = np.array(["NaT"], "M8")
    NEVER = np.datetime64("NaT")


NS = 1_769_903_998_123_456_789


TEXT = "2026-01-31T23:59:58.123456789"


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
