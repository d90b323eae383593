"""What collect() takes: tables, arrays, records and cells of other packages, and how they freeze.

The oracle is a list of plain Python rows, written by hand beside each value.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import subprocess
import sys
import warnings
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from aiocollect import EncodeError
from aiocollect._values.shape import Shape

with warnings.catch_warnings():
    # numpy 2.5 warns of moments without a unit; users have them all the same.
    warnings.simplefilter("ignore", DeprecationWarning)
    NO_UNIT = np.datetime64("NaT")

NAMES = ("a", "b")


def freeze(data: Any, names: tuple[str, ...] | None = NAMES, **options: Any) -> list[Any]:
    """The rows as lists of Python cells."""
    shape = Shape("s", feature_names=names, **{"max_call_bytes": 1 << 22, **options})
    rows, number, cost = shape.freeze(data)
    found = rows.tolist() if isinstance(rows, np.ndarray) else [list(row) for row in rows]
    assert len(found) == number
    assert cost > 0
    return found


def same(found: Any, wanted: Any) -> bool:
    """Equal in value and in type, all the way down."""
    if type(found) is not type(wanted):
        return False
    if isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(same(found[k], wanted[k]) for k in wanted)
    return bool(found == wanted) or (found != found and wanted != wanted)


class Point(collections.namedtuple("Point", "b a")):
    __slots__ = ()


@dataclasses.dataclass
class Row:
    a: int
    b: str


class Model:
    """Like one of pydantic's."""

    def model_dump(self) -> dict[str, Any]:
        return {"a": 1, "b": {"deep": [1]}}


class Speaks:
    """A table of a package that nobody knows, which speaks Arrow's C interface."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return pa.table({"a": [1, 2], "b": ["x", None]}).__arrow_c_stream__(requested_schema)


MIXED = [[1, "x"], [2, None]]

TABLES: list[tuple[Any, list[Any]]] = [
    (pd.DataFrame({"a": [1.5, 2.5], "b": [3.0, float("nan")]}), [[1.5, 3.0], [2.5, float("nan")]]),
    (pd.DataFrame({"b": [1.5], "a": [2.5]}), [[2.5, 1.5]]),
    (pd.DataFrame({"a": [1, 2], "b": ["x", None]}, dtype=object), MIXED),
    (pd.DataFrame({"b": ["x", "y"]}), [[None, "x"], [None, "y"]]),
    (pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [True, False]}),
     [[1, True], [None, False]]),
    (pd.DataFrame({"a": np.array([0.1], "f4"), "b": pd.Categorical(["x"])}), [[0.1, "x"]]),
    (pd.DataFrame({"a": pd.to_datetime(["2026-01-02", None]), "b": [1, 2]}),
     [[datetime(2026, 1, 2), 1], [None, 2]]),
    (pd.DataFrame({"a": pd.to_datetime(["2026-01-02T03:04:05+02:00"]), "b": [1]}),
     [[datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))), 1]]),
    (pd.DataFrame(np.array([[1.0, 2.0]])), [[1.0, 2.0]]),
    (pd.DataFrame({"a": [1], "b": [2]}).iloc[0], [[1, 2]]),
    (pd.Series([1.5, 2.5]), [[1.5, 2.5]]),
    (pl.DataFrame({"a": [1, 2], "b": ["x", None]}), MIXED),
    (pl.DataFrame({"b": ["x"]}), [[None, "x"]]),
    (pl.DataFrame({"b": [1.5, 2.5], "a": [3.5, -0.0]}), [[3.5, 1.5], [-0.0, 2.5]]),
    (pl.DataFrame({"a": [1.5, None], "b": [3.5, float("nan")]}),
     [[1.5, 3.5], [None, float("nan")]]),
    (pl.DataFrame({"a": pl.Series([0.1], dtype=pl.Float32), "b": ["x"]}), [[0.1, "x"]]),
    (pl.DataFrame({"a": [1, 2], "b": [3, 4]}, schema={"a": pl.UInt8, "b": pl.UInt8}),
     [[1, 3], [2, 4]]),
    (pa.table({"b": [1.5, 2.5], "a": [3.5, float("nan")]}), [[3.5, 1.5], [float("nan"), 2.5]]),
    (pa.table({"a": [1.5, None], "b": [3.5, 4.5]}), [[1.5, 3.5], [None, 4.5]]),
    (pa.table({"a": pa.array([0.1, None], pa.float32())}), [[0.1, None], [None, None]]),
    (pl.DataFrame({"a": [date(2026, 1, 2)], "b": [[1, 2]]}), [[date(2026, 1, 2), (1, 2)]]),
    (pl.DataFrame({"a": [Decimal("1.10")], "b": [{"x": 1}]}), [[Decimal("1.10"), {"x": 1}]]),
    (pl.Series([1, 2]), [[1, 2]]),
    (pa.table({"a": [1, 2], "b": ["x", None]}), MIXED),
    (pa.table({"b": ["x", None], "a": [1, 2]}), MIXED),
    (pa.record_batch({"a": [1, 2], "b": ["x", None]}), MIXED),
    (pa.array([1, 2]), [[1, 2]]),
    (pa.chunked_array([[1], [2]]), [[1, 2]]),
    (Speaks(), MIXED),
    (np.array([(1, "x"), (2, "y")], dtype=[("a", "i4"), ("b", "U1")]), [[1, "x"], [2, "y"]]),
    (np.array([(0.1, 2)], dtype=[("b", "f4"), ("a", "i2")]), [[2, 0.1]]),
    (np.array([[1, "x"], [2, None]], dtype=object), MIXED),
    (np.array([["x", "y"]]), [["x", "y"]]),
    (np.array([[b"x", b"y"]]), [[b"x", b"y"]]),
    (np.array(["2026-01-02", "NaT"], dtype="M8[D]"), [[date(2026, 1, 2), None]]),
    (np.array([["2026-01-02T03:04:05.000006", "2026-01-02"]], dtype="M8[us]"),
     [[datetime(2026, 1, 2, 3, 4, 5, 6), datetime(2026, 1, 2)]]),
    (np.array(["2026-01-02T03:04:05.000000007", "2026-01-02T00"], dtype="M8[ns]"),
     [["2026-01-02T03:04:05.000000007", datetime(2026, 1, 2)]]),
    (np.ma.MaskedArray([[1.5, 2.5]], mask=[[False, True]]), [[1.5, None]]),
    (Point(a=1, b=2), [[1, 2]]),
    ([Point(a=1, b=2), Point(a=3, b=4)], [[1, 2], [3, 4]]),
    (Row(1, "x"), [[1, "x"]]),
    ([Row(1, "x"), {"a": 2}], MIXED),
    (Model(), [[1, {"deep": (1,)}]]),
    (collections.OrderedDict(b=1, a=2), [[2, 1]]),
    (collections.ChainMap({"a": 1}, {"b": 2}), [[1, 2]]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "rows"), TABLES, ids=lambda v: type(v).__name__)
def test_tables(data: Any, rows: list[Any]) -> None:
    """Columns by name, wherever they have names; missing where absent; cells as they are."""
    found = freeze(data)
    assert same(found, rows), found


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u8", "?"])
def test_arrays_of_all_plain_dtypes(kind: str) -> None:
    """They stay arrays of their own dtype, in C order and the machine's byte order, copied; those
    of half floats as floats with the digits that these have."""
    array = np.array([[1, 0], [0, 1]]).astype(np.dtype(kind).newbyteorder(">")).T
    shape = Shape("s", feature_names=NAMES, max_call_bytes=1 << 22)
    rows, number, _ = shape.freeze(array)
    kept = np.dtype("f8" if kind == "f2" else kind)
    assert (number, rows.dtype, rows.flags.c_contiguous) == (2, kept, True)
    array[0, 0] = 0
    assert rows[0, 0] == 1


class Color(enum.Enum):
    RED = "red"
    DEEP = (1, 2)


class Level(enum.IntEnum):
    HIGH = 3


class Text(str):
    __slots__ = ()


BERLIN = ZoneInfo("Europe/Berlin")

CELLS: list[tuple[Any, Any]] = [
    (Color.RED, "red"),
    (Color.DEEP, (1, 2)),
    (Level.HIGH, 3),
    (Text("x"), "x"),
    (True, True),
    (10**400, 10**400),
    (Decimal("1.10"), Decimal("1.10")),
    (UUID(int=7), UUID(int=7)),
    (date(2026, 1, 2), date(2026, 1, 2)),
    (datetime(2026, 1, 2, 3), datetime(2026, 1, 2, 3)),
    (datetime(2026, 7, 2, tzinfo=BERLIN),
     datetime(2026, 7, 2, tzinfo=timezone(timedelta(hours=2)))),
    (datetime(2026, 7, 2, tzinfo=UTC), datetime(2026, 7, 2, tzinfo=UTC)),
    (pd.Timestamp("2026-01-02T03:04:05.000006"), datetime(2026, 1, 2, 3, 4, 5, 6)),
    (pd.Timestamp("2026-01-02T03:04:05.000006007"), "2026-01-02T03:04:05.000006007"),
    (pd.NA, None),
    (pd.NaT, None),
    (np.float32(0.1), 0.1),
    (np.float16(0.1), 0.1),
    (np.int8(-3), -3),
    (np.uint64(2**64 - 1), 2**64 - 1),
    (np.bool_(True), True),
    (np.str_("x"), "x"),
    (np.bytes_(b"x"), b"x"),
    (NO_UNIT, None),
    (np.array([1.5, 2.5]), (1.5, 2.5)),
    (np.array([0.1], dtype="f4"), (0.1,)),
    (bytearray(b"xy"), b"xy"),
    (memoryview(b"xy"), b"xy"),
    ([1, [2, {"k": (3,)}]], (1, (2, {"k": (3,)}))),
    ({7: "x", None: [], True: 2.5, Color.RED: 0}, {"7": "x", "null": (), "true": 2.5, "red": 0}),
    ([Decimal("1"), pd.NA, np.int64(4)], (Decimal("1"), None, 4)),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "wanted"), CELLS, ids=lambda v: type(v).__name__)
def test_cells(cell: Any, wanted: Any) -> None:
    """Each kind of value becomes one of the types that encoders know."""
    ((_, found),) = freeze([0, cell])
    assert same(found, wanted), found


def test_frozen_cells_are_private() -> None:
    """Whatever the caller changes afterwards, the frozen cell is as it was."""
    inner: dict[str, Any] = {"k": [1]}
    vector = np.array([1.0, 2.0])
    data = bytearray(b"xy")
    frame = pd.DataFrame({"a": [1.0], "b": [2.0]})
    shape = Shape("s", feature_names=("a", "b", "c"), max_call_bytes=1 << 22)
    (row,), _, _ = shape.freeze([[inner, vector, data]])
    rows, _, _ = Shape("s", feature_names=NAMES, max_call_bytes=1 << 22).freeze(frame)
    inner["k"].append(2)
    inner["z"] = 1
    vector[0] = data[0] = 9
    frame.loc[0, "a"] = 9.0
    assert row == ({"k": (1,)}, (1.0, 2.0), b"xy")
    assert [list(found) for found in rows] == [[1.0, 2.0]]


class Gpu:
    """Like a tensor on an accelerator."""

    device = "cuda:0"
    shape = (2,)

    def __array__(self) -> Any:
        raise AssertionError("it was copied to the host")


class Tensor:
    """Like torch's: it shows its numbers only when detached."""

    device = "cpu"
    shape = (2,)

    def __init__(self, *, detached: bool = False) -> None:
        self.detached = detached

    def detach(self) -> Tensor:
        return Tensor(detached=True)

    def __array__(self, dtype: object = None, copy: object = None) -> Any:
        assert self.detached
        return np.array([1.0, 2.0])


def test_tensors_on_the_host_are_arrays() -> None:
    """Whatever has __array__ is read through it."""
    assert freeze(Tensor()) == [[1.0, 2.0]]


endless: list[Any] = []
endless.append(endless)


@pytest.mark.parametrize(
    ("data", "reason", "words"),
    [
        (Gpu(), "type", r"copy it to main memory"),
        (pl.LazyFrame({"a": [1]}), "type", r"collect\(\)"),
        ((x for x in (1, 2)), "type", "pass a list"),
        ({1, 2}, "type", "pass a list"),
        ([0, timedelta(1)], "type", r"total_seconds\(\)"),
        ([0, pd.Timedelta(1)], "type", r"total_seconds\(\)"),
        ([0, 1j], "type", "imaginary"),
        ([0, np.longdouble(1)], "type", "float128"),
        (np.array([[1j, 2j]]), "type", "complex128"),
        ([0, {1, 2}], "type", "sorted list"),
        ([0, endless], "type", "deeper than 32"),
        ([0, b"\x89PNG\r\n\x1a\n"], "media", "Limits"),
        ([0, [b"RIFF1234WAVE"]], "media", "Limits"),
        (b"\xff\xd8\xff\xe0", "shape", "single bytes"),
        (pd.DataFrame({"a": [1], "c": [2]}), "shape", "unknown columns c; the columns are a, b"),
        (pl.DataFrame({"c": [2]}), "shape", "unknown columns c"),
        (pd.DataFrame([[1, 2, 3]]), "shape", r"\(1, 3\)"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "shape", "the same name"),
        (1.5, "shape", "a single float does not fit the 2 columns"),
        ("text", "shape", "a single str does not fit"),
        (np.zeros((2, 2, 3), dtype="u1"), "shape", r"\(2, 2, 3\)"),
        ([0, "x" * 2_000_000], "too_large", "max_call_bytes"),
        (pl.DataFrame({"a": ["x" * 5_000_000]}), "too_large", "max_call_bytes"),
    ],
    ids=lambda v: type(v).__name__ if not isinstance(v, str) else v[:20],
)
def test_refusals_say_what_would_fit(data: Any, reason: str, words: str) -> None:
    """The culprit by its type, never by its value, and the remedy."""
    with pytest.raises(EncodeError, match=words) as caught:
        freeze(data)
    assert caught.value.reason == reason


def test_media_where_it_is_wanted() -> None:
    """Limits(media=True) records the bytes."""
    assert freeze([0, b"\x89PNG\r\n\x1a\n"], media=True) == [[0, b"\x89PNG\r\n\x1a\n"]]


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (pd.DataFrame({"x": [1.0], "y": [2.0]}), ("x", "y")),
        (pl.DataFrame({"x": [1.0], "y": [2.0]}), ("x", "y")),
        (pa.table({"x": [1.0], "y": [2.0]}), ("x", "y")),
        (pd.DataFrame([[1.0, 2.0]]), ("f0", "f1")),
        (Row(1, "x"), ("a", "b")),
    ],
    ids=lambda v: type(v).__name__,
)
def test_the_first_table_fixes_the_columns(data: Any, names: tuple[str, ...]) -> None:
    """By its names, where it has any."""
    shape = Shape("s", feature_names=None, max_call_bytes=1 << 22)
    shape.freeze(data)
    assert shape.features == names


@pytest.mark.parametrize(
    "column",
    [pd.Series([1.5, 2.5]), pl.Series([1.5, 2.5]), pa.array([1.5, 2.5]), Tensor(), [1.5, 2.5]],
    ids=lambda v: type(v).__name__,
)
def test_a_column_is_rows_where_one_feature_is_named(column: Any) -> None:
    """The usual shape of predictions."""
    assert len(freeze(column, names=("p",))) == 2


def test_heavy_packages_are_recognised_and_not_imported() -> None:
    """Freezing lists and dicts loads none of them, and a stranger with their names is no table."""
    code = (
        "import sys; from aiocollect._values.shape import Shape;"
        "s = Shape('s', feature_names=None, max_call_bytes=9999);"
        "s.freeze([1, 2]); s.freeze([{'f0': 1, 'f1': [2]}]);"
        "print([m for m in ('numpy', 'pandas', 'polars', 'pyarrow') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_tables_share_no_memory_with_anybody() -> None:
    """Arrow and polars may keep a numpy array's memory: what changes there is not recorded."""
    array = np.array([1.0, 2.0])
    for table in (pa.table({"a": array}), pl.DataFrame({"a": array}), pd.DataFrame({"a": array})):
        shape = Shape("s", feature_names=("a", "b"), max_call_bytes=1 << 22)
        rows, _, _ = shape.freeze(table)
        before = [list(row) for row in rows]
        array[:] = 99.0
        assert [list(row) for row in rows] == before == [[1.0, None], [2.0, None]]
        array[:] = [1.0, 2.0]


def test_coded_text_costs_what_it_says() -> None:
    """A column of short codes for long texts is refused by the size of the texts."""
    coded = pa.array(["x" * 100_000] * 500).dictionary_encode()
    with pytest.raises(EncodeError, match="max_call_bytes"):
        freeze(pa.table({"a": coded}))
    category = pl.Series(["x" * 100_000] * 500, dtype=pl.Categorical)
    with pytest.raises(EncodeError, match="max_call_bytes"):
        freeze(pl.DataFrame({"a": category}))
    assert freeze(pa.table({"a": pa.array(["x", "y"]).dictionary_encode()})) == [
        ["x", None],
        ["y", None],
    ]


@pytest.mark.parametrize(
    "data",
    [
        pa.table({"a": [1, 2]}).select([]),
        pd.DataFrame(index=range(3)),
        pd.DataFrame({"c": [1]}).drop(columns="c"),
    ],
    ids=["arrow", "pandas", "dropped"],
)
def test_tables_without_columns_hold_nothing_to_record(data: Any) -> None:
    """They are no rows, or refused; never rows that nobody counts."""
    shape = Shape("s", feature_names=None, max_call_bytes=1 << 22)
    try:
        found: object = shape.freeze(data)[:2]
    except EncodeError as error:
        found = error.reason
    assert found in [((), 0), "shape"]


def test_a_series_with_doubled_labels_keeps_its_cells() -> None:
    """By name one would overwrite the other: then order counts."""
    assert freeze(pd.Series([1.0, 2.0], index=["a", "a"])) == [[1.0, 2.0]]
