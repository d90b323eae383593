"""The disk in memory: what a kill leaves, what a power cut may leave, and that nothing else does.

The oracle keeps every version that each page has had since the last sync, and knows nothing of how
the disk chooses among them.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from aiocollect.testing import (
    Crashed,
    DiskCall,
    DiskFault,
    MemoryDisk,
)
from tests.support.memory_disks import outcomes, sync_all, sync_names

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
