"""A disk in memory, for simulations: it forgets what was not synced, tears the last write, fills
up, fails, and stops its process at any call.

The machine (``MemoryDisk``) outlives its processes (``MemoryDisk.process()``), each of which sees
it through a view of its own. What a process wrote is in the machine's page cache: a kill keeps it,
a power cut keeps what was synced and, of the rest, any pages, with the last write torn at any byte.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import TypeVar

from ..disk import File, Lock

__all__ = ["Crashed", "DiskView", "MemoryDisk"]

_T = TypeVar("_T")

PAGE = 4096


class Crashed(BaseException):
    """The process has ended here: no exception handler of its own ever sees this."""


def _nothing() -> None:
    pass


class _Node:
    """A file's bytes: as its processes see them, and as they stand on the disk."""

    __slots__ = ("dirty", "last", "seen", "size", "synced")

    def __init__(self) -> None:
        self.seen = bytearray()
        self.synced = b""
        self.dirty: set[int] = set()  # pages
        self.last: tuple[int, int] | None = None  # the last write since the sync: from, to

    def cut(self, random: Random) -> None:
        """The power is cut."""
        pages = {page for page in self.dirty if random.random() < 0.5}
        before, size = bytes(self.seen), len(self.synced)
        if len(before) != size and random.random() < 0.7:
            low, high = sorted((size, len(before)))
            size = random.randint(low, high)
        after = bytearray(self.synced[:size].ljust(size, b"\0"))
        for page in pages:
            piece = before[page * PAGE : (page + 1) * PAGE][: max(0, size - page * PAGE)]
            after[page * PAGE : page * PAGE + len(piece)] = piece
        if self.last is not None and random.random() < 0.5:
            start, end = self.last
            torn = min(random.randint(start, end), size)
            if torn > start:
                after[start:torn] = before[start:torn]
        self.seen, self.synced = after, bytes(after)
        self.dirty.clear()
        self.last = None


class MemoryDisk:
    """The machine. ``capacity`` in bytes; ``fails`` is asked before each call of a process, by its
    name, and answers with an error number or 0."""

    def __init__(self, random: Random, *, capacity: int | None = None) -> None:
        self.random = random
        self.capacity = capacity
        self.fails: Callable[[str], int] = lambda _: 0
        self.files: dict[str, _Node] = {}
        self.directories: set[str] = {"/"}
        self.locks: dict[str, DiskView] = {}
        self.calls: Counter[str] = Counter()
        self.latency = 0.0005
        # Names that came or went and were not synced: what they were before.
        self.unsynced: dict[str, _Node | None] = {}

    def __repr__(self) -> str:
        return f"<MemoryDisk {len(self.files)} files>"

    def process(self, *, calls: int | None = None) -> DiskView:
        """A process's view, which crashes at its ``calls``-th call."""
        return DiskView(self, calls)

    def end(self, view: DiskView, *, power_cut: bool) -> None:
        """The process has ended, however."""
        view.crashed = True
        self.locks = {path: owner for path, owner in self.locks.items() if owner is not view}
        if power_cut:
            self.locks.clear()
            for path, before in list(self.unsynced.items()):
                if self.random.random() < 0.5:
                    if before is None:
                        self.files.pop(path, None)
                    else:
                        self.files[path] = before
            self.unsynced.clear()
            for path in self.files:
                self.directories.add(os.path.dirname(path))
            for node in self.files.values():
                node.cut(self.random)

    @property
    def used(self) -> int:
        """Bytes of all files."""
        return sum(len(node.seen) for node in self.files.values())


class DiskView:
    """One process's disk: see aiocollect.disk.Disk for the calls."""

    def __init__(self, disk: MemoryDisk, calls: int | None) -> None:
        self.disk = disk
        self.crashed = False
        self.crashed_at = ""  # the call
        self._left = calls
        self._jobs: list[Callable[[], None]] = []
        self._running = False

    def __repr__(self) -> str:
        return f"<DiskView{' crashed' if self.crashed else ''}>"

    def call(
        self, name: str, do: Callable[[], _T], part: Callable[[], object] = lambda: None
    ) -> _T:
        """One system call: done wholly, not at all, or ``part`` of it, where the process ends."""
        disk = self.disk
        if self.crashed:
            raise Crashed
        disk.calls[name] += 1
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                self.crashed, self.crashed_at = True, name
                (do, part, _nothing)[disk.random.randrange(3)]()
                raise Crashed
        number = disk.fails(name)
        if number:
            part()
            raise OSError(number, os.strerror(number))
        return do()

    # Disk ---------------------------------------------------------------------------------------

    def make_directory(self, path: str) -> None:
        """See Disk."""
        self.call("mkdir", lambda: self.disk.directories.add(path))

    def names(self, path: str) -> list[str]:
        """See Disk."""
        disk = self.disk
        inside = [*disk.files, *disk.directories]
        return self.call(
            "list",
            lambda: sorted({os.path.basename(p) for p in inside if os.path.dirname(p) == path}),
        )

    def lock(self, path: str) -> Lock | None:
        """See Disk."""
        return self.call("lock", lambda: self._lock(path))

    def _lock(self, path: str) -> Lock | None:
        disk = self.disk
        if os.path.dirname(path) not in disk.directories:
            raise FileNotFoundError(errno.ENOENT, "No such directory")
        if path in disk.locks:
            return None
        if path not in disk.files:
            disk.unsynced.setdefault(path, None)
            disk.files[path] = _Node()
        disk.locks[path] = self
        return _MemoryLock(self, path)

    def open(self, path: str, *, new: bool) -> File:
        """See Disk."""
        return self.call("open", lambda: self._open(path, new))

    def _open(self, path: str, new: bool) -> File:
        disk = self.disk
        if new and path in disk.files:
            raise FileExistsError(errno.EEXIST, "File exists")
        if not new and path not in disk.files:
            raise FileNotFoundError(errno.ENOENT, "No such file")
        if new:
            disk.unsynced.setdefault(path, None)
            disk.files[path] = _Node()
        return _MemoryFile(self, disk.files[path])

    def rename(self, path: str, to: str) -> None:
        """See Disk."""

        def rename() -> None:
            files = self.disk.files
            files[to] = files.pop(path)

        self.call("rename", rename)

    def remove(self, path: str) -> None:
        """See Disk."""
        self.call("remove", lambda: self._remove(path))

    def _remove(self, path: str) -> None:
        disk = self.disk
        if path in disk.files:
            node = disk.files.pop(path)
            # One that came since the sync, and went: it was never there.
            disk.unsynced.setdefault(path, node)
        elif path in disk.directories:
            if any(os.path.dirname(other) == path for other in disk.files):
                raise OSError(errno.ENOTEMPTY, "Directory not empty")
            disk.directories.discard(path)
        else:
            raise FileNotFoundError(errno.ENOENT, "No such file")

    def sync_directory(self, path: str) -> None:
        """See Disk."""

        def sync() -> None:
            for name in [name for name in self.disk.unsynced if os.path.dirname(name) == path]:
                del self.disk.unsynced[name]

        self.call("sync_directory", sync)

    def apart(self, work: Callable[[], _T], then: Callable[[_T | OSError], None]) -> None:
        """See Disk: in virtual time."""
        loop = asyncio.get_running_loop()

        def run() -> None:
            answer: _T | OSError
            try:
                answer = work()
            except OSError as error:
                answer = error
            finally:
                self._jobs.pop(0)
                if self._jobs:
                    loop.call_later(self._wait(), self._jobs[0])
            then(answer)

        self._jobs.append(run)
        if len(self._jobs) == 1:
            loop.call_later(self._wait(), run)

    def _wait(self) -> float:
        return self.disk.latency * self.disk.random.random()

    def abandon(self) -> None:
        """See Disk."""
        self._jobs.clear()


class _MemoryLock:
    def __init__(self, view: DiskView, path: str) -> None:
        self._view = view
        self._path = path

    def release(self) -> None:
        """See Lock."""
        view = self._view
        if view.disk.locks.get(self._path) is view:
            view.call("release", lambda: view.disk.locks.pop(self._path))


class _MemoryFile:
    def __init__(self, view: DiskView, node: _Node) -> None:
        self._view = view
        self._node = node

    def write(self, data: bytes, offset: int) -> None:
        """See File."""
        view, node = self._view, self._node
        capacity = view.disk.capacity
        grows = max(0, offset + len(data) - len(node.seen))
        if capacity is not None and grows and view.disk.used + grows > capacity:
            room = len(data) - grows + max(0, capacity - view.disk.used)
            view.call("write", lambda: self._put(data[:room], offset))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def part() -> None:
            self._put(data[: view.disk.random.randint(0, len(data))], offset)

        view.call("write", lambda: self._put(data, offset), part)

    def _put(self, data: bytes, offset: int) -> None:
        node = self._node
        end = offset + len(data)
        if not data:
            return
        if len(node.seen) < end:
            node.seen.extend(bytes(end - len(node.seen)))
        node.seen[offset:end] = data
        node.dirty.update(range(offset // PAGE, (end - 1) // PAGE + 1))
        node.last = (offset, end)

    def read(self, offset: int, length: int) -> bytes:
        """See File."""
        return self._view.call("read", lambda: bytes(self._node.seen[offset : offset + length]))

    def size(self) -> int:
        """See File."""
        return self._view.call("size", lambda: len(self._node.seen))

    def truncate(self, size: int) -> None:
        """See File."""

        def truncate() -> None:
            del self._node.seen[size:]
            self._node.last = None

        self._view.call("truncate", truncate)

    def sync(self) -> None:
        """See File. A failed one leaves the pages clean, and on the disk nobody knows what."""
        node = self._node

        def sync() -> None:
            node.synced = bytes(node.seen)
            node.dirty.clear()
            node.last = None

        def failed() -> None:
            node.dirty.clear()
            node.last = None

        self._view.call("sync", sync, failed)

    def close(self) -> None:
        """See File."""
