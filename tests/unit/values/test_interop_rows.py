"""Refused values of other packages, and rows told from cells."""

from __future__ import annotations

import enum
from array import array
from collections import UserList, deque
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from aiocollect import EncodeError
from aiocollect._values.shape import RowsOf, Shape
from tests.support.frozen import NAN, column, freeze, same


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
