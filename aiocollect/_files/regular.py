"""Small files that operators name: read whole or added to, and nothing but regular files.

A pipe in the place of a file holds whoever opens it up for ever, a device may do anything, and a
link in the place of a file to write to leads to a file of somebody else's. So nothing is opened
that waits, nothing is read that is larger than it may be, and links are followed only to be read:
Kubernetes mounts its config maps and secrets so.
"""

from __future__ import annotations

import errno
import os
import stat

__all__ = ["append_line", "check_appendable", "read_small", "write_new"]

# Missing on Windows, which has no such files either.
_SAFE = (
    getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISLNK, "a link"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_small(path: str | os.PathLike[str], *, most: int) -> bytes:
    """The whole of a regular file of at most ``most`` bytes. Raises OSError, which says what is in
    its place, and ValueError for a name that no file can have."""
    # A look before it is opened: opening a device may already do something.
    _check_regular(os.stat(path))
    descriptor = os.open(path, os.O_RDONLY | _SAFE)
    try:
        found = os.fstat(descriptor)
        _check_regular(found)
        if found.st_size > most:
            raise _too_large(most)
        pieces = []
        left = most + 1
        # Not by its size: the files of /proc say 0.
        while left and (piece := os.read(descriptor, left)):
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(descriptor)
    if not left:
        raise _too_large(most)
    return b"".join(pieces)


def append_line(path: str, line: bytes, *, most: int, mode: int = 0o600) -> bool:
    """Add a line, in one write, to a regular file, which is made for this user alone.

    False where the file would be longer than ``most`` bytes. Raises OSError, which says what is in
    its place, and ValueError for a name that no file can have.
    """
    check_appendable(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _SAFE | _NO_LINKS
    descriptor = os.open(path, flags, mode)
    try:
        found = os.fstat(descriptor)
        _check_regular(found)
        if found.st_size + len(line) > most:
            return False
        # Whole, also beside other processes that add to it.
        if os.write(descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(descriptor)
    return True


def check_appendable(path: str) -> None:
    """Raise OSError where something other than a regular file is in its place; a missing file is
    fine. ValueError for a name that no file can have."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    _check_regular(found)


def write_new(path: str, data: bytes) -> None:
    """Make a file that there is not yet. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE | _NO_LINKS
    descriptor = os.open(path, flags, 0o666)  # as the umask says: others may have to read it
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _check_regular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = next((name for test, name in _KINDS if test(found.st_mode)), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file")


def _too_large(most: int) -> OSError:
    return OSError(errno.EFBIG, f"it is larger than {most} bytes")
