"""The disk in memory fails by script, dies with its process, and works apart in virtual time."""

from __future__ import annotations

import asyncio
import errno
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from aiocollect._disks.memory.faults import SAFE
from aiocollect._spool.disk import Disk
from aiocollect.testing import (
    Crashed,
    DiskCall,
    DiskFault,
    DiskProcess,
    MemoryDisk,
    VirtualLoop,
    run_virtual,
)
from tests.support.memory_disks import outcomes, sync_all


@pytest.mark.parametrize("fault", DiskFault)
def test_a_write_that_fails_may_have_put_any_prefix(fault: DiskFault) -> None:
    """ENOSPC, EIO and EFBIG: nothing, some or all of it is there, from the beginning on."""

    def act(disk: MemoryDisk) -> object:
        process = disk.process()
        sync_all(process)
        file = process.open("/d/f", new=True)
        disk.faults = lambda *_: fault
        with pytest.raises(OSError) as error:
            file.write(b"abc", 0)
        assert error.value.errno == fault.value
        assert error.value.filename == "/d/f"
        return disk.files["/d/f"]

    assert outcomes(act).keys() == {b"", b"a", b"ab", b"abc"}


def test_the_capacity_is_exact_and_what_is_removed_gives_room() -> None:
    """A write beyond it puts what fits and raises ENOSPC; going over old bytes needs no room."""
    disk = MemoryDisk(Random(0), capacity=10)
    process = disk.process()
    sync_all(process)
    file = process.open("/d/f", new=True)
    file.write(b"12345678", 0)
    with pytest.raises(OSError, match="No space left") as error:
        file.write(b"abcd", 8)
    assert error.value.errno == errno.ENOSPC
    assert disk.files == {"/d/f": b"12345678ab"}
    file.write(b"XX", 0)
    file.truncate(2)
    file.write(b"YYYYYYYY", 2)
    process.remove("/d/f")
    process.open("/d/g", new=True).write(b"0123456789", 0)
    assert disk.used == 10


def test_reads_and_names_fail_by_script() -> None:
    """EIO strikes any call that touches the disk, and does nothing there."""
    disk = MemoryDisk(Random(0))
    process = disk.process()
    sync_all(process)
    file = process.open("/d/f", new=True)
    directory = process.lock("/d")
    assert directory is not None
    struck: list[DiskCall] = []

    def faults(call: DiskCall, path: str) -> DiskFault:
        struck.append(call)
        return DiskFault.IO_ERROR

    disk.faults = faults
    calls: list[Callable[[], object]] = [
        lambda: process.make_directory("/e"),
        lambda: process.names("/d"),
        lambda: process.lock("/d"),
        lambda: process.open("/d/g", new=True),
        lambda: process.remove("/d/f"),
        lambda: directory.names(),
        lambda: directory.renew(),
        lambda: directory.open("g", new=True),
        lambda: directory.remove("f"),
        lambda: directory.sync(),
        lambda: directory.dissolve(),
        lambda: file.write(b"", 0),
        lambda: file.read(0, 1),
        lambda: file.truncate(0),
        file.sync,
    ]
    for call in calls:
        with pytest.raises(OSError, match="Input/output error"):
            call()
    assert set(struck) == set(DiskCall) - SAFE
    assert list(disk.files) == ["/d/f"]
    file.close()


def a_life(process: DiskProcess) -> None:
    """A life that makes every call."""
    process.make_directory("/spool/one")
    directory = process.lock("/spool/one")
    assert directory is not None
    directory.renew()
    file = directory.open("new", new=True)
    file.write(b"0123456789", 0)
    file.sync()
    directory.sync()
    file.read(0, 4)
    file.truncate(file.size() - 1)
    file.close()
    directory.names()
    directory.remove("new")
    directory.remove("lock")
    directory.dissolve()
    directory.release()
    process.request()


def test_a_life_can_crash_at_every_call_and_is_dead_from_then_on() -> None:
    """Not at all, partly and wholly done all occur; every later call raises Crashed, and nothing
    changes any more; the counters know which calls were crashed at."""
    whole = MemoryDisk(Random(0)).process()
    a_life(whole)
    assert whole.calls.keys() == set(DiskCall)
    crashes: Counter[DiskCall] = Counter()
    written: set[bytes | None] = set()
    for at in range(1, whole.calls.total() + 1):
        for seed in range(30):
            disk = MemoryDisk(Random(seed))
            process = disk.process(crash_at=at)
            told: list[int] = []
            process.on_crash = lambda told=told: told.append(1)
            with pytest.raises(Crashed):
                a_life(process)
            left = disk.files
            assert (process.alive, told) == (False, [1])
            assert process.calls.total() == at
            with pytest.raises(Crashed):
                process.make_directory("/other")
            assert disk.files == left
            assert disk.crashes.total() == 1
            crashes += disk.crashes
            if disk.crashes[DiskCall.WRITE]:
                written.add(disk.files["/spool/one/new"])
            # The next life finds the lock free, and lives.
            disk.process().make_directory("/spool/one")
            assert disk.process().lock("/spool/one") is not None
    assert crashes.keys() == set(DiskCall)
    assert {b"", b"0123456789"} < written


def test_a_lock_dies_with_its_process_however_it_ends() -> None:
    """Held: others get None, also the holder itself. Free: released, ended, or the power cut."""
    disk = MemoryDisk(Random(0))
    one, two = disk.process(), disk.process()
    sync_all(one)
    lock = one.lock("/d")
    assert lock is not None
    assert two.lock("/d") is None
    assert one.lock("/d") is None
    lock.release()
    held = two.lock("/d")
    assert held is not None
    lock.release()  # again: it is not ours any more
    assert one.lock("/d") is None
    two.end()
    assert one.lock("/d") is not None
    disk.cut_power()
    assert disk.process().lock("/d") is not None


def test_apart_takes_virtual_time_and_keeps_the_order() -> None:
    """One at a time, in the order asked; the same seed takes the same time; an error is an answer,
    and holds up nothing; what is abandoned is not done."""

    def run(seed: int) -> tuple[list[object], float]:
        async def main(loop: VirtualLoop) -> tuple[list[object], float]:
            disk: Disk = MemoryDisk(Random(seed), latency=0.5).process()
            answers: list[object] = []
            done = loop.create_future()
            for number in range(3):
                disk.apart(lambda number=number: number, answers.append)  # type: ignore[misc]
            disk.apart(lambda: disk.names("/nowhere"), lambda e: answers.append(type(e)))
            disk.apart(lambda: 4, done.set_result)
            answers.append("begun")
            answers.append(await done)
            took = loop.time()
            disk.apart(lambda: 5, answers.append)
            disk.abandon()
            disk.apart(lambda: 6, answers.append)
            await asyncio.sleep(5)
            return answers, took

        return run_virtual(main)

    order, seconds = run(1)
    assert order == ["begun", 0, 1, 2, FileNotFoundError, 4, 6]
    assert 0 < seconds < 3
    assert run(1) == (order, seconds)
    assert run(2)[1] != seconds


def test_a_call_that_hangs_holds_nothing_else_up() -> None:
    """The work goes on where it hung, and the loop meanwhile; the same seed takes the same way.
    A call on the loop would hold it: it is counted. A process that ends while it hangs is dead."""

    def run(seed: int, *, ends: bool) -> tuple[object, ...]:
        hangs = Random(seed)
        disk = MemoryDisk(
            Random(seed), freezes=lambda call: 5.0 if hangs.random() < 0.3 else 0.0, latency=0.1
        )

        async def main(loop: VirtualLoop) -> tuple[object, ...]:
            process = disk.process()
            seen: list[object] = []

            def work() -> str:
                process.make_directory("/d")
                for number in range(8):
                    process.open(f"/d/{number}", new=True).close()
                return "done"

            process.apart(work, seen.append)
            ticks = [len(process.calls) and process.calls.total()]
            for _ in range(60):
                await asyncio.sleep(1.0)
                ticks.append(process.calls.total())
                if ends and sum(ticks) > 10:
                    process.end()
            assert not disk.on_loop
            if not ends:
                process.names("/d")
                assert disk.on_loop == {DiskCall.NAMES: 1}
            return (tuple(ticks), tuple(seen), dict(disk.frozen), tuple(disk.files))

        return run_virtual(main)

    for seed in range(20):
        found = run(seed, ends=False)
        assert found == run(seed, ends=False)
        assert found[1] == ("done",)
    assert len({run(seed, ends=False)[0] for seed in range(20)}) > 10
    for seed in range(20):
        found = run(seed, ends=True)
        assert found == run(seed, ends=True)
        assert found[1] == ()


def test_a_dead_process_does_no_work_apart() -> None:
    """What waits when the process ends is not begun, and nobody hears of it."""

    async def main(loop: VirtualLoop) -> None:
        process = MemoryDisk(Random(1), latency=1.0).process()
        begun: list[object] = []
        process.apart(lambda: begun.append(1), begun.append)
        process.end()
        await asyncio.sleep(5)
        with pytest.raises(Crashed):
            process.apart(lambda: begun.append(2), begun.append)
        assert begun == []

    run_virtual(main)
