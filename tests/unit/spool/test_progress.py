"""A lane's progress: which rows have ended, and where those that have not are on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiocollect._core.lines import Lines
from aiocollect._core.stand import Stand
from aiocollect._disks.local import LocalDisk
from aiocollect._spool.extents import NEAR, Extent, Extents
from aiocollect._spool.format import (
    Slot,
)
from aiocollect._spool.journal import Journal
from aiocollect._spool.progress import LaneProgress
from aiocollect._spool.recovery import recover
from aiocollect._spool.syncer import _read
from tests.support.journal_bytes import SALT, STAND, lane, take_over
from tests.support.journals import TARGET, commit, synced


class FakeSegment:
    """Counts what is live, as a segment does."""

    def __init__(self) -> None:
        self.live = self.held = 0
        self.end = 2**40


def apart(first: int, end: int, segment: FakeSegment, *, offset: int | None = None) -> Extent:
    """Ten bytes a row, where nothing is near."""
    size = 10 * (end - first)
    at = first * NEAR if offset is None else offset
    return Extent(first, end, segment, at, size, size)  # type: ignore[arg-type]


def progress_of(*ends: int) -> tuple[LaneProgress, FakeSegment]:
    progress, segment = LaneProgress(lane()), FakeSegment()
    first = 0
    for end in ends:
        progress.keep(apart(first, end, segment))
        first = end
    return progress, segment


def test_near_records_are_one_extent() -> None:
    """Of one segment, without a gap of rows, in a short stretch; all others stay by themselves."""
    segment, other = FakeSegment(), FakeSegment()
    extents = Extents()
    for added, own in (
        (apart(0, 2, segment, offset=100), True),
        (apart(2, 5, segment, offset=500), False),  # others' records stand between
        (apart(6, 7, segment, offset=600), True),  # row 5 is in memory alone
        (apart(7, 8, other, offset=700), True),
        (apart(8, 9, other, offset=700 + NEAR), True),
        (apart(9, 10, other, offset=700 + 2 * NEAR - 10), False),
    ):
        assert extents.add(added) is own
    assert extents[0] == Extent(0, 5, segment, 100, 430, 50)  # type: ignore[arg-type]
    assert [extent[:2] for extent in extents] == [(0, 5), (6, 7), (7, 8), (8, 10)]
    assert (len(extents), extents.rows) == (4, 9)
    for row, first in ((0, 0), (4, 0), (5, 6), (6, 6), (7, 7), (9, 8)):
        assert next(extents.since(row)).first == first
    assert list(extents.since(10)) == []
    extents.remove(0, 3)
    assert [extent.first for extent in extents] == [8]


def test_a_row_within_an_extent_is_read_alone(tmp_path: Path) -> None:
    """Others' records between those of a lane are passed over; a damaged one costs no other."""
    journal = Journal.begin(LocalDisk(), str(tmp_path / "life"), salt=SALT, target=TARGET)
    one, two = (journal.declare(lane(f"{name}/data.csv")) for name in "ab")
    for turn in range(20):
        for progress in (one, two):
            row = b"%d of %d\n" % (turn, progress.lane.number)
            journal.add(progress, progress.end, Lines.of([row]))
        assert commit(journal)
    [extent] = one.extents
    segment = tmp_path / "life" / "00000001.rows"
    data = bytearray(segment.read_bytes())
    data[data.index(b"7 of 2")] ^= 1
    segment.write_bytes(data)
    loaded = _read([extent], 5, 9, lane=1, salt=SALT)
    assert loaded is not None
    assert list(loaded) == [b"%d of 1\n" % turn for turn in range(5, 9)]
    assert _read(list(two.extents), 6, 8, lane=2, salt=SALT) is None
    journal.close()


def test_rows_end_in_order_but_for_dropped_ones() -> None:
    """Live bytes fall as extents end; a dropped range joins what is done before it."""
    progress, segment = progress_of(4, 8, 12)
    assert segment.live == 120
    progress.finish(0, 3, STAND)
    assert (progress.done, segment.live) == (3, 120)
    progress.finish(8, 4, STAND)  # dropped, while 3 to 7 are on their way
    assert (progress.done, segment.live) == (3, 80)
    assert list(progress.left(0)) == [(3, 4, 40), (4, 8, 40)]
    progress.finish(3, 1, STAND)
    assert (progress.done, segment.live) == (4, 40)
    progress.finish(4, 4, STAND)
    assert (progress.done, segment.live) == (12, 0)


def test_a_part_that_was_left_for_good_is_not_gone_back_to() -> None:
    """Rows in doubt that nobody may look for have ended; those behind them end in the old part."""
    blind = Stand(0, True, True, 9, "")
    progress, _ = progress_of(4)
    progress.finish(4, 2, blind._replace(part=1, position=None))
    progress.finish(6, 2, blind)
    assert progress.stand == blind._replace(part=1, position=None)
    progress.finish(0, 4, blind._replace(part=1, position=3))
    assert progress.stand == blind._replace(part=1, position=3)


def test_ranges_that_end_within_one_extent_are_one() -> None:
    """Rows that were given up behind those on their way, in records near one another."""
    progress, segment = LaneProgress(lane()), FakeSegment()
    for first, end in ((0, 4), (4, 8), (8, 12)):
        progress.keep(apart(first, end, segment, offset=100 * first))
    assert len(list(progress.extents)) == 1
    progress.finish(8, 4, STAND)
    assert progress.done == 0
    progress.finish(0, 8, STAND)
    assert (progress.done, segment.live) == (12, 0)


def test_rows_in_memory_alone_are_gaps() -> None:
    """Whatever becomes of them, and in whatever order: what is on the disk ends by itself."""
    progress, segment = progress_of(4)
    progress.keep(apart(6, 10, segment))
    progress.finish(10, 3, STAND)
    progress.finish(4, 2, STAND)
    assert (progress.done, segment.live) == (0, 80)
    progress.finish(0, 4, STAND)
    assert (progress.done, segment.live) == (6, 40)
    progress.finish(6, 4, STAND)
    assert segment.live == 0
    other, segment = progress_of(4)
    other.keep(apart(6, 10, segment))
    other.restore(Slot(1, 1, 4, 0, 0, 0, 0, 0, 0, False, False, False, ""), copy=0)
    for first in (6, 8):
        other.finish(first, 2, STAND)
    assert other.done == 10


def test_a_doubt_that_ended_is_forgotten() -> None:
    """A lane that must look where to go on knows that what it was about to send is not there."""
    placed = STAND._replace(position=7)
    progress, _ = progress_of(4, 8)
    progress.intend(0, 4, placed)
    progress.finish(4, 4, placed)  # dropped behind it
    assert progress.intent == (0, 4)
    progress.finish(8, 2, STAND)
    assert progress.intent is None


def test_rows_before_the_intent_have_ended() -> None:
    """A row that was unreadable while those behind it were sent, and is readable again, stays out:
    it would come out of order."""
    progress, _ = progress_of(1, 4)
    progress.restore(Slot(1, 1, 0, 0, 0, 1, 3, 9, 0, False, False, True, ""), copy=0)
    assert (progress.done, progress.intent, list(progress.left(0))) == (1, (1, 3), [(1, 4, 30)])


def test_rows_without_a_slot_know_where_their_lane_stood(tmp_path: Path) -> None:
    """A lane that had come a long way before the spool took its rows: no slot of it was synced."""
    stand = Stand(3, True, True, 550, "t")
    journal = Journal.begin(LocalDisk(), str(tmp_path / "life"), salt=SALT, target=TARGET)
    progress = journal.declare(lane()._replace(first=20, stand=stand, sent=(17, 3)))
    journal.add(progress, 20, Lines.of([b"row\n"]))
    assert commit(journal)
    journal.close()
    (tmp_path / "life" / "slots").unlink()
    disk = LocalDisk()
    lock = disk.lock(str(tmp_path / "life"))
    assert lock is not None
    (found,) = recover(disk, str(tmp_path / "life"), lock).lanes
    # It cannot look, and rows that were in memory alone may be there: it goes on behind them.
    assert (found.done, found.stand, found.intent) == (20, stand.after_doubt(), None)


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("is_blind", [False, True])
def test_rows_in_doubt_that_are_not_all_here(tmp_path: Path, is_blind: bool, damaged: bool) -> None:
    """Nobody can tell whether they were stored: they are not sent again. What may be read is looked
    at; without the right to, the position is left, where they may stand."""
    stand = Stand(3, True, is_blind, 550, "t")
    journal = Journal.begin(LocalDisk(), str(tmp_path / "life"), salt=SALT, target=TARGET)
    progress = journal.declare(lane()._replace(first=2))
    for number, rows in enumerate(([b"first\n"], [b"later\n"], [b"other\n"]), 2):
        journal.add(progress, number, Lines.of(rows))
        assert commit(journal)
    progress.intend(2 if damaged else 0, 2, stand)  # else they were in memory alone
    journal.changed(progress)
    assert synced(journal)
    journal.close()
    segment = tmp_path / "life" / "00000001.rows"
    if damaged:
        segment.write_bytes(segment.read_bytes().replace(b"later", b"later"[::-1]))
    recovered = take_over(tmp_path / "life")
    (found,) = recovered.lanes
    assert found.intent is None
    assert found.stand == (stand._replace(part=4, position=None) if is_blind else stand)
    left = [number for first, end, _ in found.left(0) for number in range(first, end)]
    assert left == ([4] if damaged else [2, 3, 4])
    assert recovered.lost == (2 if damaged else 0)


def test_within_tells_whole_rows_only() -> None:
    """The extents that hold the rows; None with a gap or beyond the end."""
    progress, segment = progress_of(4, 8)
    progress.keep(apart(10, 12, segment))
    assert [e.first for e in progress.within(1, 5) or []] == [0, 4]
    assert [e.first for e in progress.within(10, 2) or []] == [10]
    assert progress.within(6, 5) is None
    assert progress.within(11, 2) is None
    assert progress.within(8, 1) is None


def test_the_intent_ends_with_its_rows() -> None:
    """Known for good only once it is synced; another position is another intent."""
    progress, _ = progress_of(4, 8)
    progress.intend(0, 4, STAND)
    assert not progress.intends(0, 4, STAND)
    progress.sure = True
    assert progress.intends(0, 4, STAND)
    assert not progress.intends(0, 4, STAND._replace(position=9))
    assert progress.intent == (0, 4)
    progress.finish(0, 4, STAND)
    assert progress.intent is None
