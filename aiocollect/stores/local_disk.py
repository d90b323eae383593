"""The disk of this machine: the calls of ``aiocollect.disk``, for one user alone.

Directories are 0700 and files 0600, whatever the umask says; links are not followed; a directory
that others own or may write to is refused. What blocks runs on one thread, made with the first
``apart``; so the order of the calls is the order asked, and a slow disk holds up no event loop.

A process forked meanwhile gives up the locks it was born with; see also ``abandon``.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import functools
import os
import stat
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

__all__ = ["LocalDisk"]

_T = TypeVar("_T")

_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
_DIRECTORY = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY
_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
# Not everywhere; where it is missing, fsync does the same and the times of the file besides.
_sync = getattr(os, "fdatasync", os.fsync)

# The descriptors that hold or are about to hold a lock, for _after_fork.
_held: set[int] = set()


@functools.cache
def _watch_forks() -> None:
    """From now on, a forked process gives up the locks it was born with. Once for each process."""
    os.register_at_fork(after_in_child=_after_fork)


def _after_fork() -> None:
    # A lock belongs to the open file, which the fork shares: with the parent killed, the copy would
    # hold it for as long as the child lives. Closing a copy leaves it to the parent.
    for descriptor in _held:
        with suppress(OSError):
            os.close(descriptor)
    _held.clear()


class LocalDisk:
    """Files by their paths on this machine: an ``aiocollect.disk.Disk``."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None

    def __repr__(self) -> str:
        return f"<LocalDisk {'without' if self._thread is None else 'with'} a thread>"

    def make_directory(self, path: str) -> None:
        """See Disk.make_directory. What it made survives a power cut."""
        above = os.path.dirname(os.path.abspath(path))
        if not os.path.isdir(above):
            self.make_directory(above)
        made = True
        if os.path.islink(path):
            raise PermissionError(errno.EACCES, "it is a link; give the directory itself", path)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            made = False
        descriptor = os.open(path, _DIRECTORY | os.O_NOFOLLOW)
        try:
            if made:
                os.fchmod(descriptor, 0o700)
            _check_owner(path, os.fstat(descriptor))
        finally:
            os.close(descriptor)
        if made:
            _sync_directory(above)

    def names(self, path: str) -> list[str]:
        """See Disk.names."""
        return sorted(os.listdir(path))

    def lock(self, path: str) -> _Lock | None:
        """See Disk.lock."""
        _watch_forks()
        try:
            descriptor = _open_new(path)
        except FileExistsError:
            try:
                descriptor = _open_standing(path)
            except FileNotFoundError:  # removed meanwhile
                return None
        _held.add(descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A lock on a file that has lost its name keeps nobody out.
            if os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False)):
                return _Lock(path, descriptor)
        except (BlockingIOError, FileNotFoundError):
            pass
        except BaseException:
            _let_go(descriptor)
            raise
        _let_go(descriptor)
        return None

    def open(self, path: str, *, new: bool) -> _File:
        """See Disk.open."""
        return _File(path, _open_new(path) if new else _open_standing(path))

    def rename(self, path: str, to: str) -> None:
        """See Disk.rename."""
        os.rename(path, to)

    def remove(self, path: str) -> None:
        """See Disk.remove."""
        if stat.S_ISDIR(os.lstat(path).st_mode):
            os.rmdir(path)
        else:
            os.unlink(path)

    def sync_directory(self, path: str) -> None:
        """See Disk.sync_directory."""
        _sync_directory(path)

    def apart(self, work: Callable[[], _T], then: Callable[[_T | OSError], None]) -> None:
        """See Disk.apart: on a thread of its own."""
        loop = asyncio.get_running_loop()

        def done(future: Future[_T]) -> None:
            error = future.exception()
            with suppress(RuntimeError):  # the loop has ended, and nobody waits
                if error is None:
                    loop.call_soon_threadsafe(then, future.result())
                elif isinstance(error, OSError):
                    loop.call_soon_threadsafe(then, error)
                else:
                    context = {"message": "aiocollect: our bug", "exception": error}
                    loop.call_soon_threadsafe(loop.call_exception_handler, context)

        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="aiocollect-disk")
        self._thread.submit(work).add_done_callback(done)

    def abandon(self) -> None:
        """See Disk.abandon: the parent's thread is not here, and is not waited for."""
        self._thread = None


class _File:
    """An open file: an ``aiocollect.disk.File``."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def __repr__(self) -> str:
        return f"<File {self._path} {'closed' if self._descriptor < 0 else 'open'}>"

    def write(self, data: bytes, offset: int) -> None:
        """See File.write."""
        view = memoryview(data)
        while view:
            # Short where a limit or the disk's end is near: the next one says which.
            written = os.pwrite(self._descriptor, view, offset)
            view, offset = view[written:], offset + written

    def read(self, offset: int, length: int) -> bytes:
        """See File.read."""
        pieces = []
        while length > 0 and (piece := os.pread(self._descriptor, length, offset)):
            pieces.append(piece)
            offset, length = offset + len(piece), length - len(piece)
        return b"".join(pieces)

    def size(self) -> int:
        """See File.size."""
        return os.fstat(self._descriptor).st_size

    def truncate(self, size: int) -> None:
        """See File.truncate."""
        os.ftruncate(self._descriptor, size)

    def sync(self) -> None:
        """See File.sync."""
        _sync(self._descriptor)

    def close(self) -> None:
        """See File.close; idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class _Lock:
    """A lock that is held: an ``aiocollect.disk.Lock``."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._pid = os.getpid()

    def __repr__(self) -> str:
        return f"<Lock {self._path}>"

    def release(self) -> None:
        """See Lock.release; idempotent. In a forked process there is nothing to release."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0 and self._pid == os.getpid():
            _let_go(descriptor)


def _let_go(descriptor: int) -> None:
    _held.discard(descriptor)
    os.close(descriptor)  # and with it the lock


def _open_new(path: str) -> int:
    descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
    os.fchmod(descriptor, 0o600)  # the umask may have taken even the owner's right
    return descriptor


def _open_standing(path: str) -> int:
    descriptor = os.open(path, _FLAGS | os.O_NONBLOCK)  # a pipe in its place must hold up nobody
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no regular file; remove it", path)
    return descriptor


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, _DIRECTORY)  # above ours a link is the system's own
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_owner(path: str, found: os.stat_result) -> None:
    """Raise PermissionError where rows would be at the mercy of other users."""
    if found.st_uid != os.geteuid():
        raise PermissionError(
            errno.EACCES, f"it belongs to user {found.st_uid}; give a directory of your own", path
        )
    if found.st_mode & _BY_OTHERS:
        raise PermissionError(
            errno.EACCES,
            "others may write to it; chmod it to 700, or give a directory of your own",
            path,
        )
