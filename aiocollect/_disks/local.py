"""The disk of this machine: the calls of ``aiocollect._spool.disk``, for one user alone.

Directories are 0700 and files 0600, whatever the umask is; links are not followed; a directory that
others own or can write to is refused. Blocking work runs on one thread for each line, started by
the first ``apart``: so calls are made in the order asked, and a disk that hangs does not block the
event loop.

A directory is locked by its own inode (flock on a descriptor of the directory): it can be neither
removed nor replaced while files are in it, and keeps its identity under any name. If there is a
file ``lock`` in it, that is locked too, since earlier versions use it alone. On a file system that
cannot lock directories (some network file systems) the file alone decides, and must exist.

A process forked meanwhile gives up the locks it was born with; see also ``abandon``.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from .._files.descriptors import (
    close_locked,
    hold,
    lock,
    sync_data,
    sync_file,
    watch_forks,
    write_at,
)
from .._spool.disk import Line
from .._threads.line import ThreadLine, is_interpreter_ending

__all__ = ["LocalDisk"]

_T = TypeVar("_T")

_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
_DIRECTORY = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY
_LOCK = "lock"
# A file system that cannot lock directories raises one of these.
_NO_DIRECTORY_LOCKS = {errno.EBADF, errno.EINVAL, errno.EISDIR, errno.ENOLCK, errno.EOPNOTSUPP}
_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class LocalDisk:
    """Files by their paths on this machine: an ``aiocollect._spool.disk.Disk``."""

    def __init__(self) -> None:
        self._lines: dict[Line, ThreadLine] = {}

    def __repr__(self) -> str:
        threads = sum(line.stands for line in self._lines.values())
        return f"<LocalDisk with {threads} threads>"

    def make_directory(self, path: str) -> None:
        """See Disk.make_directory."""
        above = os.path.dirname(os.path.abspath(path))
        if not os.path.isdir(above):
            self.make_directory(above)
        made = True
        if os.path.islink(path):
            raise PermissionError(errno.EACCES, "it is a link; name the directory itself", path)
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

    def lock(self, path: str) -> _LockedDirectory | None:
        """See Disk.lock."""
        watch_forks()
        descriptor = os.open(path, _DIRECTORY | os.O_NOFOLLOW)
        hold(descriptor)
        directory = _LockedDirectory(path, descriptor)
        try:
            if directory.take():
                return directory
        except BaseException:
            directory.release()
            raise
        directory.release()
        return None

    def open(self, path: str, *, new: bool) -> _File:
        """See Disk.open."""
        return _File(path, _open_new(path) if new else _open_standing(path))

    def remove(self, path: str) -> None:
        """See Disk.remove."""
        if stat.S_ISDIR(os.lstat(path).st_mode):
            os.rmdir(path)
        else:
            os.unlink(path)

    def apart(
        self, work: Callable[[], _T], then: Callable[[_T | OSError], None], *, line: Line = "own"
    ) -> None:
        """See Disk.apart: on a thread for each line. At the exit of the interpreter, when none can
        be started, on the loop, which nobody else needs by then."""
        loop = asyncio.get_running_loop()

        def run() -> None:
            call: Callable[..., object] = then
            answer: Any
            try:
                answer = work()
            except OSError as error:
                answer = error
            except BaseException as error:
                call = loop.call_exception_handler
                answer = {
                    "message": "aiocollect: internal error, please report it",
                    "exception": error,
                }
            with suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(call, answer)

        found = self._lines.setdefault(line, ThreadLine(f"aiocollect-disk-{line}"))
        if found.put(run):
            return
        if is_interpreter_ending():
            loop.call_soon(run)
        else:
            error = OSError(errno.EAGAIN, "no thread can be started")
            loop.call_soon(then, error)

    def close(self) -> None:
        """See Disk.close."""
        for line in self._lines.values():
            line.end()

    def abandon(self) -> None:
        """See Disk.abandon: the parent's threads do not exist here."""
        self._lines = {}


class _LockedDirectory:
    """A directory that is locked: an ``aiocollect._spool.disk.LockedDirectory``."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._file = -1  # the lock file's
        self._pid = os.getpid()

    def __repr__(self) -> str:
        return f"<LockedDirectory {self._path} {'free' if self._descriptor < 0 else 'held'}>"

    def take(self) -> bool:
        """Lock it. False: another process has it, or it has lost its name meanwhile."""
        found = os.fstat(self._descriptor)
        _check_owner(self._path, found)
        by_itself = True
        try:
            lock(self._descriptor)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _NO_DIRECTORY_LOCKS:
                raise
            by_itself = False
        try:
            if not os.path.samestat(found, os.stat(self._path, follow_symlinks=False)):
                return False
        except FileNotFoundError:
            return False
        try:
            return self._take_file(_open_standing(_LOCK, within=self._descriptor))
        except FileNotFoundError:
            if by_itself or not os.listdir(self._descriptor):
                return True
            raise OSError(
                errno.ENOLCK,
                "its lock file is gone, and this file system cannot lock directories, so "
                "it is not known whether its process still runs; once that process has "
                "ended, create an empty file 'lock' in the directory",
                self._path,
            ) from None

    def _take_file(self, descriptor: int) -> bool:
        hold(descriptor)
        try:
            lock(descriptor)
            # A lock on a file without a name keeps no other process out.
            stands = os.stat(_LOCK, dir_fd=self._descriptor, follow_symlinks=False)
            if os.path.samestat(os.fstat(descriptor), stands):
                self._drop_file()
                self._file = descriptor
                return True
        except (BlockingIOError, FileNotFoundError):
            pass
        except BaseException:
            close_locked(descriptor)
            raise
        close_locked(descriptor)
        return False

    def renew(self) -> bool:
        """See LockedDirectory.renew."""
        try:
            stands = os.stat(_LOCK, dir_fd=self._descriptor, follow_symlinks=False)
            if self._file >= 0 and os.path.samestat(os.fstat(self._file), stands):
                return True
            return self._take_file(_open_standing(_LOCK, within=self._descriptor))
        except FileNotFoundError:
            return self._take_file(_open_new(_LOCK, within=self._descriptor))

    def _drop_file(self) -> None:
        if self._file >= 0:
            close_locked(self._file)
            self._file = -1

    def names(self) -> list[str]:
        """See LockedDirectory.names."""
        return sorted(os.listdir(self._descriptor))

    def open(self, name: str, *, new: bool) -> _File:
        """See LockedDirectory.open."""
        opening = _open_new if new else _open_standing
        return _File(os.path.join(self._path, name), opening(name, within=self._descriptor))

    def remove(self, name: str) -> None:
        """See LockedDirectory.remove."""
        os.unlink(name, dir_fd=self._descriptor)

    def sync(self) -> None:
        """See LockedDirectory.sync."""
        sync_file(self._descriptor)

    def dissolve(self) -> None:
        """See LockedDirectory.dissolve: at its path, or next to it under another name."""
        ours = os.fstat(self._descriptor)
        above = os.path.dirname(self._path)
        paths = [self._path]
        while paths:
            path = paths.pop()
            with suppress(FileNotFoundError):
                if os.path.samestat(ours, os.stat(path, follow_symlinks=False)):
                    os.rmdir(path)
                    return
            if path == self._path:
                paths = [os.path.join(above, name) for name in sorted(os.listdir(above))]
                paths = [path for path in paths if path != self._path]

    def release(self) -> None:
        """See LockedDirectory.release. In a forked process there is nothing to release."""
        descriptor, self._descriptor = self._descriptor, -1
        if self._pid != os.getpid():
            return
        self._drop_file()
        if descriptor >= 0:
            close_locked(descriptor)


class _File:
    """An open file: an ``aiocollect._spool.disk.File``."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def __repr__(self) -> str:
        return f"<File {self._path} {'closed' if self._descriptor < 0 else 'open'}>"

    def write(self, data: bytes, offset: int) -> None:
        """See File.write."""
        write_at(self._descriptor, data, offset)

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
        sync_data(self._descriptor)

    def close(self) -> None:
        """See File.close; idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _open_new(path: str, *, within: int | None = None) -> int:
    descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=within)
    os.fchmod(descriptor, 0o600)  # the umask may have taken even the owner's right
    return descriptor


def _open_standing(path: str, *, within: int | None = None) -> int:
    # Without waiting for a pipe that may be in its place.
    descriptor = os.open(path, _FLAGS | os.O_NONBLOCK, dir_fd=within)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file; remove it", path)
    return descriptor


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, _DIRECTORY)  # above ours a link is the system's own
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)


def _check_owner(path: str, found: os.stat_result) -> None:
    """Raise PermissionError if other users could change the rows."""
    if found.st_uid != os.geteuid():
        raise PermissionError(
            errno.EACCES, f"it belongs to user {found.st_uid}; use a directory of your own", path
        )
    if found.st_mode & _BY_OTHERS:
        raise PermissionError(
            errno.EACCES,
            "other users may write to it; chmod it to 700, or use a directory of your own",
            path,
        )
