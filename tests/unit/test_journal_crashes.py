"""The journal on a disk that loses what was not synced: two orders that must hold."""

from __future__ import annotations

import asyncio
from random import Random

from aiocollect._core.journal import Lane
from aiocollect._core.trail import Stand
from aiocollect._engine.journal import Journal
from aiocollect._engine.keeper import Keeper
from aiocollect._engine.recovery import Recovered, recover
from aiocollect.testing import DiskProcess, MemoryDisk, VirtualLoop, run_virtual

STAND = Stand(0, False, False, None, "")


def leave_rows(disk: MemoryDisk) -> None:
    """A life that kept a row, sent nothing, and was killed."""
    process = disk.process()
    journal = Journal.begin(process, "/spool/life", salt=7)
    lane = Lane(0, 0, "a/data.csv", b"h\n", False, "00000000aa", 2, "text/csv")
    journal.add(journal.declare(lane, first=0, stand=STAND), 0, [b"row\n"])
    assert journal.commit()
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
