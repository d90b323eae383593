"""Whole files in the directory, and the end of blobs that are in them: see ObjectStore.

A file is written without a name, or under a hidden one where the system knows no files without,
synced, and then linked to its name: the one step in which it appears, and which fails where there
is one already.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import IO

from ..._files.descriptors import sync_file
from ...errors import Refusal, StoreRefused
from . import ledger

__all__ = ["delete_if", "put", "seal_at"]

_PIECE = 2**20


def put(path: str, file: IO[bytes], length: int) -> bool:
    """Make a file of these bytes; False if there is one."""
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    if os.path.lexists(path):
        return False
    descriptor, hidden = _open(path)
    there = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with os.fdopen(descriptor, "wb") as new:
            shutil.copyfileobj(file, new, _PIECE)
            new.flush()
            sync_file(new.fileno())
            source = hidden or f"/proc/self/fd/{new.fileno()}"
            try:
                # With a directory's descriptor it is linkat(), which follows the link in /proc.
                os.link(source, os.path.basename(path), dst_dir_fd=there, follow_symlinks=True)
            except FileExistsError:
                return False
        sync_file(there)
        return True
    finally:
        os.close(there)
        if hidden:
            with suppress(OSError):
                os.unlink(hidden)


def seal_at(path: str, created: str, length: int) -> str:
    """Seal the blob if it is this one, and so long. Returns its ETag, or ""."""
    try:
        with ledger.locked(path) as blob:
            if blob.created != created or blob.record.length != length:
                return ""
            blob.seal()
            return blob.etag
    except StoreRefused as refused:
        if refused.reason in (Refusal.BLOB_MISSING, Refusal.WRONG_TYPE):
            return ""
        raise


def delete_if(path: str, etag: str) -> bool:
    """Delete the blob if its ETag is this."""
    try:
        return ledger.delete(path, etag)
    except StoreRefused as refused:
        if refused.reason in (Refusal.BLOB_MISSING, Refusal.WRONG_TYPE):
            return False
        raise


def _open(path: str) -> tuple[int, str]:
    """A new file to write to, and its hidden name; "" if it has none."""
    folder, name = os.path.split(path)
    without_name = getattr(os, "O_TMPFILE", 0)
    if without_name and os.path.exists("/proc/self/fd"):
        with suppress(OSError):  # not every file system has them
            return os.open(folder, without_name | os.O_WRONLY | os.O_CLOEXEC, 0o666), ""
    hidden = f"{folder}/.{name}.{os.urandom(8).hex()}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(hidden, flags, 0o666), hidden
