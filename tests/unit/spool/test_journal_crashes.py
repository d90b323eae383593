"""The journal on a disk that fails, or loses what was not synced: orders that must hold."""

from __future__ import annotations

import asyncio
from random import Random

from aiocollect._core.lines import Lines
from aiocollect._core.stand import Stand
from aiocollect._spool.format import HEADER_SIZE, VERSION, Header, LaneRecord, header, header_of
from aiocollect._spool.journal import Journal
from aiocollect._spool.progress import LaneProgress
from aiocollect._spool.recovery import Recovered, recover
from aiocollect._spool.syncer import Syncer
from aiocollect.testing import (
    DiskCall,
    DiskFault,
    DiskProcess,
    MemoryDisk,
    VirtualLoop,
    run_virtual,
)
from tests.support.journals import TARGET, commit, synced

STAND = Stand(0, False, False, None, "")


def keep_a_row(process: DiskProcess, *, own: bool = False) -> tuple[Journal, LaneProgress]:
    journal = Journal.begin(process, "/spool/life", salt=7, target=TARGET)
    stand = STAND._replace(own=own)
    progress = journal.declare(
        LaneRecord(0, 0, "a/data.csv", b"h\n", own, "00000000aa", 2, "text/csv", 0, stand)
    )
    journal.add(progress, 0, Lines.of([b"row\n"]))
    assert commit(journal)
    return journal, progress


def leave_rows(disk: MemoryDisk, *, own: bool = False) -> None:
    """A life that kept a row, sent nothing, and was killed."""
    process = disk.process()
    keep_a_row(process, own=own)
    process.end()


def adopt(process: DiskProcess) -> Recovered:
    lock = process.lock("/spool/life")
    assert lock is not None
    return recover(process, "/spool/life", lock)


def test_slots_that_were_relied_on_survive_with_their_rows() -> None:
    """A life that takes over, and syncs before it sends, syncs the names too: or a power cut could
    leave the rows without the slots, and they would be sent again."""
    for seed in range(40):
        disk = MemoryDisk(Random(seed))
        leave_rows(disk)
        recovered = adopt(disk.process())
        assert synced(recovered.journal)
        disk.cut_power()
        assert sorted(disk.files) == [
            "/spool/life/00000001.rows",
            "/spool/life/lock",
            "/spool/life/slots",
        ]


def test_a_directory_that_is_given_back_takes_its_dead_segments_along() -> None:
    """Closed while they wait to be removed: they go before the slots do, and nothing is left."""

    async def main(loop: VirtualLoop) -> dict[str, bytes]:
        disk = MemoryDisk(Random(1), latency=0.1)
        leave_rows(disk)
        process = disk.process()
        recovered = adopt(process)
        reported: list[str] = []
        syncer = Syncer(recovered.journal, process, report=reported.append, line="others")
        syncer.finish(recovered.lanes[0], 0, 1, STAND)  # has the slots synced, then segments go
        await syncer.close()
        await syncer.close()
        return disk.files

    assert run_virtual(main) == {}


def test_a_lane_without_a_slot_stays_with_its_own_blobs() -> None:
    """The slot never came to the disk: the lane's record says whose blobs its rows belong into."""
    for own in (True, False):
        disk = MemoryDisk(Random(1))
        leave_rows(disk, own=own)
        process = disk.process()
        process.remove("/spool/life/slots")
        (progress,) = adopt(process).lanes
        assert progress.stand.own is own


def test_nothing_is_sent_that_the_disk_takes_no_note_of() -> None:
    """Slots cannot be written: who waits to send waits, and it is tried again, more and more
    seldom; what is there stays there. When it works again, all go on."""

    async def main(loop: VirtualLoop) -> None:
        disk = MemoryDisk(Random(1), latency=0.1)
        process = disk.process()
        journal, progress = keep_a_row(process)
        reported: list[str] = []
        known: list[float] = []
        syncer = Syncer(journal, process, report=reported.append, line="own")
        before = set(disk.files)
        disk.faults = lambda call, path: DiskFault.IO_ERROR if path.endswith("slots") else None
        syncer.intend(progress, 0, 1, STAND, lambda: known.append(loop.time()))
        await asyncio.sleep(60.0)
        assert not known
        assert set(disk.files) == before
        assert syncer.trouble == "Input/output error"
        assert 5 <= len(reported) <= 10
        disk.faults = None
        await asyncio.sleep(31.0)
        assert len(known) == 1
        assert syncer.trouble == ""
        syncer.intend(progress, 0, 1, STAND, lambda: known.append(loop.time()))
        assert len(known) == 2  # and from then on at once

    run_virtual(main)


def test_what_a_write_has_left_that_could_not_be_undone_is_reported_to_be_final() -> None:
    """The disk takes all of a write, says that it failed, and cuts nothing off: the rows go on in
    memory alone, and are stored from there. The next life must not find them."""
    for seed in range(30):
        disk = MemoryDisk(Random(seed))
        process = disk.process()
        journal, progress = keep_a_row(process)
        assert synced(journal)
        journal.add(progress, 1, Lines.of([b"next\n"]))
        disk.faults = lambda call, path: (
            DiskFault.IO_ERROR
            if path.endswith(".rows") and call in (DiskCall.WRITE, DiskCall.TRUNCATE)
            else None
        )
        assert not commit(journal)
        assert progress.within(0, 1) is not None
        assert progress.within(1, 1) is None
        assert not journal.writable()
        disk.faults = None
        for row in (0, 1):
            progress.finish(row, 1, STAND)
            journal.changed(progress)
        assert synced(journal)
        assert not journal.live
        process.end()
        assert adopt(disk.process()).lanes == []


def test_every_header_that_is_whole_is_known_and_every_torn_one_is_none() -> None:
    """Also those that end with zeros, as one in 256 does: taken for torn, all rows behind it would
    be set aside."""
    ends = set()
    for salt in range(1, 2000):
        whole = header(salt, TARGET.digest)
        head = Header(VERSION, salt, TARGET.digest)
        assert header_of(whole) == head
        ends.add(whole.rstrip(b"\0"))
        for torn in range(0, HEADER_SIZE, 3):
            assert header_of(whole[:torn].ljust(HEADER_SIZE, b"\0")) in (None, head)
    assert len({len(end) for end in ends}) > 1, "no header of these ends with a zero"
