"""What a disk in memory is asked, and how that can end other than well."""

from __future__ import annotations

import enum
import errno

__all__ = ["OPENING", "SAFE", "Crashed", "DiskCall", "DiskFault"]


class Crashed(BaseException):
    """The process is no more: nothing that it goes on to do has any effect."""


class DiskCall(enum.Enum):
    """The calls of a disk, its locked directories and its files; ``apart`` is none, what it runs
    makes them."""

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
    REQUEST = "request"  # none of the disk's: see DiskProcess.request

    __hash__ = object.__hash__


class DiskFault(enum.Enum):
    """How a call fails. A write may have put any part; what a sync left undone is never done.

    A new file that fails for want of space is a disk without a free inode.
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
# What needs a descriptor that is not there yet.
OPENING = {DiskCall.MAKE_DIRECTORY, DiskCall.NAMES, DiskCall.LOCK, DiskCall.RENEW, DiskCall.OPEN}
