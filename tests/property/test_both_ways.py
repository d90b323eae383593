"""The native core does what the Python way does, on any sequence of calls: the same answers, ids,
times, counts, charges and refusals at each step, and the same bytes.

The Python way runs in a process of its own. Without the core both are the same, and pass.
AIOCOLLECT_LIVES=20000 tries so many instead of a few.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.property.both_ways import IDS, MOMENTS, Float, Grade, Life, Name, OtherWay, lived

LIVES = int(os.environ.get("AIOCOLLECT_LIVES", "150"))
WIDTH = 3
DTYPES = (
    "?",
    "i1",
    "u1",
    "i2",
    "u2",
    "i4",
    "u4",
    "i8",
    "u8",
    "f2",
    "f4",
    "f8",
    ">i4",
    ">f8",
    ">f2",
)

numbers = st.floats() | st.integers() | st.booleans() | st.none()
wide = st.text(
    st.sampled_from('a\u00e9\u0663\uff11 0x:-.,"\n\u3000\u2028\ufeff\U0001f600T'), max_size=12
)
texts = st.text(max_size=40) | wide
cells = (
    numbers
    | texts
    | st.builds(Float, st.floats())
    | st.binary(max_size=3)
    | st.lists(st.floats(), max_size=2)
    | st.just(object)
    | st.floats(width=32).map(np.float32)
)
finite = st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.sampled_from(Grade)
floats = st.lists(st.floats(), min_size=WIDTH, max_size=WIDTH)
usual = st.lists(numbers | texts, min_size=WIDTH, max_size=WIDTH)


def by_name(names: list[Any], row: list[Any]) -> dict[Any, Any]:
    return dict(zip(names, row, strict=False))


@st.composite
def arrays(draw: st.DrawFn, *, one: bool = False) -> Any:
    """Of any numbers, in one or two dimensions, in one piece or in strides."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    width = 1 if one else WIDTH
    count = draw(st.integers(1, 4))
    size = 4 * count * width
    bits = draw(st.binary(min_size=8 * size, max_size=8 * size))
    flat = np.frombuffer(bits, dtype="u1" if dtype.kind == "b" else dtype)[:size]
    flat = (flat > 99) if dtype.kind == "b" else flat.copy()
    if draw(st.booleans()):
        return flat[: count if one else WIDTH] if draw(st.booleans()) else flat[: 2 * width : 2]
    table = flat.reshape(2 * count, 2 * width)
    return draw(
        st.sampled_from([table[:count, :width], table[::2, ::2], table.T[:WIDTH, :WIDTH].T])
    )


rows = (
    floats
    | floats.map(tuple)
    | arrays()
    | usual
    | usual.map(tuple)
    | usual.map(lambda row: by_name(list("abc"), row))
    | usual.map(lambda row: by_name(list("cba"), row))
    | usual.map(lambda row: by_name(list("ca"), row))
    | floats.map(lambda row: by_name(list(Name), row))
    | floats.map(lambda row: by_name(["a", "b", "d"], row))
    | floats.map(lambda row: by_name([1, "b", None], row))
    | st.lists(usual.map(lambda row: by_name(list("abc"), row)), min_size=1, max_size=3)
    | st.lists(usual, min_size=1, max_size=4)
    | st.lists(usual.map(tuple), min_size=1, max_size=4)
    | st.lists(cells, max_size=WIDTH + 1)
    | st.lists(st.tuples(*[finite] * WIDTH).map(list), min_size=1, max_size=4)
    | st.lists(st.lists(finite, min_size=2, max_size=WIDTH), min_size=2, max_size=3)
    | st.lists(st.tuples(*[cells] * WIDTH), min_size=2, max_size=3)
    | st.just(["x" * 700] * WIDTH)
    | st.just(["é" * 700] * WIDTH)
    | st.just(7.5)
)
columns = (
    numbers
    | texts
    | st.lists(numbers, max_size=4)
    | st.lists(texts | st.floats(), max_size=4)
    | arrays(one=True)
    | st.lists(st.tuples(numbers), min_size=1, max_size=3)
    | numbers.map(lambda cell: {"p": cell})
    | st.just([None, object])
)
nanoseconds = st.sampled_from(
    [
        *(0, 1, 400, 999, 1000, 1001, 700_000, 10**6, 255 * 10**6, 10**9, 3600 * 10**9),
        *(-1, -1000, -(10**6), -(10**9) - 1, -59 * 10**9, -61 * 10**9),
    ]
)
steps = st.one_of(
    st.tuples(st.just("collect"), rows),
    st.tuples(st.just("collect"), rows),
    st.tuples(st.just("other"), columns),
    st.tuples(st.just("together"), st.tuples(rows, columns)),
    st.tuples(st.just("many"), st.integers(1, 300)),
    st.tuples(st.just("clock"), nanoseconds),
    st.tuples(st.just("under"), rows),
    st.tuples(
        st.just("nested"),
        st.tuples(st.sampled_from(["", "loan-7", "é"]), st.sampled_from(["loan-7", "12"]), rows),
    ),
    st.tuples(st.just("named"), st.tuples(rows, st.integers(0, len(IDS) - 1))),
    st.tuples(st.just("late"), st.tuples(rows, st.sampled_from([0, 5, 2**32, -1, True, 1.0]))),
    st.tuples(st.just("at"), st.tuples(rows, st.sampled_from(sorted(MOMENTS)))),
    st.tuples(
        st.just("set"), st.sampled_from([(False, None), (True, None), (True, 0.5), (True, 1)])
    ),
    st.tuples(st.just("flush"), st.none()),
    st.tuples(st.just("close"), st.none()),
)
lives = st.builds(
    Life,
    st.lists(steps, min_size=1, max_size=14),
    strict=st.booleans(),
    named=st.booleans(),
    when_full=st.sampled_from(["shed_newest", "raise", "shed_oldest"]),
    sizes=st.sampled_from([(65536, 2048), (1 << 20, 1 << 20)]),
    masked=st.booleans(),
    format=st.sampled_from(["csv", "jsonl"]),
)


@pytest.fixture(scope="module")
def other_way() -> Iterator[OtherWay]:
    """The other process."""
    other = OtherWay()
    yield other
    other.end()


ROW = ("collect", [0.5, 1.5, 2.5])


@example(life=Life([ROW, ("clock", -61 * 10**9), ROW, ROW]))
@example(life=Life([ROW, ("clock", -59 * 10**9), ROW, ROW]))
@example(life=Life([ROW, ("set", (True, 0.5)), *[ROW] * 8]))
@settings(
    max_examples=LIVES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.timeout(60 + LIVES)
@given(life=lives)
def test_both_ways_are_one(other_way: OtherWay, life: Life) -> None:
    """The same answers, ids, times, counts, charges and refusals at each step; the same bytes."""
    assert lived(life) == other_way.lived(life)
