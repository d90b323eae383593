"""Descriptors of files: kernel locks that a forked process must not keep, whole writes, and writes
that survive a power cut.

A lock (``flock``) belongs to the open file, which a fork shares. If the parent is killed while it
holds one, its child's copy would hold the lock for as long as the child lives. So a child closes
the descriptors it was born with; closing a copy leaves the lock to the parent.
"""

from __future__ import annotations

import errno
import fcntl
import functools
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

__all__ = [
    "close_locked",
    "hold",
    "lock",
    "sync_data",
    "sync_file",
    "syncing",
    "watch_forks",
    "write_at",
]

# The descriptors that hold a lock, or are about to.
_held: set[int] = set()

# What a file system says that knows no F_FULLFSYNC: fcntl(2) of macOS, and its network drives.
_UNKNOWN = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.ENOTTY}


@functools.cache
def watch_forks() -> None:
    """From now on a forked process gives up the locks it was born with. Once for each process."""
    os.register_at_fork(after_in_child=_after_fork)


def hold(descriptor: int) -> None:
    """This descriptor will be locked: a child must not keep it."""
    _held.add(descriptor)


def lock(descriptor: int) -> None:
    """Lock it for this process alone. Raises BlockingIOError if another process holds the lock."""
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def close_locked(descriptor: int) -> None:
    """Close it, and with it the lock."""
    _held.discard(descriptor)
    os.close(descriptor)


def write_at(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of ``data`` at ``offset``. Raises OSError, perhaps after writing a part."""
    view = memoryview(data)
    while view:
        # A write is short near a limit or the end of the disk; the next write raises the reason.
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def syncing(plain: Callable[[int], None], system: Any = fcntl) -> Callable[[int], None]:
    """How to wait until what was written to a descriptor survives a power cut, by what the system
    offers: macOS' fsync leaves it in the drive's own cache, and F_FULLFSYNC empties that (fsync(2)
    there); where a file system does not know it, ``plain`` is the most that can be had. The
    function raises OSError."""
    full = getattr(system, "F_FULLFSYNC", None)
    if full is None:
        return plain

    def sync(descriptor: int) -> None:
        try:
            system.fcntl(descriptor, full)
        except OSError as error:
            if error.errno not in _UNKNOWN:
                raise
            plain(descriptor)

    return sync


# The data and what is needed to find it; and all that the system keeps about the file. Not every
# system knows the difference.
sync_data = syncing(getattr(os, "fdatasync", os.fsync))
sync_file = syncing(os.fsync)


def _after_fork() -> None:
    for descriptor in _held:
        with suppress(OSError):
            os.close(descriptor)
    _held.clear()
