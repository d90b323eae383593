"""Limits of batches and parts, water marks, and how long to wait before trying again."""

from __future__ import annotations

import pytest

from aiocollect._core.backoff import Backoff
from aiocollect._core.limits import ANYBODY_TAKES, BatchLimits, BlockSizes, PartLimits
from aiocollect._core.marks import Crossing, Marks
from tests.support.batches import limits


def test_linger_stretches_for_slow_streams_only() -> None:
    """Half-empty blocks wait longer the more blocks the path has used; full ones do not."""
    rule = limits(linger=2.0)
    assert rule.deadline(10.0, blocks_used=0, last_fill=0) == 12.0
    assert rule.deadline(10.0, blocks_used=100, last_fill=10) == 14.0
    assert rule.deadline(10.0, blocks_used=100, last_fill=50) == 12.0


def test_sixteen_slow_writers_need_few_parts_a_day() -> None:
    """At the documented limits a day of sixteen idle-ish writers stays within three parts."""
    rule = BatchLimits(max_bytes=1 << 20, linger=2.0, max_blocks=49_000)
    used, now = 0, 0.0
    while now < 86_400:
        now = rule.deadline(now, blocks_used=used, last_fill=1)
        used += 16
    assert used / 49_000 < 3


def test_part_limits() -> None:
    """Full at the block limit and at the size limit, not before."""
    rule = PartLimits(max_blocks=3, max_bytes=100)
    found = [rule.full(length=n, blocks=b) for n, b in ((99, 2), (100, 2), (99, 3))]
    assert found == [False, True, True]


def test_marks_have_hysteresis() -> None:
    """One event above the high mark, one below the low one, none in between."""
    marks = Marks(100)
    found = [marks.update(level) for level in (75, 76, 99, 60, 76, 51, 50, 76, 0)]
    assert [crossing for crossing in found if crossing] == [
        Crossing.HIGH, Crossing.LOW, Crossing.HIGH, Crossing.LOW,
    ]  # fmt: skip
    assert found[1] is Crossing.HIGH
    assert found[6] is Crossing.LOW


def test_backoff_is_full_jitter() -> None:
    """A wait lies between nothing and the doubled bound, and the bound has a cap."""
    backoff = Backoff(base=1.0, cap=5.0, hold=9.0)
    found = [backoff.wait(n, chance) for n, chance in enumerate((0.0, 1.0, 1.0, 1.0))]
    assert found == [0.0, 2.0, 4.0, 5.0]
    assert backoff.wait(0, 1.0) == 1.0
    assert backoff.wait(1, 0.0, at_least=3.0) == 3.0
    # The store's own wish goes beyond the cap, but not for ever.
    assert backoff.wait(2, 0.0, at_least=60.0) == 60.0
    assert backoff.wait(2, 0.0, at_least=1e9) == 3600.0
    assert [backoff.wait(n, 1.0) for n in range(3, 2000)] == [5.0] * 1997


def test_the_wait_of_what_is_held_grows_up_to_hold() -> None:
    """From an eighth, doubled three times; at least half of the bound; the store's wish beyond."""
    backoff = Backoff(base=1.0, cap=5.0, hold=8.0)
    assert [backoff.held(n, 1.0) for n in range(6)] == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert [backoff.held(n, 0.0) for n in range(4)] == [0.5, 1.0, 2.0, 4.0]
    assert [backoff.held(n, 1.0, costly=True) for n in range(2, 7)] == [4, 8, 16, 32, 32]
    assert backoff.held(0, 0.0, at_least=30.0) == 30.0


@pytest.mark.parametrize(
    ("taken", "size", "explained"),
    [
        (0, 500, False),
        (0, ANYBODY_TAKES + 1, True),
        (100, 150, False),
        (100, 201, True),
        (ANYBODY_TAKES, ANYBODY_TAKES + 1, True),
        (2 * ANYBODY_TAKES, ANYBODY_TAKES + 1, False),
    ],
)
def test_whether_its_size_is_why_a_block_is_refused(taken: int, size: int, explained: bool) -> None:
    """A proxy that answers 413 to everything refuses what others took, and what nobody refuses."""
    sizes = BlockSizes()
    sizes.landed(taken)
    assert sizes.explain(size) == explained
