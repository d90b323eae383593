"""The spool, as a pipeline uses it: what it outlives, what it takes, and what it does when the disk
does not. The oracle is the stored file, and what collect() returned."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from aiocollect import MemoryStore
from aiocollect.events import Event, SpoolAdopted, SpoolFailed
from aiocollect.testing import Fault, FaultKind, VirtualLoop, run_virtual
from tests.support.disks import StruckDisk
from tests.support.spools import down, files, numbers, spooled

PATH = "default/default/default/default/m/default/default"


def test_what_is_not_stored_at_close_is_stored_by_the_next_life(tmp_path: Path) -> None:
    """The report says "in spool"; the next pipeline on the directory stores it once, in order, and
    leaves nothing behind."""
    events: list[Event] = []

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=down)
        first = spooled(store, loop, tmp_path, 1)
        collector = first.collector("m", feature_names=["a"])
        for number in range(100):
            collector.collect(float(number))
            await asyncio.sleep(0.01)
        report = await first.aclose(timeout=2.0)
        assert (report.accepted, report.in_spool, report.in_memory) == (100, 100, 0)
        assert not report.dropped
        assert not report.possibly_stored
        store.faults = None
        second = spooled(store, loop, tmp_path, 2, hooks=[events.append])
        await second.start()
        second.collector("m", feature_names=["a"]).collect(-1.0)
        await asyncio.sleep(5.0)
        stats = second.stats()
        assert (stats.accepted, stats.adopted, stats.stored) == (101, 100, 101)
        assert [e.rows for e in events if isinstance(e, SpoolAdopted)] == [100]
        await second.aclose()
        found = numbers(store)
        assert sorted(found) == [-1.0, *map(float, range(100))]
        assert [n for n in found if n >= 0] == [*map(float, range(100))]
        assert files(tmp_path) == []

    run_virtual(main)


@pytest.mark.parametrize("writer", ["shared", "own"])
@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("applied", [True, False])
def test_a_doubt_outlives_its_process(
    tmp_path: Path, writer: str, readable: bool, applied: bool
) -> None:
    """A life ends with an append whose answer was lost, landed or not; the next one finds out."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(readable=readable)
        first = spooled(store, loop, tmp_path, 1, writer=writer)
        collector = first.collector("m", feature_names=["a"])
        collector.collect(1.0)
        await first.flush()
        kind = FaultKind.LOST_ANSWER if applied else FaultKind.NOT_SENT
        struck = iter([Fault(kind)])
        # Whatever the doubt was, it is not resolved in this life.
        store.faults = lambda *_: next(struck, None) or down()
        collector.collect(2.0)
        collector.collect(3.0)
        await asyncio.sleep(0.3)
        report = await first.aclose(timeout=1.0)
        assert (report.stored, report.in_spool) == (1, 2)
        store.faults = None
        second = spooled(store, loop, tmp_path, 2, writer=writer)
        await second.start()
        await asyncio.sleep(5.0)
        report = await second.aclose()
        assert (report.accepted, report.stored) == (2, 2)
        assert numbers(store) == [1.0, 2.0, 3.0]

    run_virtual(main)


def test_two_lives_never_take_the_same_orphan(tmp_path: Path) -> None:
    """Of many pipelines on one directory exactly one brings an orphan's rows to the store."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=down)
        for life in range(3):
            orphan = spooled(store, loop, tmp_path, life)
            collector = orphan.collector("m", feature_names=["a"])
            for number in range(10):
                collector.collect(float(10 * life + number))
            await orphan.aclose(timeout=0.5)
        store.faults = None
        heirs = [spooled(store, loop, tmp_path, 10 + life) for life in range(4)]
        for heir in heirs:
            await heir.start()
        await asyncio.sleep(70.0)
        assert sum(heir.stats().adopted for heir in heirs) == 30
        for heir in heirs:
            await heir.aclose()
        assert sorted(numbers(store)) == [*map(float, range(30))]
        assert files(tmp_path) == []

    run_virtual(main)


# A disk that fails --------------------------------------------------------------------------------


class Failing(StruckDisk):
    """``writes`` is raised by writing rows, ``slots`` by writing slots, ``syncs`` by syncing; None:
    all is well."""

    writes: OSError | None = None
    slots: OSError | None = None
    syncs: OSError | None = None

    def strike(self, call: str, path: str) -> None:
        where = "slots" if path.endswith("slots") else "writes"
        error = getattr(self, where) if call == "write" else None
        error = self.syncs if call == "sync" else error
        if error is not None:
            raise error


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG, errno.EIO])
def test_a_full_disk_falls_back_to_memory_and_recovers(tmp_path: Path, code: int) -> None:
    """Rows that the disk does not take are in memory alone, counted; later ones are spooled again;
    all are stored, and what is left of a failed write is no row of the next life."""
    events: list[Event] = []
    disk = Failing()

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = spooled(store, loop, tmp_path, 1, disk=disk, hooks=[events.append], linger=0.5)
        collector = pipeline.collector("m", feature_names=["a"])
        disk.writes = None
        for number in range(30):
            disk.writes = OSError(code, os.strerror(code)) if 10 <= number < 20 else None
            collector.collect(float(number))
            await asyncio.sleep(0.3)
        assert [e.reason for e in events if isinstance(e, SpoolFailed)][:1] == [os.strerror(code)]
        unspooled = pipeline.stats().unspooled
        assert 10 <= unspooled < 20
        collector.collect(30.0)
        await asyncio.sleep(0.05)
        assert pipeline.stats().unspooled == unspooled
        report = await pipeline.aclose()
        assert report.complete
        assert numbers(store) == [*map(float, range(31))]
        assert files(tmp_path) == []

    run_virtual(main)


@pytest.mark.parametrize("where", ["syncs", "slots"])
def test_a_disk_that_cannot_sync_costs_no_row(tmp_path: Path, where: str) -> None:
    """Where nothing can be noted, nothing is sent, and that is told; when the disk works again,
    all rows are stored, and nothing is left."""
    events: list[Event] = []
    disk = Failing()

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        # The log would write lines meanwhile, which the disk does not take: a sync with them fails.
        pipeline = spooled(store, loop, tmp_path, 1, disk=disk, hooks=[events.append], log=False)
        collector = pipeline.collector("m", feature_names=["a"])
        collector.collect(0.0)
        await pipeline.flush()
        setattr(disk, where, OSError(errno.EIO, "Input/output error"))
        receipt = collector.collect_receipt(1.0)
        assert receipt is not None
        durable = asyncio.ensure_future(receipt.durable())
        await asyncio.sleep(1.0)
        assert any(isinstance(event, SpoolFailed) for event in events)
        held = pipeline.stats().held
        assert numbers(store) == ([0.0] if where == "slots" else [0.0, 1.0])
        assert held == ({"spool": "Input/output error"} if where == "slots" else {})
        setattr(disk, where, None)
        await asyncio.sleep(6.0)
        assert pipeline.stats().held == {}
        collector.collect(2.0)
        await asyncio.sleep(0.05)
        assert (await durable) is (where == "slots")
        report = await pipeline.aclose()
        assert report.complete
        assert numbers(store) == [0.0, 1.0, 2.0]
        assert files(tmp_path) == []

    run_virtual(main)


def test_a_doubt_about_rows_in_memory_alone_is_not_taken_for_anothers_success(
    tmp_path: Path,
) -> None:
    """Nobody may read. Rows that the disk did not take are given up in doubt, and land late; those
    behind them are spooled. The next life must not take the position they fill for its own rows."""
    disk = Failing()

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(readable=False)
        first = spooled(store, loop, tmp_path, 1, disk=disk, writer="own")
        collector = first.collector("m", feature_names=["a"])
        collector.collect(0.0)
        await first.flush()
        disk.writes = OSError(errno.ENOSPC, "No space left on device")
        late = iter([Fault(FaultKind.LATE, 20.0)])
        store.faults = lambda _, path: next(late, down()) if "/m/" in path else down()
        collector.collect(1.0)
        await asyncio.sleep(3.0)
        disk.writes = None
        collector.collect(2.0)
        await asyncio.sleep(0.5)
        report = await first.aclose(timeout=1.0)
        assert (report.stored, report.possibly_stored, report.in_spool) == (1, 1, 1)
        await asyncio.sleep(30.0)
        store.faults = None
        second = spooled(store, loop, tmp_path, 2, writer="own")
        await second.start()
        await asyncio.sleep(5.0)
        assert (await second.aclose()).complete
        assert sorted(numbers(store)) == [0.0, 1.0, 2.0]

    run_virtual(main)
