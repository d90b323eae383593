"""The journal: what was written is read back as it was, whatever was cut off, flipped or torn."""

from __future__ import annotations

import random
import shutil
import struct
from pathlib import Path
from zlib import crc32

import pytest

from aiocollect._core.stand import Stand
from aiocollect._disks.local import LocalDisk
from aiocollect._spool.extents import NEAR, Extent, Extents
from aiocollect._spool.format import (
    HEADER_SIZE,
    UNKNOWN,
    Header,
    LaneRecord,
    Slot,
    header,
    header_of,
    slot_offset,
    slots,
)
from aiocollect._spool.journal import Journal
from aiocollect._spool.progress import LaneProgress
from aiocollect._spool.recovery import Recovered, recover
from aiocollect._spool.syncer import _read
from tests.support.journals import TARGET, commit, synced

SALT = 0x5A17_0001
STAND = Stand(0, False, False, None, "")
Written = dict[int, dict[int, bytes]]  # by lane: row number to its line


def lane(path: str = "a/data.csv") -> LaneRecord:
    return LaneRecord(0, 0, path, b"h\xff\n", False, "00000000aa", 2, "text/csv", 0, STAND)


def write(directory: Path, turns: int = 12) -> Written:
    """Two lanes, a few rows a turn; returns what was written."""
    chance = random.Random(7)
    journal = Journal.begin(LocalDisk(), str(directory), salt=SALT, target=TARGET)
    lanes = [journal.declare(lane(f"{name}/data.csv")) for name in "ab"]
    written: Written = {progress.lane.number: {} for progress in lanes}
    for turn in range(turns):
        for progress in lanes[: 1 + turn % 2]:
            first = progress.end
            lines = [
                b"%d,%s\n" % (first + row, chance.randbytes(chance.randint(0, 30)))
                for row in range(chance.randint(1, 4))
            ]
            journal.add(progress, first, lines)
            written[progress.lane.number].update(enumerate(lines, first))
        assert commit(journal)
    journal.close()
    return written


def read_back(recovered: Recovered) -> Written:
    """Every row that is left, by the lanes' extents."""
    found: Written = {}
    for progress in recovered.lanes:
        rows = found.setdefault(progress.lane.number, {})
        for extent in progress.extents:
            loaded = _read([extent], extent.first, extent.end, lane=progress.lane.number, salt=SALT)
            assert loaded is not None
            lengths, data = loaded
            at = 0
            for number, length in enumerate(lengths, extent.first):
                assert number not in rows, "a row was found twice"
                rows[number] = data[at : at + length]
                at += length
    return found


def take_over(directory: Path) -> Recovered:
    disk = LocalDisk()
    lock = disk.lock(str(directory))
    assert lock is not None
    try:
        return recover(disk, str(directory), lock)
    finally:
        lock.release()


def _salt(start: bytes) -> int | None:
    head = header_of(start)
    return None if head is None else head.salt


def test_everything_written_is_read_back(tmp_path: Path) -> None:
    """All rows, each under its number, and what the lane was."""
    written = write(tmp_path / "life")
    recovered = take_over(tmp_path / "life")
    assert read_back(recovered) == written
    assert (recovered.corrupt, recovered.lost) == (0, 0)
    assert [t.lane._replace(number=0, slot=0) for t in recovered.lanes] == [
        lane("a/data.csv"),
        lane("b/data.csv"),
    ]


@pytest.mark.slow
def test_a_segment_cut_off_anywhere(tmp_path: Path) -> None:
    """What stands before the cut is whole; the torn rest is no corruption, and no row of it."""
    written = write(tmp_path / "life")
    segment = tmp_path / "life" / "00000001.rows"
    whole = segment.read_bytes()
    before = -1
    for cut in range(len(whole)):
        segment.write_bytes(whole[:cut])
        recovered = take_over(tmp_path / "life")
        found = read_back(recovered)
        for number, rows in found.items():
            assert rows == {n: written[number][n] for n in range(len(rows))}
        count = sum(map(len, found.values()))
        assert count >= before
        before = count
        if cut >= HEADER_SIZE:
            assert (recovered.corrupt, recovered.lost) == (0, 0)


@pytest.mark.slow
def test_any_byte_flipped(tmp_path: Path) -> None:
    """At every offset: no row is altered or invented, its neighbours are found, it ends."""
    written = write(tmp_path / "life", turns=8)
    total = sum(map(len, written.values()))
    shutil.copytree(tmp_path / "life", tmp_path / "master")
    whole = (tmp_path / "life" / "00000001.rows").read_bytes()
    most = 8  # the rows of one record, and of the lane's whose declaration was hit
    for offset in range(HEADER_SIZE, len(whole)):
        shutil.rmtree(tmp_path / "life")
        shutil.copytree(tmp_path / "master", tmp_path / "life")
        for aside in tmp_path.glob("corrupt-*"):
            aside.unlink()
        flipped = bytearray(whole)
        flipped[offset] ^= 0x41
        (tmp_path / "life" / "00000001.rows").write_bytes(flipped)
        recovered = take_over(tmp_path / "life")
        found = read_back(recovered)
        for number, rows in found.items():
            assert rows.items() <= written[number].items()
        count = sum(map(len, found.values()))
        assert count < total or recovered.corrupt
        hit_declaration = len(found) < len(written)
        assert hit_declaration or count >= total - most
        # Set aside, unless it was the last record, which may as well be a torn one.
        assert bool(recovered.corrupt) == bool(list(tmp_path.glob("corrupt-*")))


def test_zeros_at_the_end(tmp_path: Path) -> None:
    """A file that grew before its bytes were on the disk, as after a power cut."""
    written = write(tmp_path / "life")
    segment = tmp_path / "life" / "00000001.rows"
    segment.write_bytes(segment.read_bytes() + bytes(5000))
    recovered = take_over(tmp_path / "life")
    assert read_back(recovered) == written
    assert recovered.corrupt == 0


def test_bytes_of_a_record_in_a_cell_are_no_record(tmp_path: Path) -> None:
    """Who knows the format, and not the salt, cannot put rows into another's stream."""
    write(tmp_path / "other")
    forged = (tmp_path / "other" / "00000001.rows").read_bytes()[HEADER_SIZE:]
    journal = Journal.begin(LocalDisk(), str(tmp_path / "life"), salt=SALT + 2, target=TARGET)
    progress = journal.declare(lane())
    journal.add(progress, 0, [forged])
    commit(journal)
    journal.close()
    segment = tmp_path / "life" / "00000001.rows"
    data = bytearray(segment.read_bytes())
    data[data.index(b"\xffrow", HEADER_SIZE + 1) + 4] ^= (
        1  # the declaration is corrupt: all after it is searched
    )
    segment.write_bytes(data)
    assert read_back(take_over(tmp_path / "life")) == {}


def test_another_versions_directory_is_left_alone(tmp_path: Path) -> None:
    """It is told by version, and not a byte of it changes."""
    write(tmp_path / "life")
    file = tmp_path / "life" / "slots"
    data = bytearray(file.read_bytes())
    data[8] = 3
    file.write_bytes(data)
    before = {path.name: path.read_bytes() for path in (tmp_path / "life").iterdir()}
    with pytest.raises(ValueError, match="version 3"):
        take_over(tmp_path / "life")
    assert {path.name: path.read_bytes() for path in (tmp_path / "life").iterdir()} == before


def test_what_version_1_has_written_is_read(tmp_path: Path) -> None:
    """Its header has no target; all else is as it was."""
    written = write(tmp_path / "life")
    start = struct.pack("<8sHxxI", b"aiospool", 1, SALT)
    old = (start + struct.pack("<I", crc32(start))).ljust(HEADER_SIZE, b"\0")
    for path in (tmp_path / "life").iterdir():
        if path.name != "lock":
            path.write_bytes(old + path.read_bytes()[HEADER_SIZE:])
    assert header_of(old) == Header(1, SALT, UNKNOWN)
    recovered = take_over(tmp_path / "life")
    assert read_back(recovered) == written
    assert (recovered.corrupt, recovered.lost) == (0, 0)
    for cut in range(HEADER_SIZE):
        assert header_of(old[:cut].ljust(HEADER_SIZE, b"\0")) in (None, Header(1, SALT, UNKNOWN))


def test_a_header_that_never_came_to_the_disk() -> None:
    """Blank or short is no version at all."""
    # Also one whose last bytes are zeros by chance.
    assert all(_salt(header(salt, TARGET.digest)) == salt for salt in range(SALT, SALT + 3000))
    assert _salt(b"") is None
    assert _salt(bytes(HEADER_SIZE)) is None
    for cut in range(HEADER_SIZE):
        assert _salt(header(SALT, TARGET.digest)[:cut]) is None
    for cut in range(19):
        assert _salt(header(SALT, TARGET.digest)[:cut].ljust(HEADER_SIZE, b"\0")) is None
    with pytest.raises(ValueError, match="not a spool file"):
        _salt(b"x" * HEADER_SIZE)


# Slots --------------------------------------------------------------------------------------------


def slot(generation: int, lane: int = 1) -> Slot:
    return Slot(generation, lane, 5, 7, 9, 5, 2, 1 << 40, 3, True, False, True, "Mon, 1 Jan")


def image(*copies: bytes) -> bytes:
    return header(SALT, TARGET.digest) + b"".join(copy.ljust(128, b"\0") for copy in copies)


def test_the_newer_sound_copy_counts() -> None:
    """Whichever of the two it is; a torn one leaves the other."""
    old, new = slot(4).pack(SALT), slot(5).pack(SALT)
    assert list(slots(image(old, new), SALT)) == [(0, 1, slot(5))]
    assert list(slots(image(new, old), SALT)) == [(0, 0, slot(5))]
    for cut in range(1, len(new)):
        torn = new[:cut] + old[cut:]
        found = list(slots(image(old, torn), SALT))
        assert found in ([(0, 0, slot(4))], [(0, 1, slot(5))])
    assert list(slots(image(b"", b""), SALT)) == []
    assert list(slots(image(b"x", b"y"), SALT)) == [(0, 1, None)]
    assert slot_offset(1, 1) == HEADER_SIZE + 3 * 128


# Trails -------------------------------------------------------------------------------------------


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
            journal.add(progress, progress.end, [b"%d of %d\n" % (turn, progress.lane.number)])
        assert commit(journal)
    [extent] = one.extents
    segment = tmp_path / "life" / "00000001.rows"
    data = bytearray(segment.read_bytes())
    data[data.index(b"7 of 2")] ^= 1
    segment.write_bytes(data)
    loaded = _read([extent], 5, 9, lane=1, salt=SALT)
    assert loaded is not None
    assert loaded[1] == b"".join(b"%d of 1\n" % turn for turn in range(5, 9))
    assert list(loaded[0]) == [7] * 4
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
    journal.add(progress, 20, [b"row\n"])
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
        journal.add(progress, number, rows)
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
