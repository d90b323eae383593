"""Joins; the oracle is a dictionary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from aiocollect.reading.join.matching import complete_keys, is_ours, join, label
from aiocollect.typing import METADATA

ID, TIME, ROW = METADATA
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEYS = st.lists(st.tuples(st.sampled_from(["a", "b", "0/a", "c"]), st.integers(0, 2)), max_size=8)


def stream(keys: list[tuple[str, int]], name: str, cells: list[Any], hours: Any = None) -> Any:
    """A stream's table: one column beside the ids."""
    moments = [NOON + timedelta(hours=hour) for hour in hours or [0] * len(keys)]
    return pa.table(
        {
            ID: pa.array([key for key, _ in keys], pa.string()),
            ROW: pa.array([row for _, row in keys], pa.int64()),
            TIME: pa.array(moments, pa.timestamp("us", "UTC")),
            name: pa.array(cells, pa.int64()),
        }
    )


@given(KEYS, KEYS)
def test_one_row_for_each_that_any_stream_has(
    left: list[tuple[str, int]], right: list[tuple[str, int]]
) -> None:
    """In the order of the first; where a key stands twice in one, its first row is joined."""
    inputs = stream(left, "a", list(range(len(left))))
    predictions = stream(right, "p", list(range(100, 100 + len(right))))
    found = join({"inputs": inputs, "predictions": predictions})
    rows = [(row[ID], row[ROW], row["a"], row["p"]) for row in found.table.to_pylist()]
    want: list[tuple[Any, ...]]
    if left == right:
        want = [(*key, at, 100 + at) for at, key in enumerate(left)]
        assert found.missing == {"inputs": 0, "predictions": 0}
        assert found.doubled == 0
    else:
        first: dict[tuple[str, int], int] = {}
        for at, key in enumerate(right):
            first.setdefault(key, 100 + at)
        want = [(*key, at, first.get(key)) for at, key in enumerate(left)]
        more = [(*key, None, value) for key, value in first.items() if key not in left]
        want += more
        lacking = sum(key not in right for key in left)
        assert found.missing == {"inputs": len(more), "predictions": lacking}
        assert found.doubled == len(right) - len(first)
    assert rows == want


@given(
    KEYS,
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "x"]),
            st.integers(0, 2),
            st.one_of(st.none(), st.integers(0, 9)),
            st.integers(0, 2),
        ),
        max_size=8,
    ),
    st.sampled_from(["latest", "first"]),
)
def test_the_label_that_counts(
    keys: list[tuple[str, int]], given_: list[tuple[str, int, int | None, int]], which: str
) -> None:
    """By its time, then by its place; none where it says nothing."""
    rows = stream(keys, "a", list(range(len(keys))))
    labels = stream(
        [(key, row) for key, row, _, _ in given_],
        "y",
        [cell for _, _, cell, _ in given_],
        [hour for _, _, _, hour in given_],
    )
    said: dict[tuple[str, int], list[tuple[int, int, int]]] = {}
    for place, (key, row, cell, hour) in enumerate(given_):
        if cell is not None:
            said.setdefault((key, row), []).append((hour, place, cell))
    want = []
    for one in keys:
        mine = sorted(said.get(one, []))
        want.append((mine[-1 if which == "latest" else 0][2]) if mine else None)
    found = label(rows, labels, which=which)
    assert found.table["y"].to_pylist() == want
    assert found.has_one.to_pylist() == [key in said for key in keys]
    assert found.belongs.to_pylist() == [(key, row) in keys for key, row, _, _ in given_]


@given(KEYS, KEYS)
def test_every_label_has_a_row_of_its_own(
    keys: list[tuple[str, int]], given_: list[tuple[str, int]]
) -> None:
    """And rows without one stay."""
    keys = list(dict.fromkeys(keys))
    rows = stream(keys, "a", list(range(len(keys))))
    labels = stream(given_, "y", list(range(len(given_))))
    found = label(rows, labels, which="all")
    want: list[tuple[int, int | None]] = []
    for at, key in enumerate(keys):
        mine = [place for place, other in enumerate(given_) if other == key]
        want += [(at, place) for place in mine] or [(at, None)]
    assert (
        list(zip(found.table["a"].to_pylist(), found.table["y"].to_pylist(), strict=True)) == want
    )


def test_whose_an_id_is() -> None:
    """Ours have a version, a variant and a mark."""
    ours = "019c1a2b-3c4d-8000-ac00-0000000000aa"
    theirs = ["", "a", ours[:-1], ours.replace("-8", "-7"), ours.replace("ac", "ab"), None]
    assert is_ours(pa.array([ours, *theirs], pa.string())).to_pylist()[:6] == [True] + [False] * 5


def test_rows_that_all_streams_have() -> None:
    """As masks, one for each stream."""
    left = stream([("a", 0), ("b", 0), ("b", 1)], "x", [0, 0, 0])
    right = stream([("b", 1), ("a", 0), ("c", 0)], "y", [0, 0, 0])
    masks = [mask.to_pylist() for mask in complete_keys([left, right])]
    assert masks == [[True, False, True], [True, True, False]]
