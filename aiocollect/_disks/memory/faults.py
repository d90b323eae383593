"""The calls of a disk in memory, and how they can fail."""

from __future__ import annotations

import enum
import errno

__all__ = ["OPENING", "SAFE", "Crashed", "DiskCall", "DiskFault"]


class Crashed(BaseException):
    """The process has ended: nothing that it still does has any effect."""


class DiskCall(enum.Enum):
    """The calls of a disk, its locked directories and its files; not ``apart``, whose work makes
    calls."""

    MAKE_DIRECTORY = "make_directory"
    NAMES = "names"
    LOCK = "lock"
    RENEW = "renew"
    OPEN = "open"
    REMOVE = "remove"
    DISSOLVE = "dissolve"
    SYNC_DIRECTORY = "sync_directory"
    WRITE = "write"
    READ = "read"
    SIZE = "size"
    TRUNCATE = "truncate"
    SYNC = "sync"
    CLOSE = "close"
    RELEASE = "release"
    REQUEST = "request"  # not a call of the disk: see DiskProcess.request

    __hash__ = object.__hash__


class DiskFault(enum.Enum):
    """How a call fails. A failed write may have written any part; what a failed sync left undone is
    never done. If a new file fails for lack of space, the disk has no free inode.
    """

    NO_SPACE = errno.ENOSPC
    IO_ERROR = errno.EIO
    TOO_LARGE = errno.EFBIG
    OVER_QUOTA = errno.EDQUOT
    NO_DESCRIPTOR = errno.EMFILE
    NOT_ALLOWED = errno.EACCES
    IS_DIRECTORY = errno.EISDIR

    __hash__ = object.__hash__


# What never fails: it touches no disk.
SAFE = {DiskCall.SIZE, DiskCall.CLOSE, DiskCall.RELEASE, DiskCall.REQUEST}
# What needs a new descriptor.
OPENING = {DiskCall.MAKE_DIRECTORY, DiskCall.NAMES, DiskCall.LOCK, DiskCall.RENEW, DiskCall.OPEN}
