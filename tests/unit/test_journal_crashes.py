"""The journal on a disk that fails, or loses what was not synced: orders that must hold."""

from __future__ import annotations

import asyncio
from random import Random

from aiocollect._core.journal import HEADER_SIZE, Lane, header, salt_of
from aiocollect._core.trail import Stand, Trail
from aiocollect._engine.journal import Journal
from aiocollect._engine.keeper import Keeper
from aiocollect._engine.recovery import Recovered, recover
from aiocollect.testing import (
    DiskCall,
    DiskFault,
    DiskProcess,
    MemoryDisk,
    VirtualLoop,
    run_virtual,
)

STAND = Stand(0, False, False, None, "")


def keep_a_row(process: DiskProcess, *, own: bool = False) -> tuple[Journal, Trail]:
    journal = Journal.begin(process, "/spool/life", salt=7)
    stand = STAND._replace(own=own)
    trail = journal.declare(
        Lane(0, 0, "a/data.csv", b"h\n", own, "00000000aa", 2, "text/csv", 0, stand)
    )
    journal.add(trail, 0, [b"row\n"])
    assert journal.commit()
    return journal, trail


def leave_rows(disk: MemoryDisk, *, own: bool = False) -> None:
    """A life that kept a row, sent nothing, and was killed."""
    process = disk.process()
    keep_a_row(process, own=own)
    process.end()


def adopt(process: DiskProcess) -> Recovered:
    lock = process.lock("/spool/life/lock")
    assert lock is not None
    return recover(process, "/spool/life", lock)


def test_slots_that_were_relied_on_survive_with_their_rows() -> None:
    """A life that takes over, and syncs before it sends, syncs the names too: or a power cut could
    leave the rows without the slots, and they would be sent again."""
    for seed in range(40):
        disk = MemoryDisk(Random(seed))
        leave_rows(disk)
        recovered = adopt(disk.process())
        recovered.journal.sync_rows()
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
        keeper = Keeper(recovered.journal, process)
        keeper.finish(recovered.trails[0], 0, 1, STAND)  # has the slots synced, then segments go
        closed = asyncio.Event()
        keeper.give_back(lambda _: closed.set())
        await closed.wait()
        return disk.files

    assert run_virtual(main) == {}


def test_a_lane_without_a_slot_stays_with_its_own_blobs() -> None:
    """The slot never came to the disk: the lane's record says whose blobs its rows belong into."""
    for own in (True, False):
        disk = MemoryDisk(Random(1))
        leave_rows(disk, own=own)
        process = disk.process()
        process.remove("/spool/life/slots")
        (trail,) = adopt(process).trails
        assert trail.stand.own is own


def test_nothing_is_sent_while_a_journal_that_was_given_up_is_still_there() -> None:
    """The disk fails: who waits to send goes on once the names are gone, and not before; killed
    until then, the next life would send the same rows again. So does who comes a moment later."""

    async def main(loop: VirtualLoop) -> None:
        disk = MemoryDisk(Random(1), latency=0.1)
        process = disk.process()
        journal, trail = keep_a_row(process)
        failed: list[OSError] = []
        keeper = Keeper(journal, process, failed=failed.append)
        disk.faults = lambda call, _: DiskFault.IO_ERROR if call is DiskCall.SYNC else None
        first = asyncio.ensure_future(keeper.intend(trail, 0, 1, STAND))
        while not failed:
            assert not first.done()
            await asyncio.sleep(0.001)
        later = asyncio.ensure_future(keeper.intend(trail, 0, 1, STAND))
        while disk.files:
            assert not first.done()
            assert not later.done()
            await asyncio.sleep(0.001)
        await asyncio.gather(first, later)
        await keeper.intend(trail, 0, 1, STAND)  # and from then on at once

    run_virtual(main)


def test_every_header_that_is_whole_is_known_and_every_torn_one_is_none() -> None:
    """Also those that end with zeros, as one in 256 does: taken for torn, all rows behind it would
    be set aside."""
    ends = set()
    for salt in range(1, 2000):
        whole = header(salt)
        assert salt_of(whole) == salt
        ends.add(whole.rstrip(b"\0"))
        for torn in range(0, HEADER_SIZE, 3):
            assert salt_of(whole[:torn].ljust(HEADER_SIZE, b"\0")) in (None, salt)
    assert len({len(end) for end in ends}) > 1, "no header of these ends with a zero"
