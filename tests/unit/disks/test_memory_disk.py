"""The disk in memory: what a kill leaves, what a power cut may leave, and that nothing else does.

The oracle keeps every version that each page has had since the last sync, and knows nothing of how
the disk chooses among them.
"""

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

PAGE = 4096


class Expected:
    """One file: its bytes now, and what each page has been since the last sync."""

    def __init__(self) -> None:
        self.now = b""
        self.synced_size = 0
        self.pages: dict[int, set[bytes]] = {}
        self.last: tuple[int, bytes, bytes] | None = None  # offset, before, after

    def page(self, number: int) -> bytes:
        return self.now[number * PAGE : (number + 1) * PAGE].ljust(PAGE, b"\0")

    def write(self, data: bytes, offset: int) -> None:
        before = self.now.ljust(offset + len(data), b"\0")
        touched = range(min(len(self.now), offset) // PAGE, (offset + len(data)) // PAGE + 1)
        for number in touched:
            self.pages.setdefault(number, set()).add(self.page(number))
        self.now = before[:offset] + data + before[offset + len(data) :]
        for number in touched:
            self.pages[number].add(self.page(number))
        self.last = (offset, before, self.now)

    def sync(self) -> None:
        self.synced_size, self.pages, self.last = len(self.now), {}, None

    def may_be(self, found: bytes) -> bool:
        """Whether a power cut may have left this."""
        low, high = sorted((self.synced_size, len(self.now)))
        if not low <= len(found) <= high:
            return False
        for start in range(0, len(found), PAGE):
            number, piece = start // PAGE, found[start : start + PAGE]
            versions = self.pages.get(number, set()) | {self.page(number)}
            if not any(version.startswith(piece) for version in versions | self.torn(number)):
                return False
        return True

    def torn(self, number: int) -> set[bytes]:
        if self.last is None:
            return set()
        offset, before, after = self.last
        image = slice(number * PAGE, (number + 1) * PAGE)
        return {
            (after[:cut] + before[cut:])[image].ljust(PAGE, b"\0")
            for cut in range(max(offset, image.start), min(len(after), image.stop) + 1)
        }


def sync_all(process: DiskProcess) -> None:
    process.make_directory("/d")
    sync_names(process)


def sync_names(process: DiskProcess, path: str = "/d") -> None:
    """By whoever has it locked."""
    directory = process.lock(path)
    assert directory is not None
    try:
        directory.sync()
    finally:
        directory.release()


@pytest.mark.parametrize("seed", range(40))
def test_a_power_cut_leaves_synced_pages_and_any_version_of_the_others(seed: int) -> None:
    """Whatever the order of writes and syncs, each page is one that it has been since its sync."""
    random = Random(seed)
    disk = MemoryDisk(Random(seed))
    process = disk.process()
    sync_all(process)
    file = process.open("/d/f", new=True)
    sync_names(process)
    expected = Expected()
    for _ in range(random.randint(1, 12)):
        data = random.randbytes(random.choice([1, 60, 700, 5000, 9000]))
        offset = random.choice([len(expected.now), random.randint(0, len(expected.now) + 5000)])
        file.write(data, offset)
        expected.write(data, offset)
        if random.random() < 0.3:
            file.sync()
            expected.sync()
    assert file.read(0, 1 << 20) == expected.now
    disk.cut_power()
    assert expected.may_be(disk.files["/d/f"])
    after = disk.process().open("/d/f", new=False)
    assert after.read(0, 1 << 20) == disk.files["/d/f"]


def test_the_oracle_of_pages_can_say_no() -> None:
    """A lost synced page, a page that never was, and a size out of bounds are found."""
    expected = Expected()
    expected.write(b"a" * 5000, 0)
    expected.sync()
    expected.write(b"b" * 5000, 5000)
    assert expected.may_be(b"a" * 5000)
    assert expected.may_be(b"a" * 5000 + b"b" * 7)
    assert expected.may_be(b"a" * 5000 + b"\0" * 5000)
    assert not expected.may_be(b"a" * 4999)
    assert not expected.may_be(b"a" * 4096 + b"\0" * 904)
    assert not expected.may_be(b"a" * 5000 + b"c")
    assert not expected.may_be(b"a" * 5000 + b"b" * 5001)


def outcomes(act: Callable[[MemoryDisk], object], seeds: int = 300) -> Counter[object]:
    return Counter(act(MemoryDisk(Random(seed))) for seed in range(seeds))


def test_all_that_a_power_cut_can_do_to_a_write_happens() -> None:
    """Unsynced: kept, lost, torn, and a hole of zeros before what was kept; the size any."""

    def act(disk: MemoryDisk) -> object:
        process = disk.process()
        sync_all(process)
        file = process.open("/d/f", new=True)
        sync_names(process)
        file.write(b"1" * PAGE, 0)
        file.write(b"2" * PAGE, PAGE)
        disk.cut_power()
        found = disk.files["/d/f"]
        if len(found) < 2 * PAGE:
            return "shorter" if found else "empty"
        first, second = found[:PAGE].strip(b"\0"), found[PAGE:].strip(b"\0")
        return (len(first) == PAGE, 0 < len(second) < PAGE, len(second) == PAGE)

    seen = outcomes(act)
    assert seen.keys() >= {
        "empty", "shorter",
        (True, False, True), (False, False, True), (True, False, False), (True, True, False),
    }, seen  # fmt: skip


def test_what_was_synced_survives_and_what_was_killed_stays() -> None:
    """A kill loses nothing; after sync() and sync_directory() a power cut loses nothing either."""
    for seed in range(50):
        disk = MemoryDisk(Random(seed))
        process = disk.process()
        process.make_directory("/a/b")
        file = process.open("/a/b/f", new=True)
        file.write(b"x" * 9000, 0)
        process.end()
        assert disk.files == {"/a/b/f": b"x" * 9000}
        process = disk.process()
        process.open("/a/b/f", new=False).sync()
        sync_names(process, "/a/b")
        disk.cut_power()
        assert disk.files == {"/a/b/f": b"x" * 9000}


def test_names_that_were_not_synced_survive_or_not() -> None:
    """Made, removed, renamed by somebody: each may be lost; a rename is whole; files never change
    places."""

    def act(disk: MemoryDisk) -> object:
        process = disk.process()
        sync_all(process)
        for name in ("old", "gone"):
            file = process.open(f"/d/{name}", new=True)
            file.write(name.encode(), 0)
            file.sync()
        sync_names(process)
        names = disk.tree.directory("/d")
        names.change({"old": None, "renamed": names.names["old"]})
        process.remove("/d/gone")
        process.open("/d/new", new=True)
        disk.cut_power()
        assert disk.files.get("/d/old", b"old") == b"old"
        assert disk.files.get("/d/renamed", b"old") == b"old"
        return tuple(sorted(disk.files))

    seen = outcomes(act)
    either = [("/d/old",), ("/d/renamed",)]
    expected = {
        tuple(sorted((*one, *more)))
        for one in either
        for more in ((), ("/d/gone",), ("/d/new",), ("/d/gone", "/d/new"))
    }
    assert seen.keys() == expected


def test_a_directory_that_is_not_there_takes_its_files_along() -> None:
    """make_directory survives a power cut by itself; half-made ones may be lost, and lose all."""
    for seed in range(50):
        disk = MemoryDisk(Random(seed))
        process = disk.process()
        process.make_directory("/a/b/c")
        disk.cut_power()
        assert disk.process().names("/a/b") == ["c"]
    left = Counter[tuple[str, ...]]()
    for seed in range(300):
        disk = MemoryDisk(Random(seed))
        with pytest.raises(Crashed):
            disk.process(crash_at=1).make_directory("/a/b")
        disk.cut_power()
        process = disk.process()
        names = process.names("/")
        left[tuple(names + (process.names("/a") if names else []))] += 1
    assert left.keys() == {(), ("a",), ("a", "b")}


def test_a_failed_sync_loses_pages_for_good_and_the_next_one_claims_success() -> None:
    """After EIO the machine still shows the bytes, sync() succeeds, and a power cut loses some."""

    def act(disk: MemoryDisk) -> object:
        process = disk.process()
        sync_all(process)
        file = process.open("/d/f", new=True)
        sync_names(process)
        file.write(b"1" * PAGE, 0)
        disk.faults = lambda call, _: DiskFault.IO_ERROR if call is DiskCall.SYNC else None
        with pytest.raises(OSError, match="Input/output error"):
            file.sync()
        disk.faults = None
        file.sync()
        assert file.read(0, PAGE) == b"1" * PAGE
        disk.cut_power()
        return disk.files["/d/f"] == b"1" * PAGE

    assert outcomes(act).keys() == {True, False}


def test_a_failed_sync_of_names_loses_them_likewise() -> None:
    """As for files: the next sync_directory() claims success."""

    def act(disk: MemoryDisk) -> object:
        process = disk.process()
        sync_all(process)
        process.open("/d/f", new=True)
        disk.faults = lambda call, _: (
            DiskFault.IO_ERROR if call is DiskCall.SYNC_DIRECTORY else None
        )
        with pytest.raises(OSError, match="Input/output error"):
            sync_names(process)
        disk.faults = None
        sync_names(process)
        assert process.names("/d") == ["f"]
        disk.cut_power()
        return bool(disk.files)

    assert outcomes(act).keys() == {True, False}


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
