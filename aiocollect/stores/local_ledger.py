"""The ledger beside a local blob: what of the file is committed. One fixed record, one kernel lock.

A kill can tear a large write: the kernel looks for fatal signals between pages
(``generic_perform_write`` in mm/filemap.c). So the file's length alone does not say which appends
are whole. The ledger does, in a record smaller than a page that one ``pwrite`` writes. An append
is, under the lock:

1. note in the ledger how far the data will reach (``pending``),
2. write the data behind the committed length,
3. commit: the new length and block count, nothing pending.

Whoever takes the lock next finds the state that the last one left. Bytes beyond the committed
length and within what was pending are a torn append that nobody was told of: they are cut off. Any
other difference between file and ledger was made by somebody else, and such a file is never
written to.

The lock is the kernel's (``flock``): it ends with the process that holds it, however that ends.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import Refusal, StoreRefused

__all__ = ["Blob", "Record", "create", "locked"]

# Magic, version, unused, then created (ns), inode, length, blocks, pending; a CRC-32 ends it.
_FORMAT = struct.Struct("<4sHHQQQQQ")
_MAGIC = b"AIOL"
_VERSION = 1
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Record:
    """What the ledger says of a blob: bytes and blocks committed, and bytes being written."""

    created: int
    inode: int
    length: int = 0
    blocks: int = 0
    pending: int = 0

    def pack(self) -> bytes:
        """The record as bytes, with its checksum."""
        packed = _FORMAT.pack(
            *(_MAGIC, _VERSION, 0),
            *(self.created, self.inode, self.length, self.blocks, self.pending),
        )
        return packed + zlib.crc32(packed).to_bytes(4, "little")

    @classmethod
    def unpack(cls, data: bytes) -> Record | None:
        """The record, or None where there is none that can be trusted."""
        packed, crc = data[: _FORMAT.size], data[_FORMAT.size :]
        if len(packed) < _FORMAT.size or zlib.crc32(packed).to_bytes(4, "little") != crc:
            return None
        magic, version, _, created, inode, length, blocks, pending = _FORMAT.unpack(packed)
        if magic != _MAGIC or version != _VERSION:
            return None
        return cls(created, inode, length, blocks, pending)


class Blob:
    """A local blob under its lock: the data file, and the record that is true of it."""

    def __init__(self, ledger: int, data: int, record: Record) -> None:
        self._ledger = ledger
        self._data = data
        self.record = record

    @property
    def created(self) -> str:
        """Changes when the blob is made anew."""
        return f"{self.record.created:x}-{self.record.inode:x}"

    @property
    def etag(self) -> str:
        """Changes with every append."""
        return f"{self.created}-{self.record.blocks:x}-{self.record.length:x}"

    def read(self, offset: int, length: int) -> bytes:
        """Committed bytes only."""
        end = min(offset + length, self.record.length)
        return os.pread(self._data, end - offset, offset) if end > offset else b""

    def append(self, data: bytes) -> None:
        """All of it or nothing; what an OSError leaves behind is cut off."""
        record = self.record
        self._write(replace(record, pending=len(data)))
        try:
            view, position = memoryview(data), record.length
            while view:
                written = os.pwrite(self._data, view, position)
                view, position = view[written:], position + written
        except OSError:
            os.ftruncate(self._data, record.length)
            self._write(record)
            raise
        self._write(replace(record, length=position, blocks=record.blocks + 1))

    def _write(self, record: Record) -> None:
        os.pwrite(self._ledger, record.pack(), 0)
        self.record = record

    def repair(self) -> None:
        """Cut off what a killed writer left. Refuses a file that somebody else has changed."""
        record = self.record
        size = os.fstat(self._data).st_size
        if record.length < size <= record.length + record.pending:
            os.ftruncate(self._data, record.length)
        elif size != record.length:
            raise StoreRefused(Refusal.WRONG_TYPE, "ForeignChange")
        if record.pending:
            self._write(replace(record, pending=0))


def _ledger_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.ledger")


@contextmanager
def _lock(ledger: Path, *, make: bool) -> Iterator[int]:
    """The locked ledger file. FileNotFoundError where there is none and ``make`` is False."""
    while True:
        descriptor = os.open(ledger, _FLAGS | (os.O_CREAT if make else 0), 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Deleted while we waited for the lock: then it guards nothing.
            if os.fstat(descriptor).st_nlink:
                yield descriptor
                return
        finally:
            os.close(descriptor)  # and with it the lock


def _open_data(path: Path) -> int:
    descriptor = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StoreRefused(Refusal.WRONG_TYPE, "NotAFile")
    return descriptor


@contextmanager
def locked(path: Path) -> Iterator[Blob]:
    """The blob at ``path``, locked and repaired.

    StoreRefused BLOB_MISSING, and WRONG_TYPE for a file that is not ours, or not any more.
    """
    try:
        with _lock(_ledger_of(path), make=False) as ledger:
            data = _open_data(path)
            try:
                blob = Blob(ledger, data, _record(ledger, data))
                blob.repair()
                yield blob
            finally:
                os.close(data)
    except FileNotFoundError:
        if path.exists():
            raise StoreRefused(Refusal.WRONG_TYPE, "NoLedger") from None
        raise StoreRefused(Refusal.BLOB_MISSING, "BlobNotFound") from None


def _record(ledger: int, data: int) -> Record:
    record = Record.unpack(os.pread(ledger, _FORMAT.size + 4, 0))
    status = os.fstat(data)
    if record is not None and record.inode == status.st_ino:
        return record
    if status.st_size:
        raise StoreRefused(Refusal.WRONG_TYPE, "ForeignFile")
    # Made by somebody who was killed before the first record, or emptied and made anew.
    fresh = Record(time.time_ns(), status.st_ino)
    os.pwrite(ledger, fresh.pack(), 0)
    return fresh


def create(path: Path) -> bool:
    """Make an empty blob, unless something stands there."""
    with _lock(_ledger_of(path), make=True) as ledger:
        try:
            data = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.EISDIR):
                return False
            raise
        try:
            record = Record(time.time_ns(), os.fstat(data).st_ino)
            os.pwrite(ledger, record.pack(), 0)
        finally:
            os.close(data)
    return True
