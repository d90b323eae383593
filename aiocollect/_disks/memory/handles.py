"""What a process has open on a disk in memory: files, and directories that it has locked.

They are held by identity: a file without a name is still this file, and a renamed directory is
still this directory.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from random import Random
from typing import Protocol, TypeVar

from .faults import DiskCall
from .file import MemoryFile
from .tree import Directory, Tree, os_error

__all__ = ["LOCK_FILE", "MemoryHandle", "MemoryLock", "file_in"]

_T = TypeVar("_T")

LOCK_FILE = "lock"


class Machine(Protocol):
    """What handles use of the disk."""

    random: Random
    capacity: int | None
    tree: Tree

    @property
    def used(self) -> int:
        """The bytes of all files."""

    def release(self, node: Directory) -> None:
        """Free the lock."""


class Process(Protocol):
    """The process that has the handles."""

    def call(
        self,
        kind: DiskCall,
        path: str,
        wholly: Callable[[], _T],
        *,
        partly: Callable[[], object] | None = None,
        badly: Callable[[], object] | None = None,
    ) -> _T:
        """See DiskProcess.call."""


class MemoryHandle:
    """An open file: an ``aiocollect._spool.disk.File``."""

    def __init__(self, process: Process, disk: Machine, path: str, file: MemoryFile) -> None:
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


class MemoryLock:
    """A directory that is locked: an ``aiocollect._spool.disk.LockedDirectory``."""

    def __init__(self, process: Process, disk: Machine, path: str, node: Directory) -> None:
        self._process = process
        self._disk = disk
        self._path = path
        self._node = node
        self._held = True

    def __repr__(self) -> str:
        return f"<LockedDirectory {self._path} {'held' if self._held else 'free'}>"

    def names(self) -> list[str]:
        """See LockedDirectory.names."""
        return self._process.call(DiskCall.NAMES, self._path, lambda: sorted(self._node.names))

    def open(self, name: str, *, new: bool) -> MemoryHandle:
        """See LockedDirectory.open."""
        path = f"{self._path}/{name}"

        def take() -> MemoryHandle:
            file = file_in(self._node, name, path, new=new)
            return MemoryHandle(self._process, self._disk, path, file)

        return self._process.call(DiskCall.OPEN, path, take)

    def remove(self, name: str) -> None:
        """See LockedDirectory.remove."""
        path = f"{self._path}/{name}"

        def take() -> None:
            if name not in self._node.names:
                raise os_error(errno.ENOENT, path)
            self._node.change({name: None})

        self._process.call(DiskCall.REMOVE, path, take)

    def sync(self) -> None:
        """See LockedDirectory.sync."""
        self._process.call(
            DiskCall.SYNC_DIRECTORY,
            self._path,
            lambda: self._node.sync(),
            badly=lambda: self._node.sync_badly(self._disk.random),
        )

    def renew(self) -> bool:
        """See LockedDirectory.renew."""

        def make() -> bool:
            if LOCK_FILE not in self._node.names:
                file_in(self._node, LOCK_FILE, self._path, new=True)
            return True

        return self._process.call(DiskCall.RENEW, f"{self._path}/{LOCK_FILE}", make)

    def dissolve(self) -> None:
        """See LockedDirectory.dissolve."""

        def vanish() -> None:
            if self._node.names:
                raise os_error(errno.ENOTEMPTY, self._path)
            found = self._disk.tree.place_of(self._node)
            if found is not None:
                parent, name = found
                parent.change({name: None})

        self._process.call(DiskCall.DISSOLVE, self._path, vanish)

    def release(self) -> None:
        """See LockedDirectory.release."""

        def free() -> None:
            if self._held:
                self._held = False
                self._disk.release(self._node)

        self._process.call(DiskCall.RELEASE, self._path, free)


def file_in(directory: Directory, name: str, path: str, *, new: bool) -> MemoryFile:
    """A new file of the directory, or one that exists. Raises OSError."""
    file = directory.names.get(name)
    if new:
        if file is not None:
            raise os_error(errno.EEXIST, path)
        file = MemoryFile()
        directory.change({name: file})
    if file is None:
        raise os_error(errno.ENOENT, path)
    if isinstance(file, Directory):
        raise os_error(errno.EISDIR, path)
    return file
