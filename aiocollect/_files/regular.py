"""Small files that operators name: read whole or appended to, and only if they are regular files.

A pipe in place of a file blocks whoever opens it forever, a device can do anything, and a link in
place of a file to write to leads to a file of another user. So nothing is opened that blocks,
nothing larger than the limit is read, and links are followed only for reading, as Kubernetes mounts
config maps and secrets as links.
"""

from __future__ import annotations

import errno
import os
import stat

__all__ = ["append_line", "check_appendable", "read_small", "replace_file", "write_new"]

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
    its place, and ValueError for an invalid file name."""
    # Check before opening: opening a device can already do something.
    _check_regular(os.stat(path))
    descriptor = os.open(path, os.O_RDONLY | _SAFE)
    try:
        found = os.fstat(descriptor)
        _check_regular(found)
        if found.st_size > most:
            raise _too_large(most)
        pieces = []
        left = most + 1
        # Not by its size: the files of /proc report 0.
        while left and (piece := os.read(descriptor, left)):
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(descriptor)
    if not left:
        raise _too_large(most)
    return b"".join(pieces)


def append_line(path: str, line: bytes, *, most: int, mode: int = 0o600) -> bool:
    """Append a line, in one write, to a regular file, which is created for this user alone. False
    if the file would exceed ``most`` bytes. Raises OSError, which says what is in its place, and
    ValueError for an invalid file name."""
    check_appendable(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _SAFE | _NO_LINKS
    descriptor = os.open(path, flags, mode)
    try:
        found = os.fstat(descriptor)
        _check_regular(found)
        if found.st_size + len(line) > most:
            return False
        # In one write, so that other processes can append too.
        if os.write(descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(descriptor)
    return True


def check_appendable(path: str) -> None:
    """Raise OSError if the path is not a regular file; a missing file is fine. Raises ValueError
    for an invalid file name."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    _check_regular(found)


def write_new(path: str, data: bytes) -> None:
    """Create a file that does not exist yet. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE | _NO_LINKS
    descriptor = os.open(path, flags, 0o666)  # by the umask: other users may have to read it
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def replace_file(path: str, data: bytes) -> None:
    """Put a file in the place of what has this name, for this user alone, so that a reader sees the
    old one or the new one. Its directory is made if it is missing. Raises OSError."""
    beside = f"{path}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _SAFE | _NO_LINKS
    try:
        descriptor = os.open(beside, flags, 0o600)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor = os.open(beside, flags, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        _check_regular(os.fstat(descriptor))
        file.write(data)
    os.replace(beside, path)


def _check_regular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = next((name for test, name in _KINDS if test(found.st_mode)), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file")


def _too_large(most: int) -> OSError:
    return OSError(errno.EFBIG, f"it is larger than {most} bytes")
