"""What leaves of a profile: figures always, values only where they were asked for. Pure.

A value is a cell, and whatever a cell can be read from: names of categories, ends of axes, edges of
bins, quantiles. Numbers of rows, shares, the index, names and types of columns are none. So without
values the bars of a feature stand in the order of its numbers, or of how frequent its categories
were, and bear no labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from ...reading import ColumnDrift, ColumnProfile, Profile

__all__ = ["FEW", "features_of"]

Level: TypeAlias = str  # "good", "warn", "bad", "few" or ""

# As `aiocollect stats` has it: with fewer rows on either side chance alone makes an index of 0.1.
FEW: Final = 200
SHIFT: Final = 0.2
STABLE: Final = 0.1
# More of all cells are missing than before.
MORE_MISSING: Final = 0.05
# Of an answer, and of a picture.
MOST_FEATURES: Final = 200
BARS: Final = 20
CATEGORIES: Final = 12
# Beyond these shares of the numbers, what is far out is in the bar at the end.
ENDS: Final = (0.005, 0.995)


def features_of(now: Profile, before: Profile | None, *, values: bool) -> list[dict[str, Any]]:
    """Each column, those that drift most first. ``before`` None: there is nothing to compare
    with."""
    from ...reading import Profile

    drifts = now.drift_from(Profile() if before is None else before)
    return [_feature(one, values) for one in drifts[:MOST_FEATURES]]


def _feature(drift: ColumnDrift, values: bool) -> dict[str, Any]:
    now, before = drift.now, drift.baseline
    some = now or before
    assert some is not None
    said: dict[str, Any] = {
        "name": drift.name,
        "type": some.type,
        "psi": drift.psi,
        "level": _level(drift),
        "missing": _two(lambda one: one.missing_share, now, before),
        "more_missing": bool(
            now and before and now.missing_share - before.missing_share >= MORE_MISSING
        ),
        "nan": _two(lambda one: one.nan_share, now, before) if some.numbers else None,
        "new": len(drift.new),
        "new_share": drift.new_share,
        "bars": None,
    }
    bars = _numbers(now, before) if some.numbers else _categories(now, before)
    if bars is not None:
        said["bars"] = {
            "now": _shares(bars[0]),
            "before": None if bars[1] is None else _shares(bars[1]),
            "labels": bars[2] if values else None,
            "ordered": some.numbers is not None,
        }
    return said


def _level(drift: ColumnDrift) -> Level:
    if drift.psi is None or drift.now is None or drift.baseline is None:
        return ""
    if min(one.cells - one.missing for one in (drift.now, drift.baseline)) < FEW:
        return "few"
    return "bad" if drift.psi > SHIFT else "warn" if drift.psi >= STABLE else "good"


def _two(
    read: Callable[[ColumnProfile], float], now: ColumnProfile | None, before: ColumnProfile | None
) -> list[float | None]:
    """Before, and now."""
    return [None if one is None else read(one) for one in (before, now)]


_Bars: TypeAlias = tuple[Sequence[int], Sequence[int] | None, list[str]]


def _numbers(now: ColumnProfile | None, before: ColumnProfile | None) -> _Bars | None:
    """Counts in bins of one width; and what stands at both ends of the axis."""
    sides = [one.numbers if one is not None else None for one in (now, before)]
    there = [one for one in sides if one is not None and one.count]
    if not there or sides[0] is None:
        return None
    low = min(one.quantile(ENDS[0]) for one in there)
    high = max(one.quantile(ENDS[1]) for one in there)
    if not math.isfinite(low) or not math.isfinite(high) or not math.isfinite(high - low):
        return None
    some = now or before
    whole = some is not None and "int" in some.type
    edges = _edges(low, high, whole=whole)
    counts = [None if one is None or not one.count else one.counts(edges) for one in sides]
    return counts[0] or [0] * (len(edges) + 1), counts[1], [f"{low:.4g}", f"{high:.4g}"]


def _edges(low: float, high: float, *, whole: bool) -> list[float]:
    """The last number of each bar but the last one."""
    if whole:  # each bar has as many of them
        count = high - low + 1
        step = math.ceil(count / BARS)
        bars = max(2, math.ceil(count / step))
        return [low + step * k - 1 for k in range(1, bars)]
    width = (high - low) / (BARS - 2)
    return sorted({low + width * step for step in range(BARS - 1)})


def _categories(now: ColumnProfile | None, before: ColumnProfile | None) -> _Bars | None:
    """The most frequent ones; all others in the last bar."""
    mine = now.categories.counts if now is not None and now.categories else None
    theirs = before.categories.counts if before is not None and before.categories else None
    if not mine and not theirs:
        return None
    of_now, of_before = mine or {}, theirs or {}
    names = sorted(
        {*of_now, *of_before},
        key=lambda name: (-of_before.get(name, 0), -of_now.get(name, 0), name),
    )
    shown = names if len(names) <= CATEGORIES else names[: CATEGORIES - 1]
    left = names[len(shown) :]
    labels = [*shown, *([f"{len(left)} others"] if left else [])]

    def counted(counts: dict[str, int]) -> list[int]:
        found = [counts.get(name, 0) for name in shown]
        return [*found, sum(counts.get(name, 0) for name in left)] if left else found

    return counted(of_now), counted(of_before) if theirs else None, labels


def _shares(counts: Iterable[int]) -> list[float]:
    counts = list(counts)
    total = sum(counts)
    return [round(count / total, 4) if total else 0.0 for count in counts]
