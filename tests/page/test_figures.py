"""What leaves of a profile: figures as numpy counts them, and no value unless it was asked for."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from aiocollect.page.data.figures import BARS, CATEGORIES, features_of
from aiocollect.reading import Profile

CHANCE = np.random.default_rng(9)
CANARY = "canary-7f3a"
NUMBER = 73915.25  # a canary too


def profile(**columns: Any) -> Profile:
    found = Profile()
    found.add(pa.table(columns), {}, None)
    return found


def feature(now: Profile, before: Profile | None, name: str, *, values: bool = True) -> Any:
    found = features_of(now, before, values=values)
    return next(one for one in found if one["name"] == name)


def test_bars_are_the_shares_of_the_cells() -> None:
    """In bins of one width between the ends, by numpy's own count; what is far out at the ends."""
    now, before = CHANCE.normal(3, 1, 1500), CHANCE.normal(0, 1, 2500)
    found = feature(profile(a=now), profile(a=before), "a")
    bars = found["bars"]
    low = min(np.quantile(one, 0.005, method="inverted_cdf") for one in (now, before))
    high = max(np.quantile(one, 0.995, method="inverted_cdf") for one in (now, before))
    assert bars["labels"] == [f"{low:.4g}", f"{high:.4g}"]
    assert len(bars["now"]) == BARS
    inner = np.linspace(low, high, BARS - 1)
    for side, cells in (("now", now), ("before", before)):
        counts = np.histogram(cells, [-np.inf, *inner, np.inf])[0]
        # The number at an end is of the bar that ends there.
        assert bars[side] == pytest.approx(counts / len(cells), abs=1.5 / len(cells))
    assert found["level"] == "bad"


def test_whole_numbers_have_a_bar_each() -> None:
    """Where there are few; and a single one has one."""
    found = feature(profile(a=[1, 1, 2, 5]), None, "a")
    assert found["bars"]["now"] == [0.5, 0.25, 0.0, 0.0, 0.25]
    many = feature(profile(a=list(range(100))), None, "a")["bars"]["now"]
    assert many == [0.05] * 20
    one = feature(profile(a=[7, 7]), None, "a")["bars"]["now"]
    assert one == [1.0, 0.0]


def test_categories_in_the_order_of_the_baseline() -> None:
    """The most frequent first, and all others in one bar."""
    before = profile(a=["b"] * 6 + ["a"] * 3 + ["c"])
    found = feature(profile(a=["a", "a", "d", "b"]), before, "a")
    assert found["bars"]["labels"] == ["b", "a", "c", "d"]
    assert found["bars"]["before"] == [0.6, 0.3, 0.1, 0.0]
    assert found["bars"]["now"] == [0.25, 0.5, 0.0, 0.25]
    assert (found["new"], found["new_share"]) == (1, 0.25)
    many = feature(profile(a=[str(k) for k in range(40)]), None, "a")["bars"]
    assert len(many["now"]) == CATEGORIES
    assert many["labels"][-1] == f"{40 - CATEGORIES + 1} others"
    assert sum(many["now"]) == pytest.approx(1.0)


def test_no_value_leaves_unasked() -> None:
    """Neither a text nor a number of a cell; with values, both."""
    now = profile(a=[CANARY, "x"] * 300, b=[NUMBER] * 600, c=[True, False] * 300)
    before = profile(a=["y"] * 300, b=[NUMBER + 1] * 300, c=[True] * 300)
    for other in (None, before):
        said = json.dumps(features_of(now, other, values=False))
        assert CANARY not in said
        assert "7391" not in said
        assert "7.39" not in said
        assert all(one["bars"]["labels"] is None for one in features_of(now, other, values=False))
    told = json.dumps(features_of(now, before, values=True))
    assert CANARY in told
    assert f"{NUMBER:.4g}" in told


@pytest.mark.parametrize(
    ("rows", "shift", "level"),
    [(1000, 0, "good"), (1000, 0.4, "warn"), (1000, 2, "bad"), (150, 2, "few")],
)
def test_levels(rows: int, shift: float, level: str) -> None:
    """The usual bounds of the index; and none with few rows, where chance makes it."""
    found = feature(
        profile(a=CHANCE.normal(shift, 1, rows)), profile(a=CHANCE.normal(0, 1, 20_000)), "a"
    )
    assert found["level"] == level


def test_missing_is_counted_apart() -> None:
    """Before and now; a rise by five points is said."""
    now = profile(a=[None] * 110 + [1.0] * 890, b=[None] * 60 + [1.0] * 940)
    before = profile(a=[None] * 20 + [1.0] * 980, b=[None] * 20 + [1.0] * 980)
    assert feature(now, before, "a")["missing"] == [0.02, 0.11]
    assert feature(now, before, "a")["more_missing"] is True
    assert feature(now, before, "b")["more_missing"] is False


def test_columns_without_bars() -> None:
    """All missing, infinite, moments, on one side alone: said as such, and never an error."""
    now = profile(
        a=pa.array([None, None], pa.float64()),
        b=[np.inf, -np.inf],
        c=pa.array([1, 2], pa.timestamp("us")),
        d=["x" * 300, "y"],
        e=[1.0, np.nan],
    )
    found = {one["name"]: one for one in features_of(now, profile(f=[1.0, 2.0]), values=True)}
    assert {name for name, one in found.items() if one["bars"] is None} == {"a", "b", "c", "d", "f"}
    assert found["e"]["nan"] == [None, 0.5]
    assert found["f"]["missing"] == [0.0, None]
    assert json.dumps(list(found.values()))
