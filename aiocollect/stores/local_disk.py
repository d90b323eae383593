"""The disk of this machine, for a spool: private files, no link followed, syncs beside the loop."""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from ..disk import File, Lock

__all__ = ["LocalDisk"]

_T = TypeVar("_T")

_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW
# Linux has it, and it spares the file's times; macOS does not.
_sync = getattr(os, "fdatasync", os.fsync)


class LocalFile:
    """A file by its descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __repr__(self) -> str:
        return f"<LocalFile {self._descriptor}>"

    def write(self, data: bytes, offset: int) -> None:
        """See File: the kernel may take a part at a time."""
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, offset)
            view, offset = view[written:], offset + written

    def read(self, offset: int, length: int) -> bytes:
        """See File."""
        parts = []
        while length and (data := os.pread(self._descriptor, length, offset)):
            parts.append(data)
            length, offset = length - len(data), offset + len(data)
        return b"".join(parts)

    def size(self) -> int:
        """See File."""
        return os.fstat(self._descriptor).st_size

    def truncate(self, size: int) -> None:
        """See File."""
        os.ftruncate(self._descriptor, size)

    def sync(self) -> None:
        """See File."""
        _sync(self._descriptor)

    def close(self) -> None:
        """See File; idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class LocalLock:
    """A flock. It is the file's, not the descriptor's: where a child has a copy, closing that frees
    nothing."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """See Lock; idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class LocalDisk:
    """This machine's files. Its thread begins with the first work that is done apart."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None

    def __repr__(self) -> str:
        return "<LocalDisk>"

    def make_directory(self, path: str) -> None:
        """See Disk."""
        if os.path.isdir(path):
            found = os.lstat(path)
            if stat.S_ISLNK(found.st_mode):
                raise PermissionError(f"{path} is a link; give the directory itself")
            if found.st_uid != os.geteuid():
                raise PermissionError(f"{path} is another user's; give a directory of your own")
            if found.st_mode & 0o022:
                raise PermissionError(f"others may write to {path}; chmod it to 700")
            return
        parent = os.path.dirname(os.path.abspath(path))
        if not os.path.isdir(parent):
            self.make_directory(parent)
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)

    def names(self, path: str) -> list[str]:
        """See Disk."""
        return sorted(os.listdir(path))

    def lock(self, path: str) -> Lock | None:
        """See Disk."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it before may have removed it: then it is the lock of nothing.
            if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
                return LocalLock(descriptor)
        except (BlockingIOError, FileNotFoundError):
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def open(self, path: str, *, new: bool) -> File:
        """See Disk."""
        how = os.O_CREAT | os.O_EXCL if new else 0
        descriptor = os.open(path, os.O_RDWR | how | _FLAGS, 0o600)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(f"{os.path.basename(path)} is no file")
        return LocalFile(descriptor)

    def rename(self, path: str, to: str) -> None:
        """See Disk."""
        os.rename(path, to)

    def remove(self, path: str) -> None:
        """See Disk."""
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        else:
            os.unlink(path)

    def sync_directory(self, path: str) -> None:
        """See Disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _FLAGS)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def apart(self, work: Callable[[], _T], then: Callable[[_T | OSError], None]) -> None:
        """See Disk: on a thread of its own."""
        loop = asyncio.get_running_loop()
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="aiocollect-disk")

        def done(future: Future[_T]) -> None:
            error = future.exception()
            assert error is None or isinstance(error, OSError), error
            answer = future.result() if error is None else error
            with suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(then, answer)

        self._executor.submit(work).add_done_callback(done)

    def abandon(self) -> None:
        """See Disk: a child process has no such thread."""
        self._executor = None
