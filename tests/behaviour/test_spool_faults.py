"""What the disk, and whoever else may write to it, does to a spool: and that no row pays for it.

Machines in memory, whose processes are killed; the oracle is the stored file and what receipts had
said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from aiocollect import Pipeline
from aiocollect._disks.memory.tree import Directory
from aiocollect.events import SpoolFailed, SpoolLeft
from aiocollect.testing import (
    DiskCall,
    DiskFault,
    VirtualLoop,
)
from tests.support.machines import SPOOL, Machine
from tests.support.spools import down, numbers


async def durable(pipeline: Pipeline, rows: range, model: str = "m") -> None:
    """Have rows that survive a power cut."""
    collector = pipeline.collector(model, feature_names=["a"])
    receipt = None
    for number in rows:
        receipt = collector.collect_receipt(float(number))
        await asyncio.sleep(0.001)
    assert receipt is not None
    assert await receipt.durable()


def full(call: DiskCall, path: str) -> DiskFault | None:
    """No byte is free, and no inode; what was made before is written to."""
    grows = call in (DiskCall.OPEN, DiskCall.MAKE_DIRECTORY) or (
        call is DiskCall.WRITE and not path.endswith("slots")
    )
    return DiskFault.NO_SPACE if grows else None


def no_descriptor(call: DiskCall, path: str) -> DiskFault | None:
    """The process has no descriptor left."""
    opens = (DiskCall.OPEN, DiskCall.NAMES, DiskCall.LOCK, DiskCall.MAKE_DIRECTORY, DiskCall.RENEW)
    return DiskFault.NO_DESCRIPTOR if call in opens else None


@pytest.mark.slow
@pytest.mark.parametrize("slots_too", [True, False])
def test_a_full_disk_takes_nothing_that_is_durable(slots_too: bool) -> None:
    """Rows are durable; then the disk is full and many new streams come, whose slots it has no room
    for either; the process is killed."""
    machine = Machine()
    machine.store.faults = down

    async def life(pipeline: Pipeline, loop: VirtualLoop) -> None:
        await durable(pipeline, range(300))
        machine.disk.faults = lambda call, path: (
            DiskFault.NO_SPACE
            if call is DiskCall.WRITE and path.endswith("slots") and slots_too
            else full(call, path)
        )
        for number in range(70):
            pipeline.collector(f"n{number}", feature_names=["a"]).collect(-1.0)
        await asyncio.sleep(10.0)
        stats = pipeline.stats()
        assert stats.accepted == 370 == stats.in_memory + stats.in_spool
        assert stats.unspooled == 70

    machine.live(life)
    assert any(isinstance(event, SpoolFailed) for event in machine.events)
    machine.end()
    assert numbers(machine.store) == [*map(float, range(300))]


@pytest.mark.parametrize("want", [full, no_descriptor])
@pytest.mark.parametrize("ends", ["killed", "closed"])
def test_crossing_a_segment_in_want_doubles_nothing(
    want: Callable[[DiskCall, str], DiskFault | None], ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next segment cannot be made for a while; all rows are stored meanwhile, or after it."""
    monkeypatch.setattr("aiocollect._spool.journal.SEGMENT_BYTES", 4000)
    machine = Machine()

    async def life(pipeline: Pipeline, loop: VirtualLoop) -> None:
        collector = pipeline.collector("m", feature_names=["a"])
        for number in range(400):
            # From just before the second half of the first segment on, for two seconds.
            machine.disk.faults = want if 20 <= number < 120 else None
            collector.collect(float(number))
            await asyncio.sleep(0.02)
        await pipeline.flush()

    machine.live(life, killed=ends == "killed")
    if ends == "closed":
        assert machine.disk.files == {}
    machine.end()
    assert numbers(machine.store) == [*map(float, range(400))]


@pytest.mark.parametrize(
    "refused",
    [DiskCall.NAMES, DiskCall.REMOVE, DiskCall.SYNC_DIRECTORY, DiskCall.DISSOLVE],
)
def test_what_cannot_be_removed_at_the_end_is_not_stored_again(refused: DiskCall) -> None:
    """A graceful end without a descriptor to list the directory with, or a right to remove files:
    what is left says that all of it is final, and the next life removes it."""
    machine = Machine()

    async def life(pipeline: Pipeline, loop: VirtualLoop) -> None:
        await durable(pipeline, range(50))
        await pipeline.flush()
        machine.disk.faults = lambda call, _: DiskFault.NO_DESCRIPTOR if call is refused else None

    machine.live(life, killed=False)
    assert lives_of(machine)
    machine.end()
    assert lives_of(machine) == {}
    assert numbers(machine.store) == [*map(float, range(50))]


def test_a_disk_that_hangs_holds_up_neither_the_loop_nor_other_paths() -> None:
    """For ten seconds no call is answered: that is told, new paths go on from memory, and all that
    had to wait is stored when it answers again."""
    machine = Machine()
    frozen = False
    machine.disk.freezes = lambda _: 10.0 if frozen else 0.0

    async def life(pipeline: Pipeline, loop: VirtualLoop) -> None:
        nonlocal frozen
        old = pipeline.collector("old", feature_names=["a"])
        old.collect(0.0)
        await pipeline.flush()
        frozen = True
        old.collect(1.0)
        await asyncio.sleep(0.5)
        frozen = False  # the one call that hangs by now is enough
        await asyncio.sleep(2.0)
        told = [event.reason for event in machine.events if isinstance(event, SpoolFailed)]
        assert len(told) == 1
        assert "has not answered" in told[0]
        assert "spool" in pipeline.stats().held
        pipeline.collector("new", feature_names=["a"]).collect(2.0)
        old.collect(3.0)
        await asyncio.sleep(1.0)
        assert numbers(machine.store) == [2.0, 0.0], "a new path waits for the disk"
        assert pipeline.stats().unspooled in (2, 3)
        await asyncio.sleep(10.0)
        assert numbers(machine.store) == [2.0, 0.0, 1.0, 3.0]
        assert pipeline.stats().held == {}

    machine.live(life, killed=False)
    assert machine.disk.files == {}


def test_closing_before_a_disk_that_hangs_says_what_may_come_of_its_rows() -> None:
    """Nobody knows whether they came to the disk: possibly stored, and not dropped; killed after
    it, the next life stores them once."""
    machine = Machine()
    machine.store.faults = down
    frozen = False
    machine.disk.freezes = lambda _: 1000.0 if frozen else 0.0

    async def life(pipeline: Pipeline, loop: VirtualLoop) -> None:
        nonlocal frozen
        await durable(pipeline, range(5))
        frozen = True
        collector = pipeline.collector("m", feature_names=["a"])
        for number in range(5, 10):
            collector.collect(float(number))
        await asyncio.sleep(0.05)
        began = loop.time()
        report = await pipeline.aclose(timeout=1.0)
        assert loop.time() - began < 20.0
        assert (report.in_spool, report.possibly_stored) == (5, 5)
        assert not report.dropped

    machine.live(life)
    frozen = False
    machine.end()
    assert numbers(machine.store)[:5] == [*map(float, range(5))]


# Who else writes to the directory -----------------------------------------------------------------


def lives_of(machine: Machine) -> dict[str, Directory]:
    names = machine.disk.tree.directory(SPOOL).names
    return {name: node for name, node in names.items() if isinstance(node, Directory)}


@pytest.mark.parametrize("what", ["cleaned", "renamed"])
def test_a_living_life_is_nobodys_whatever_becomes_of_its_names(what: str) -> None:
    """A cleaner takes the empty lock file, or somebody renames the directory: another process finds
    a living one all the same."""
    machine = Machine()

    async def life(pipeline: Pipeline, loop: VirtualLoop) -> None:
        machine.store.faults = down
        await durable(pipeline, range(50))
        for name, node in list(lives_of(machine).items()):
            if what == "cleaned":
                node.change({"lock": None})
            else:
                machine.disk.tree.directory(SPOOL).change({name: None, f"old-{name}": node})
        other = machine.pipeline(loop, machine.disk.process(), writer_id="00000000bb")
        machine.store.faults = None
        await other.start()
        await asyncio.sleep(0.2)
        await durable(pipeline, range(50, 60))
        await asyncio.sleep(40.0)
        assert other.stats().adopted == 0
        if what == "cleaned":  # earlier versions lock that file alone: it is made again
            assert all("lock" in node.names for node in lives_of(machine).values())
        await other.aclose()

    machine.live(life, killed=False)
    assert numbers(machine.store) == [*map(float, range(60))]
    assert machine.disk.files == {}


@pytest.mark.parametrize("what", ["all", "slots", "rows"])
def test_files_that_are_removed_under_a_living_life_are_noticed(what: str) -> None:
    """A cleaner takes more than the lock file: it is told and held, nothing is called durable any
    more, and what is in memory is stored all the same."""
    machine = Machine()

    async def life(pipeline: Pipeline, loop: VirtualLoop) -> None:
        machine.store.faults = down
        await durable(pipeline, range(50))
        for node in lives_of(machine).values():
            names = [name for name in node.names if what == "all" or what in name]
            node.change(dict.fromkeys(names))
        await asyncio.sleep(100.0)
        assert "removed while this process used them" in pipeline.stats().held["spool"]
        assert not pipeline.healthy()
        failed = [event for event in machine.events if isinstance(event, SpoolFailed)]
        assert [event for event in failed if "removed while this process used them" in event.reason]
        receipt = pipeline.collector("m", feature_names=["a"]).collect_receipt(50.0)
        assert receipt is not None
        assert not await receipt.durable()
        machine.store.faults = None
        await pipeline.flush(60.0)

    machine.live(life, killed=True)
    assert numbers(machine.store) == [*map(float, range(51))]


@pytest.mark.parametrize("fault", [DiskFault.NOT_ALLOWED, DiskFault.IS_DIRECTORY])
def test_a_life_that_cannot_be_opened_hinders_no_other(fault: DiskFault) -> None:
    """It is told, once, with what to do; all others are stored; and it too, when it can be."""
    machine = Machine()
    machine.store.faults = down
    for number in range(3):
        machine.live(lambda p, _, n=number: durable(p, range(10 * n, 10 * n + 10)))  # type: ignore[misc]
    machine.store.faults = None
    first = sorted(lives_of(machine))[0]
    machine.disk.faults = lambda call, path: (
        fault if call is DiskCall.LOCK and path.endswith(first) else None
    )

    async def life(pipeline: Pipeline, loop: VirtualLoop) -> None:
        await asyncio.sleep(100.0)
        left = [event for event in machine.events if isinstance(event, SpoolLeft)]
        assert [event.life for event in left] == [first]
        assert "cannot be opened" in left[0].reason
        assert numbers(machine.store) == [*map(float, range(10, 30))]
        assert list(pipeline.stats().held) == [f"spool/{first}"]
        assert not pipeline.healthy()
        machine.disk.faults = None
        await asyncio.sleep(4000.0)
        assert pipeline.stats().held == {}

    machine.live(life, killed=False)
    assert sorted(numbers(machine.store)) == [*map(float, range(30))]
    assert machine.disk.files == {}


def test_a_moments_want_while_looking_is_no_reason_to_leave_a_life() -> None:
    """Descriptors run out while what others have left is looked at: it is looked at again."""
    machine = Machine()
    machine.store.faults = down
    machine.live(lambda p, _: durable(p, range(10)))
    machine.store.faults = None
    machine.disk.faults = no_descriptor

    async def life(pipeline: Pipeline, loop: VirtualLoop) -> None:
        await asyncio.sleep(1.0)
        assert pipeline.stats().adopted == 0
        machine.disk.faults = None
        await asyncio.sleep(61.0)
        assert pipeline.stats().adopted == 10
        assert pipeline.stats().held == {}

    machine.live(life, killed=False)
    assert numbers(machine.store) == [*map(float, range(10))]


def test_rows_that_cannot_be_read_for_a_moment_are_not_given_up() -> None:
    """A disk that fails to read what it has parked, and can a few seconds later."""
    machine = Machine()
    machine.store.faults = down
    machine.live(lambda p, _: durable(p, range(100)))
    machine.store.faults = None

    async def life(pipeline: Pipeline, loop: VirtualLoop) -> None:
        await asyncio.sleep(0.01)
        while not pipeline.stats().adopted:
            await asyncio.sleep(0.001)
        machine.disk.faults = lambda call, _: DiskFault.IO_ERROR if call is DiskCall.READ else None
        await asyncio.sleep(5.0)
        assert not pipeline.stats().dropped
        machine.disk.faults = None
        await asyncio.sleep(30.0)

    machine.live(life, killed=False)
    assert numbers(machine.store) == [*map(float, range(100))]
