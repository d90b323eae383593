"""Local blobs as readers see them: what is committed, without a lock and without a write.

The ledger's record lies within one page and carries a checksum (ledger.py). A reader that meets it
in the middle of a write sees a checksum that is wrong, and looks again. Below the committed length
a file of ours never changes, so its bytes need no lock either; and a directory that is mounted read
only can be read. A file without a record of its own, such as a copy, is whole as far as anybody
knows: its end may be torn.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from ...errors import Refusal, StoreRefused
from ...typing import Listed, Range
from .ledger import RECORD_BYTES, Record, is_ledger, ledger_of

__all__ = ["fetch", "find"]

_LOOKS = 16
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def find(root: str, prefix: str) -> list[Listed]:
    """The files whose paths below ``root`` begin with ``prefix``, in order of their names."""
    folder = prefix.rpartition("/")[0]
    if any(segment in ("", ".", "..") for segment in folder.split("/")) and folder:
        return []
    found = []
    for path in _walk(f"{root}/{folder}" if folder else root):
        name = path[len(root) + 1 :]
        if name.startswith(prefix):
            try:
                descriptor = os.open(path, _FLAGS)
            except OSError:  # deleted a moment ago, or a link
                continue
            try:
                listed = _look(descriptor, path, name)
            finally:
                os.close(descriptor)
            if listed is not None:
                found.append(listed)
    return sorted(found)


def fetch(root: str, path: str, offset: int, length: int) -> Range:
    """Bytes of a file, as many as are committed."""
    if any(segment in ("", ".", "..") for segment in path.split("/")) or "\0" in path:
        raise StoreRefused(Refusal.INVALID, "InvalidName")
    file = f"{root}/{path}"
    descriptor = os.open(file, _FLAGS)
    try:
        listed = _look(descriptor, file, path)
        if listed is None:
            raise StoreRefused(Refusal.WRONG_TYPE, "NotAFile")
        left, data = max(0, min(length, listed.length - offset)), []
        while left:
            piece = os.pread(descriptor, left, offset)
            if not piece:
                break
            data.append(piece)
            offset, left = offset + len(piece), left - len(piece)
        return Range(b"".join(data), listed.length, "", listed.created)
    finally:
        os.close(descriptor)


def _walk(folder: str) -> Iterator[str]:
    """The files below a folder; none where there is no folder."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path)
        elif not is_ledger(entry.name):
            yield entry.path


def _look(descriptor: int, path: str, name: str) -> Listed | None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return None
    for _ in range(_LOOKS):
        record = _record(path)
        if record is None:
            continue
        if record.inode != status.st_ino or record.length > os.fstat(descriptor).st_size:
            break
        created = f"{record.created:x}-{record.inode:x}"
        return Listed(name, record.length, created, modified=status.st_mtime)
    created = f"file-{status.st_ino:x}"
    return Listed(name, status.st_size, created, committed=False, modified=status.st_mtime)


def _record(path: str) -> Record | None:
    try:
        descriptor = os.open(ledger_of(path), _FLAGS)
    except OSError:
        return None
    try:
        return Record.unpack(os.pread(descriptor, RECORD_BYTES, 0))
    finally:
        os.close(descriptor)
