"""A disk in memory, with processes that are killed, power that is cut, and faults by script.

For simulations. ``MemoryDisk`` is the disk of the machine; ``process()`` gives the view of one
process, an ``aiocollect._spool.disk.Disk``, which a spool works on.

A call hangs for as long as ``freezes`` says; the loop goes on meanwhile, since all calls are made
by work that was given to ``apart``. Calls made on the loop itself are counted as ``on_loop``.

What ends a process
-------------------
* It ends, or is killed (``end``): what it wrote stays, its locks are free.
* It crashes at its n-th call (``crash_at``): the call is done, done in part, or not; then as above.
  That call and every later one raise ``Crashed``.
* The power is cut (``cut_power``): all processes end. Of what was not synced, pages of 4096 bytes
  survive at random, the last write to a file may be torn at any byte, and the size is the synced
  one, the last one, or any between. Names that were not synced (made, removed, renamed) survive or
  not; of several changes to one name a later one survives only with the earlier ones, and a rename
  is whole or not at all.

One seeded Random decides everything: the same calls have the same results.
"""

from __future__ import annotations

import asyncio
import errno
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import TypeVar

from ..._spool.disk import Line
from ..._threads.loops import running_loop
from .faults import SAFE, Crashed, DiskCall, DiskFault
from .freeze import Freeze
from .handles import LOCK_FILE, MemoryHandle, MemoryLock, file_in
from .tree import Directory, Tree, os_error, parts_of

__all__ = ["DiskProcess", "MemoryDisk"]

_T = TypeVar("_T")


class MemoryDisk:
    """The disk of one machine; it outlives its processes.

    ``faults`` is called before each call, with its path, and returns a DiskFault or None.
    ``freezes`` is called before each call made apart, and returns for how many seconds it hangs.
    ``capacity``: bytes of all files together. ``latency``: seconds that ``apart`` takes at most.
    ``calls`` and ``crashes`` count the calls, and those at which a process crashed; ``failed`` and
    ``frozen`` those that failed by ``faults`` or hung, ``on_loop`` those made on an event loop.
    """

    def __init__(
        self,
        random: Random,
        *,
        faults: Callable[[DiskCall, str], DiskFault | None] | None = None,
        freezes: Callable[[DiskCall], float] | None = None,
        capacity: int | None = None,
        latency: float = 0.0,
    ) -> None:
        self.random = random
        self.faults = faults
        self.freezes = freezes
        self.capacity = capacity
        self.latency = latency
        self.calls: Counter[DiskCall] = Counter()
        self.crashes: Counter[DiskCall] = Counter()
        self.failed: Counter[tuple[DiskCall, DiskFault]] = Counter()
        self.frozen: Counter[DiskCall] = Counter()
        self.on_loop: Counter[DiskCall] = Counter()
        self.tree = Tree()
        self._processes: list[DiskProcess] = []
        self._locked: dict[Directory, DiskProcess] = {}

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

    def lock(self, directory: Directory, process: DiskProcess) -> bool:
        """Lock it for this process. False: a process has the lock already, be it this one."""
        if directory in self._locked:
            return False
        self._locked[directory] = process
        return True

    def locked(self, directory: Directory) -> bool:
        """Whether a process has the lock."""
        return directory in self._locked

    def release(self, node: Directory) -> None:
        """Free the lock."""
        self._locked.pop(node, None)

    def forget(self, process: DiskProcess) -> None:
        """It has ended: its locks are free."""
        self._processes.remove(process)
        self._locked = {node: owner for node, owner in self._locked.items() if owner is not process}


class DiskProcess:
    """One process's view of the disk: an ``aiocollect._spool.disk.Disk``.

    ``calls`` counts its calls. ``on_crash`` is called when it crashes.
    """

    def __init__(self, disk: MemoryDisk, crash_at: int | None) -> None:
        self._disk = disk
        self._tree = disk.tree
        self._crash_at = crash_at
        self._lines: dict[Line, deque[Callable[[], None]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._apart = False  # whether the work under way was given to apart()
        self._freeze: Freeze | None = None
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
            if self._freeze is not None:
                self._freeze.end()

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

    def lock(self, path: str) -> MemoryLock | None:
        """See Disk.lock."""

        def take() -> MemoryLock | None:
            node = self._tree.directory(path)
            if isinstance(node.names.get(LOCK_FILE), Directory):
                raise os_error(errno.EISDIR, f"{path}/{LOCK_FILE}")
            if not self._disk.lock(node, self):
                return None
            return MemoryLock(self, self._disk, path, node)

        return self.call(DiskCall.LOCK, path, take)

    def open(self, path: str, *, new: bool) -> MemoryHandle:
        """See Disk.open."""

        def take() -> MemoryHandle:
            parent, name = self._tree.parent(path)
            return MemoryHandle(self, self._disk, path, file_in(parent, name, path, new=new))

        return self.call(DiskCall.OPEN, path, take)

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

    def apart(
        self, work: Callable[[], _T], then: Callable[[_T | OSError], None], *, line: Line = "own"
    ) -> None:
        """See Disk.apart: in virtual time, by the loop's callbacks."""
        if not self.alive:
            raise Crashed("the process has ended")
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # what the last loop has not begun is never done
            self._loop, self._lines = loop, {}
        waiting = self._lines.setdefault(line, deque())

        def run() -> None:
            if self.alive and waiting is self._lines.get(line):
                self._do(work, done)

        def done(answer: _T | OSError) -> None:
            if self.alive and waiting is self._lines.get(line):
                waiting.popleft()
                if waiting:
                    loop.call_later(self._wait(), waiting[0])
                then(answer)

        waiting.append(run)
        if len(waiting) == 1:
            loop.call_later(self._wait(), run)

    def _do(self, work: Callable[[], _T], done: Callable[[_T | OSError], None]) -> None:
        """Do it at once; if a call in it hangs, up to that call, and the rest later."""

        def guarded() -> _T | OSError:
            try:
                return work()
            except OSError as error:
                return error

        if self._disk.freezes is None or self._freeze is not None:
            self._apart = True
            try:
                answer = guarded()
            finally:
                self._apart = False
            done(answer)
            return
        freeze = self._freeze = Freeze(guarded)

        def go_on() -> None:
            if not self.alive:
                return
            seconds = freeze.go_on()
            if seconds is not None:
                asyncio.get_running_loop().call_later(seconds, go_on)
                return
            self._freeze = None
            done(freeze.answer())

        go_on()

    def _wait(self) -> float:
        return self._disk.random.random() * self._disk.latency

    def close(self) -> None:
        """See Disk.close."""

    def abandon(self) -> None:
        """See Disk.abandon."""
        self._lines = {}

    def request(self) -> None:
        """A request to something other than the disk: the process may crash here as well."""
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
        disk = self._disk
        if kind is not DiskCall.REQUEST:
            self._stay(kind)
        if not self.alive:
            raise Crashed("the process has ended")
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
            disk.failed[kind, fault] += 1
            if badly is not None:
                badly()
            raise os_error(fault.value, path)
        return wholly()

    def _stay(self, kind: DiskCall) -> None:
        """Hang, if ``freezes`` says so; count a call that would block an event loop."""
        disk, freeze = self._disk, self._freeze
        if freeze is not None and freeze.inside:
            seconds = disk.freezes(kind) if disk.freezes is not None else 0.0
            if seconds:
                disk.frozen[kind] += 1
                freeze.hang(seconds)
        elif not self._apart and running_loop() is not None:
            disk.on_loop[kind] += 1
