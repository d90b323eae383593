"""The ledger beside a local blob: how much of the file is committed. One record, one kernel lock.

A kill can tear a large write: between pages the kernel looks for fatal signals
(``generic_perform_write`` in mm/filemap.c). So a file's length does not tell which appends are
whole. The ledger does. Its record is within one page and is written by one ``pwrite``, which a kill
leaves undone or done. Under the lock, an append is:

1. note in the ledger how far the data will reach (``pending``),
2. write the data after the committed length,
3. commit: the new length and block count, nothing pending. Only then is the caller told.

Why only whole appends remain: only the holder of the lock writes, and the page cache shows its
writes to all in program order. A holder ends in one of three ways: committed (3), with an error
(the data is cut off, the old record written back), or killed. A killed one leaves one of

====================================  ===========  ===============================================
the file's size                       ``pending``  what it means, and what the next holder does
====================================  ===========  ===============================================
length                                any          killed before 2, or after 3: nothing to cut
above length, to length + pending     above 0      killed in 2, or before 3: cut off, unacknowledged
any other                             any          changed by others: refused, never written to
====================================  ===========  ===============================================

Cancelling the caller's await changes nothing: the thread goes on, and commits. A blob is ours only
as long as its inode is the recorded one; a copy, a restored or an edited file is foreign.

The lock is the kernel's (``flock``) and ends with the process that holds it, however that ends; a
process forked meanwhile gives up its copy. A thread waits for it only a moment: the holder may be
stopped, and a waiting thread serves no other blob.

Both files are opened for each request. Threads that shared a descriptor would share its lock, and
keeping descriptors open would save 2 us of the 200 that an append of 4 KiB takes.
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
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from ..._files.descriptors import close_locked, hold, lock, write_at
from ...errors import Refusal, StoreBusy, StoreRefused

__all__ = [
    "RECORD_BYTES",
    "SEALED",
    "LocalBlob",
    "Record",
    "create",
    "delete",
    "is_ledger",
    "ledger_of",
    "locked",
]

# Magic, version, unused, then created (ns), inode, length, blocks, pending; a CRC-32 ends it.
_FORMAT = struct.Struct("<4sHHQQQQQ")
RECORD_BYTES = _FORMAT.size + 4
_MAGIC = b"AIOL"
_VERSION = 1
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW

# Seconds. About 100 appends of 1 MiB by others take this long; an attempt loses as much to a
# stopped holder.
LOCK_WAIT = 0.2
# Seconds between two attempts to lock: as long as an append of 4 KiB, up to one of several MiB.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0001, 0.004


# The number of blocks of a blob that was closed for good.
SEALED: Final = 2**63 - 1


class Record(NamedTuple):
    """The state of a blob: bytes and blocks that are committed, and bytes being written."""

    created: int
    inode: int
    length: int = 0
    blocks: int = 0
    pending: int = 0

    def pack(self) -> bytes:
        """The record as bytes, with its checksum."""
        packed = _FORMAT.pack(_MAGIC, _VERSION, 0, *self)
        return packed + zlib.crc32(packed).to_bytes(4, "little")

    @classmethod
    def unpack(cls, data: bytes) -> Record | None:
        """The record, or None if it cannot be trusted."""
        packed, crc = data[: _FORMAT.size], data[_FORMAT.size :]
        if len(packed) < _FORMAT.size or zlib.crc32(packed).to_bytes(4, "little") != crc:
            return None
        magic, version, _, *values = _FORMAT.unpack(packed)
        if magic != _MAGIC or version != _VERSION:
            return None
        return cls(*values)


class LocalBlob:
    """A local blob under its lock: the data file and its record."""

    def __init__(self, ledger: int, data: int, record: Record) -> None:
        self._ledger = ledger
        self._data = data
        self.record = record

    def __repr__(self) -> str:
        return f"<LocalBlob {self.record.length} bytes, {self.record.blocks} blocks>"

    @property
    def created(self) -> str:
        """Changes when the blob is created again."""
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
        """Append all of it or nothing; what an OSError leaves is cut off."""
        record = self.record
        self._write(record._replace(pending=len(data)))
        try:
            write_at(self._data, data, record.length)
        except OSError:
            os.ftruncate(self._data, record.length)
            self._write(record)
            raise
        self._write(record._replace(length=record.length + len(data), blocks=record.blocks + 1))

    def seal(self) -> None:
        """It has as many blocks as no blob may have, so that nobody appends any more."""
        self._write(self.record._replace(blocks=SEALED))

    def _write(self, record: Record) -> None:
        _put(self._ledger, record)
        self.record = record

    def repair(self) -> None:
        """Cut off what a killed writer left. Raises StoreRefused if others changed the file."""
        record = self.record
        size = os.fstat(self._data).st_size
        if record.length < size <= record.length + record.pending:
            os.ftruncate(self._data, record.length)
        elif size != record.length:
            raise StoreRefused(Refusal.WRONG_TYPE, "ForeignChange")
        if record.pending:
            self._write(record._replace(pending=0))


def ledger_of(path: str) -> str:
    """The hidden file beside the blob's."""
    folder, name = os.path.split(path)
    return f"{folder}/.{name}.ledger"


def is_ledger(name: str) -> bool:
    """Whether a file of this name would be a ledger; no blob can have such a name."""
    return name.startswith(".") and name.endswith(".ledger")


def create(path: str) -> str:
    """Make an empty blob and return its ETag; "" if something exists at the path, which may be a
    directory or a broken link."""
    if os.path.lexists(path):
        return ""  # without leaving a ledger beside a file that is not ours
    with _lock(ledger_of(path), os.O_CREAT) as ledger:
        if os.path.lexists(path):
            return ""
        # The record of a deleted blob must not be taken for that of the new one: inodes are reused.
        os.ftruncate(ledger, 0)
        try:
            data = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            return ""
        try:
            record = _fresh(data)
            _put(ledger, record)
            return LocalBlob(ledger, data, record).etag
        finally:
            os.close(data)


def delete(path: str, etag: str) -> bool:
    """Delete the blob if its ETag is this. A kill on the way leaves its ledger, which the next blob
    of the name takes over."""
    with locked(path) as blob:
        if blob.etag != etag:
            return False
        os.unlink(path)
        os.unlink(ledger_of(path))
        return True


@contextmanager
def locked(path: str) -> Iterator[LocalBlob]:
    """The blob at ``path``, locked and repaired.

    Raises StoreRefused: BLOB_MISSING, or WRONG_TYPE for a file that is not ours, or no longer.
    Raises StoreBusy while another process keeps the lock.
    """
    try:
        with _lock(ledger_of(path)) as ledger:
            data = os.open(path, _FLAGS)
            try:
                blob = LocalBlob(ledger, data, _record(ledger, data))
                blob.repair()
                yield blob
            finally:
                os.close(data)
    except FileNotFoundError:
        if os.path.lexists(path):
            raise StoreRefused(Refusal.WRONG_TYPE, "NoLedger") from None
        raise StoreRefused(Refusal.BLOB_MISSING, "BlobNotFound") from None


@contextmanager
def _lock(ledger: str, flags: int = 0) -> Iterator[int]:
    """The locked ledger file. Raises FileNotFoundError if it is missing and not created."""
    while True:
        descriptor = os.open(ledger, _FLAGS | flags, 0o666)
        hold(descriptor)
        try:
            _acquire(descriptor)
            # If it was deleted while we waited for the lock, the lock guards nothing.
            if os.fstat(descriptor).st_nlink:
                yield descriptor
                return
        finally:
            # Explicitly: a copy of the descriptor in a forked process would keep the lock.
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            close_locked(descriptor)


def _acquire(descriptor: int) -> None:
    deadline, pause = time.monotonic() + LOCK_WAIT, _FIRST_PAUSE
    while True:
        try:
            lock(descriptor)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StoreBusy("LockHeld") from None
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _record(ledger: int, data: int) -> Record:
    """The record of the file. Raises StoreRefused."""
    status = os.fstat(data)
    if not stat.S_ISREG(status.st_mode):
        raise StoreRefused(Refusal.WRONG_TYPE, "NotAFile")
    found = os.pread(ledger, RECORD_BYTES, 0)
    if not found and not status.st_size:
        # Its creator was killed before the first record, so nobody has used the blob.
        record = _fresh(data)
        _put(ledger, record)
        return record
    known = Record.unpack(found)
    if known is None:
        # Damaged, or of a later version.
        raise StoreRefused(Refusal.WRONG_TYPE, "UnknownLedger")
    if known.inode != status.st_ino:
        raise StoreRefused(Refusal.WRONG_TYPE, "ForeignFile")
    return known


def _fresh(data: int) -> Record:
    return Record(time.time_ns(), os.fstat(data).st_ino)


def _put(ledger: int, record: Record) -> None:
    packed = record.pack()
    if os.pwrite(ledger, packed, 0) != len(packed):
        raise OSError(errno.EIO, "the ledger was written only in part")
