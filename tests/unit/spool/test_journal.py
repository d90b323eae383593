"""The journal: what was written is read back as it was, whatever was cut off, flipped or torn."""

from __future__ import annotations

import random
import shutil
import struct
from pathlib import Path
from zlib import crc32

import pytest

from aiocollect._core.lines import Lines
from aiocollect._disks.local import LocalDisk
from aiocollect._spool.format import (
    HEADER_SIZE,
    UNKNOWN,
    Header,
    Slot,
    header,
    header_of,
    slot_offset,
    slots,
)
from aiocollect._spool.journal import Journal
from aiocollect._spool.recovery import Recovered
from aiocollect._spool.syncer import _read
from tests.support.journal_bytes import SALT, lane, take_over
from tests.support.journals import TARGET, commit

Written = dict[int, dict[int, bytes]]  # by lane: row number to its line


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
            journal.add(progress, first, Lines.of(lines))
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
            for number, row in enumerate(loaded, extent.first):
                assert number not in rows, "a row was found twice"
                rows[number] = row
    return found


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
    journal.add(progress, 0, Lines.of([forged]))
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
    data[8] = 4
    file.write_bytes(data)
    before = {path.name: path.read_bytes() for path in (tmp_path / "life").iterdir()}
    with pytest.raises(ValueError, match="version 4"):
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
