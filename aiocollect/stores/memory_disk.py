"""A disk in memory, with processes that are killed, power that is cut, and faults by script.

For simulations. ``MemoryDisk`` is the machine's disk; ``process()`` gives the view that one process
has of it, and that is what a spool is given (it is an ``aiocollect.disk.Disk``).

What ends a process
-------------------
* It ends, or is killed (``end``): what it wrote stays, its locks are free.
* It crashes at its n-th call (``crash_at``): the call is done, done in part, or not; then as above.
  ``Crashed`` comes out of that call and of every later one.
* The power is cut (``cut_power``): all processes end. Of what was not synced, pages of 4096 bytes
  survive at random, the last write to a file may be torn at any byte, a size may be the synced one
  or any up to the last one. Names that were not synced (made, removed, renamed) survive or not;
  of several changes to one name an earlier one survives where a later one does, and a rename is
  whole or not at all.

Everything is decided by one seeded Random: the same calls have the same ends.
"""

from __future__ import annotations

import asyncio
import errno
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import TypeVar

from .memory_calls import SAFE, Crashed, DiskCall, DiskFault
from .memory_file import MemoryFile
from .memory_tree import Directory, Tree, os_error, parts_of

__all__ = ["DiskProcess", "MemoryDisk"]

_T = TypeVar("_T")


class MemoryDisk:
    """The disk of one machine; what stands on it outlives its processes.

    ``faults`` is asked before each call, with its path, and answers with a DiskFault or None.
    ``capacity`` is the sum of all files' bytes. ``latency``: what ``apart`` takes at most, seconds.
    ``calls`` and ``crashes`` count the calls made, and those that a process crashed at.
    """

    def __init__(
        self,
        random: Random,
        *,
        faults: Callable[[DiskCall, str], DiskFault | None] | None = None,
        capacity: int | None = None,
        latency: float = 0.0,
    ) -> None:
        self.random = random
        self.faults = faults
        self.capacity = capacity
        self.latency = latency
        self.calls: Counter[DiskCall] = Counter()
        self.crashes: Counter[DiskCall] = Counter()
        self.tree = Tree()
        self._processes: list[DiskProcess] = []
        self._locked: dict[MemoryFile, DiskProcess] = {}

    def __repr__(self) -> str:
        return f"<MemoryDisk {self.used} bytes, {len(self._processes)} processes>"

    @property
    def files(self) -> dict[str, bytes]:
        """Every file as the machine sees it now, by path."""
        return {path: bytes(file.data) for path, file in self.tree.files()}

    @property
    def used(self) -> int:
        """The bytes of all files that have a name."""
        return sum(len(file.data) for _, file in self.tree.files())

    def process(self, *, crash_at: int | None = None) -> DiskProcess:
        """A new process; it crashes at its ``crash_at``-th call, the first being 1."""
        process = DiskProcess(self, crash_at)
        self._processes.append(process)
        return process

    def cut_power(self) -> None:
        """End all processes, and lose what a power cut loses."""
        for process in list(self._processes):
            process.end()
        self.tree.cut_power(self.random)

    def lock(self, file: MemoryFile, process: DiskProcess) -> bool:
        """Whether the process has the lock now: nobody had it, not even itself."""
        if file in self._locked:
            return False
        self._locked[file] = process
        return True

    def release(self, file: MemoryFile) -> None:
        """Let others have the lock."""
        self._locked.pop(file, None)

    def forget(self, process: DiskProcess) -> None:
        """It has ended: its locks are free."""
        self._processes.remove(process)
        self._locked = {file: owner for file, owner in self._locked.items() if owner is not process}


class DiskProcess:
    """One process's view of the disk: an ``aiocollect.disk.Disk``.

    ``calls`` counts what it did. ``on_crash`` is called at the moment it crashes.
    """

    def __init__(self, disk: MemoryDisk, crash_at: int | None) -> None:
        self._disk = disk
        self._tree = disk.tree
        self._crash_at = crash_at
        self._apart: deque[Callable[[], None]] = deque()
        self.alive = True
        self.calls: Counter[DiskCall] = Counter()
        self.on_crash: Callable[[], None] | None = None

    def __repr__(self) -> str:
        return f"<DiskProcess {'alive' if self.alive else 'ended'}, {self.calls.total()} calls>"

    def end(self) -> None:
        """It ends, or is killed: from now on its calls raise Crashed; idempotent."""
        if self.alive:
            self.alive = False
            self._disk.forget(self)

    # The Disk protocol --------------------------------------------------------------------------

    def make_directory(self, path: str) -> None:
        """See Disk.make_directory. Survives a power cut."""
        parts = parts_of(path)
        some = self._disk.random.randrange(len(parts) + 1)
        self.call(
            DiskCall.MAKE_DIRECTORY,
            path,
            lambda: self._make(parts, sync=True),
            partly=lambda: self._make(parts[:some], sync=False),
        )

    def _make(self, parts: list[str], *, sync: bool) -> None:
        for depth in range(len(parts)):
            parent = self._tree.directory("/".join(parts[:depth]))
            if parts[depth] not in parent.names:
                parent.change({parts[depth]: Directory()})
            if sync:
                parent.sync()
        self._tree.directory("/".join(parts))

    def names(self, path: str) -> list[str]:
        """See Disk.names."""
        return self.call(DiskCall.NAMES, path, lambda: sorted(self._tree.directory(path).names))

    def lock(self, path: str) -> _Lock | None:
        """See Disk.lock."""

        def take() -> _Lock | None:
            parent, name = self._tree.parent(path)
            file = parent.names.get(name)
            if file is None:
                file = MemoryFile()
                parent.change({name: file})
            if isinstance(file, Directory):
                raise os_error(errno.EISDIR, path)
            if not self._disk.lock(file, self):
                return None
            return _Lock(self, self._disk, path, file)

        return self.call(DiskCall.LOCK, path, take)

    def open(self, path: str, *, new: bool) -> _File:
        """See Disk.open."""

        def take() -> _File:
            parent, name = self._tree.parent(path)
            file = parent.names.get(name)
            if new:
                if file is not None:
                    raise os_error(errno.EEXIST, path)
                file = MemoryFile()
                parent.change({name: file})
            if file is None:
                raise os_error(errno.ENOENT, path)
            if isinstance(file, Directory):
                raise os_error(errno.EISDIR, path)
            return _File(self, self._disk, path, file)

        return self.call(DiskCall.OPEN, path, take)

    def rename(self, path: str, to: str) -> None:
        """See Disk.rename."""

        def move() -> None:
            parent, name = self._tree.parent(path)
            other, new_name = self._tree.parent(to)
            if other is not parent:
                raise os_error(errno.EXDEV, to)
            if name not in parent.names:
                raise os_error(errno.ENOENT, path)
            if new_name != name:
                parent.change({name: None, new_name: parent.names[name]})

        self.call(DiskCall.RENAME, path, move)

    def remove(self, path: str) -> None:
        """See Disk.remove."""

        def take() -> None:
            parent, name = self._tree.parent(path)
            node = parent.names.get(name)
            if node is None:
                raise os_error(errno.ENOENT, path)
            if isinstance(node, Directory) and node.names:
                raise os_error(errno.ENOTEMPTY, path)
            parent.change({name: None})

        self.call(DiskCall.REMOVE, path, take)

    def sync_directory(self, path: str) -> None:
        """See Disk.sync_directory."""
        self.call(
            DiskCall.SYNC_DIRECTORY,
            path,
            lambda: self._tree.directory(path).sync(),
            badly=lambda: self._tree.directory(path).sync_badly(self._disk.random),
        )

    def apart(self, work: Callable[[], _T], then: Callable[[_T | OSError], None]) -> None:
        """See Disk.apart: in virtual time, by the loop's callbacks."""
        if not self.alive:
            raise Crashed("the process has ended")
        loop, line = asyncio.get_running_loop(), self._apart

        def run() -> None:
            if not self.alive or line is not self._apart:
                return
            answer: _T | OSError
            try:
                answer = work()
            except OSError as error:
                answer = error
            finally:
                line.popleft()
                if line:
                    loop.call_later(self._wait(), line[0])
            then(answer)

        line.append(run)
        if len(line) == 1:
            loop.call_later(self._wait(), run)

    def _wait(self) -> float:
        return self._disk.random.random() * self._disk.latency

    def abandon(self) -> None:
        """See Disk.abandon."""
        self._apart = deque()

    def request(self) -> None:
        """It asks something that is not the disk: a moment at which it may crash as well."""
        self.call(DiskCall.REQUEST, "", lambda: None)

    # One call -----------------------------------------------------------------------------------

    def call(
        self,
        kind: DiskCall,
        path: str,
        wholly: Callable[[], _T],
        *,
        partly: Callable[[], object] | None = None,
        badly: Callable[[], object] | None = None,
    ) -> _T:
        """Do it; or crash at it, having done it ``partly``; or fail, having done it ``badly``."""
        if not self.alive:
            raise Crashed("the process has ended")
        disk = self._disk
        self.calls[kind] += 1
        disk.calls[kind] += 1
        if self._crash_at is not None and self.calls.total() >= self._crash_at:
            done = disk.random.choice((None, partly, wholly))
            if done is not None:
                with suppress(OSError):
                    done()
            disk.crashes[kind] += 1
            self.end()
            if self.on_crash is not None:
                self.on_crash()
            raise Crashed(f"at call {self.calls.total()}: {kind.value} {path}")
        fault = None if disk.faults is None or kind in SAFE else disk.faults(kind, path)
        if fault is not None:
            if badly is not None:
                badly()
            raise os_error(fault.value, path)
        return wholly()


class _File:
    """An open file: an ``aiocollect.disk.File``."""

    def __init__(self, process: DiskProcess, disk: MemoryDisk, path: str, file: MemoryFile) -> None:
        self._process = process
        self._disk = disk
        self._path = path
        self._file: MemoryFile | None = file

    def __repr__(self) -> str:
        return f"<File {self._path} {'closed' if self._file is None else self._file!r}>"

    @property
    def _open(self) -> MemoryFile:
        if self._file is None:
            raise os_error(errno.EBADF, self._path)
        return self._file

    def write(self, data: bytes, offset: int) -> None:
        """See File.write."""
        random = self._disk.random

        def put() -> None:
            file, fits = self._open, len(data)
            if self._disk.capacity is not None:
                more = max(0, offset + fits - len(file.data))
                fits = max(0, fits - max(0, self._disk.used + more - self._disk.capacity))
            file.write(data[:fits], offset, random)
            if fits < len(data):
                raise os_error(errno.ENOSPC, self._path)

        def put_some() -> None:
            self._open.write(data[: random.randint(0, len(data))], offset, random)

        self._process.call(DiskCall.WRITE, self._path, put, partly=put_some, badly=put_some)

    def read(self, offset: int, length: int) -> bytes:
        """See File.read."""
        return self._process.call(
            DiskCall.READ, self._path, lambda: bytes(self._open.data[offset : offset + length])
        )

    def size(self) -> int:
        """See File.size."""
        return self._process.call(DiskCall.SIZE, self._path, lambda: len(self._open.data))

    def truncate(self, size: int) -> None:
        """See File.truncate."""
        self._process.call(DiskCall.TRUNCATE, self._path, lambda: self._open.truncate(size))

    def sync(self) -> None:
        """See File.sync."""
        random = self._disk.random
        self._process.call(
            DiskCall.SYNC,
            self._path,
            lambda: self._open.sync(),
            partly=lambda: self._open.sync_partly(random),
            badly=lambda: self._open.sync_badly(random),
        )

    def close(self) -> None:
        """See File.close; idempotent."""
        self._process.call(DiskCall.CLOSE, self._path, self._forget)

    def _forget(self) -> None:
        self._file = None


class _Lock:
    """A lock that is held: an ``aiocollect.disk.Lock``."""

    def __init__(self, process: DiskProcess, disk: MemoryDisk, path: str, file: MemoryFile) -> None:
        self._process = process
        self._disk = disk
        self._path = path
        self._file: MemoryFile | None = file

    def __repr__(self) -> str:
        return f"<Lock {self._path}>"

    def release(self) -> None:
        """See Lock.release; idempotent."""
        self._process.call(DiskCall.RELEASE, self._path, self._free)

    def _free(self) -> None:
        if self._file is not None:
            self._disk.release(self._file)
            self._file = None
