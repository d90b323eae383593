"""The journal's bytes: how a spool writes rows, and how far each lane has come.

Any part of them can be torn, lost or flipped, and is then told apart from what is sound.

A spool directory holds, for one life of one process:

- segments, ``00000001.rows`` and on: a header, then records. A record holds rows of one lane, as
  the blob will hold them, or describes the lane that a number belongs to. Written once, in order.
- ``slots``: a header, then a slot for each lane: which rows are final, and the *intent*: which rows
  were about to be sent to which position. A slot is written in place, in one of two copies, so that
  the other one is whole if the write is torn.

Every record and copy carries a CRC-32 that begins with the directory's own salt. No row knows the
salt, so bytes inside a cell can never pass for a record. What follows the last sound record of a
segment is a torn tail, if it can be one; all other bytes outside of records are corrupt.

Each file says whose rows it holds: its header has a digest of the *target* (store, workspace,
service), and the first record of a segment names the target. Version 1 had no target; its rows are
taken as the reader's own, as version 1 took them. Version 2 did not say which lane of its writer a
lane was, so the log cannot place its rows.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from .._core.lines import Lines, crc32
from .._core.stand import Stand

__all__ = [
    "COPY_SIZE",
    "HEADER_SIZE",
    "SLOT_SIZE",
    "NOTHING",
    "RECORD_SIZE",
    "UNKNOWN",
    "Corrupt",
    "Header",
    "LaneRecord",
    "RowsRecord",
    "Slot",
    "SpoolTarget",
    "header",
    "header_of",
    "lane_record",
    "lines_of",
    "records",
    "rows_record",
    "slot_offset",
    "slots",
    "target_record",
]

VERSION = 3
_MAGIC = b"aiospool"
_START = struct.Struct("<8sHxxI")  # magic, version, salt
_DIGEST = 16
_CRC = struct.Struct("<I")
_LENGTH = struct.calcsize("I")
HEADER_SIZE = 64
# What the CRC of each version's header goes over, and is followed by.
_COVERED = {1: _START.size, 2: _START.size + _DIGEST, VERSION: _START.size + _DIGEST}

# No byte of UTF-8 is 0xFF: so no cell can hold the mark.
_MARK = b"\xffrow"
# Mark, CRC, kind, lane, first row, number of rows, size of the payload.
_RECORD = struct.Struct("<4sIBxxxIQII")
RECORD_SIZE = _RECORD.size  # without its payload
_ROWS, _LANE, _TARGET = 1, 2, 3
# What a disk writes at a time, in bytes: after a power cut whole pages can be missing.
_PAGE = 4096
# More bytes than any call can hold: a flipped length must not make us allocate them.
_MAX_PAYLOAD = 1 << 30

# CRC, generation, lane, done, dropped from, to, intent's first row, number of rows, position, part,
# flags, length of the creation time, creation time.
_COPY = struct.Struct("<IxxxxQQQQQQQQIBB42s")
COPY_SIZE = 128
SLOT_SIZE = 2 * COPY_SIZE
_OWN, _BLIND, _PLACED = 1, 2, 4


class SpoolTarget(NamedTuple):
    """Where rows belong. ``store`` is its address, without a secret."""

    store: str
    workspace: str
    service: str

    @property
    def digest(self) -> bytes:
        """16 bytes that no other target has."""
        return blake2b(json.dumps(self).encode(), digest_size=_DIGEST).digest()

    def difference(self, other: SpoolTarget) -> str:
        """In words, which fields of the other one differ."""
        found = [
            f"{field} {theirs!r} (here: {ours!r})"
            for field, ours, theirs in zip(self._fields, self, other, strict=True)
            if ours != theirs
        ]
        return ", ".join(found)


UNKNOWN = bytes(_DIGEST)  # the digest in a header that names no target


class Header(NamedTuple):
    """A file's header. ``target``: the digest of the target, or UNKNOWN."""

    version: int
    salt: int
    target: bytes


NOTHING = (0, 0)


class LaneRecord(NamedTuple):
    """Describes the lane of a number: enough to make the lane again in another process.

    A lane can have come a long way before its first row is kept here. ``first`` is that row's
    number, and ``stand`` the lane's place at that time. ``sent`` are the rows that were on their
    way there: the first one, and their number; this directory has none of them. Slots say what came
    later. A lane's record reaches the disk together with its rows, so no power cut leaves rows
    whose place is lost.
    """

    number: int
    slot: int
    path: str
    header: bytes
    own: bool  # blobs of its writer alone
    writer: str
    ordinal: int
    content_type: str
    first: int
    stand: Stand
    sent: tuple[int, int] = NOTHING
    serial: int = -1  # see Parts


class RowsRecord(NamedTuple):
    """A record of rows ``first`` to ``first + number - 1`` of a lane; its payload is ``size`` bytes
    at ``offset`` of the segment."""

    lane: int
    first: int
    number: int
    offset: int
    size: int


class Corrupt(NamedTuple):
    """Bytes outside of any record. ``torn``: after the last sound one, cut off while written."""

    offset: int
    size: int
    torn: bool


class Slot(NamedTuple):
    """How far a lane has come: rows below ``done`` are final, and so are those from ``dropped``
    (the first one) to ``dropped_to``. The intent, unless ``rows`` is 0: so many rows from ``first``
    on can be at ``position`` of the part. ``placed``: the position is known."""

    generation: int
    lane: int
    done: int
    dropped: int
    dropped_to: int
    first: int
    rows: int
    position: int
    part: int
    own: bool
    blind: bool
    placed: bool
    created: str

    def pack(self, salt: int) -> bytes:
        """The bytes of one copy."""
        created = self.created.encode()[:42]
        flags = _OWN * self.own | _BLIND * self.blind | _PLACED * self.placed
        body = _COPY.pack(
            0,
            self.generation,
            self.lane,
            self.done,
            self.dropped,
            self.dropped_to,
            self.first,
            self.rows,
            self.position,
            self.part,
            flags,
            len(created),
            created,
        )[4:]
        return (struct.pack("<I", crc32(body, salt)) + body).ljust(COPY_SIZE, b"\0")


def header(salt: int, target: bytes) -> bytes:
    """The start of a segment and of the slots; ``target`` is a digest."""
    start = _START.pack(_MAGIC, VERSION, salt) + target
    return (start + _CRC.pack(crc32(start))).ljust(HEADER_SIZE, b"\0")


def header_of(start: bytes) -> Header | None:
    """Read a file's header. None: it never reached the disk, or was torn on its way. Raises
    ValueError if it is of a later version, or of another kind of file."""
    if len(start) < HEADER_SIZE:
        return None
    magic, version, salt = _START.unpack_from(start)
    covered = _COVERED.get(version, 0)
    if magic == _MAGIC and covered:
        (crc,) = _CRC.unpack_from(start, covered)
        if crc == crc32(start[:covered]):
            target = start[_START.size : covered].ljust(_DIGEST, b"\0")
            return Header(version, salt, target)
    # Only now: one header in 256 is whole, and ends with a zero.
    there = start[:HEADER_SIZE].rstrip(b"\0")
    whole = covered + _CRC.size if covered else HEADER_SIZE
    if len(there) < whole and _MAGIC.startswith(there[:8]) and version in (0, *_COVERED):
        return None
    if magic == _MAGIC and version > VERSION:
        raise ValueError(
            f"it has format version {version}, and this aiocollect reads versions 1 to {VERSION}"
        )
    raise ValueError("it is not a spool file")


# Records --------------------------------------------------------------------------------------


def rows_record(lane: int, first: int, lines: Lines, salt: int) -> tuple[bytes, bytes, bytes]:
    """Rows as the blob will hold them, with the length of each; in pieces that follow one another,
    since rows are many bytes."""
    lengths, data = lines.lengths, lines.data
    start = _RECORD.pack(_MARK, 0, _ROWS, lane, first, len(lines), len(lengths) + len(data))
    crc = crc32(data, crc32(lengths, crc32(start[8:], salt)))
    return start[:4] + _CRC.pack(crc) + start[8:], lengths, data


def lane_record(lane: LaneRecord, salt: int) -> bytes:
    """Describes the lane of a number. In a segment it comes before the lane's first rows."""
    text = json.dumps([*lane[1:3], lane.header.decode("latin-1"), *lane[4:]])
    return _record(_LANE, lane.number, 0, 0, text.encode(), salt)


def target_record(target: SpoolTarget, salt: int) -> bytes:
    """Whose rows a segment holds: its first record."""
    return _record(_TARGET, 0, 0, 0, json.dumps(target).encode(), salt)


def _record(kind: int, lane: int, first: int, number: int, payload: bytes, salt: int) -> bytes:
    start = _RECORD.pack(_MARK, 0, kind, lane, first, number, len(payload))
    crc = crc32(payload, crc32(start[8:], salt))
    return start[:4] + _CRC.pack(crc) + start[8:] + payload


def records(
    data: bytes, salt: int, *, offset: int = HEADER_SIZE
) -> Iterator[RowsRecord | LaneRecord | SpoolTarget | Corrupt]:
    """All records of a segment, whose bytes are ``data``, and the corrupt bytes between them."""
    while offset < len(data):
        end = _end_of(data, offset, salt)
        if end is None:
            sound = _next_sound(data, offset + 1, salt)
            stop = len(data) if sound is None else sound
            yield Corrupt(offset, stop - offset, sound is None and _torn(data, offset))
            offset = stop
            continue
        _, _, kind, lane, first, number, size = _RECORD.unpack_from(data, offset)
        payload = offset + _RECORD.size
        if kind == _ROWS:
            yield RowsRecord(lane, first, number, payload, size)
        elif kind == _TARGET:
            yield SpoolTarget._make(json.loads(data[payload:end]))
        else:
            slot, path, head, *rest = json.loads(data[payload:end])
            *words, stand, sent, serial = rest if type(rest[-1]) is int else [*rest, -1]
            known = lane, slot, path, head.encode("latin-1")
            yield LaneRecord._make((*known, *words, Stand(*stand), tuple(sent), serial))
        offset = end


def _end_of(data: bytes, offset: int, salt: int) -> int | None:
    """Where the record at ``offset`` ends. None: there is no sound record."""
    if len(data) - offset < _RECORD.size or data[offset : offset + 4] != _MARK:
        return None
    _, crc, _, _, _, _, size = _RECORD.unpack_from(data, offset)
    end = offset + _RECORD.size + size
    if size > _MAX_PAYLOAD or end > len(data):
        return None
    view = memoryview(data)
    start = crc32(view[offset + 8 : offset + _RECORD.size], salt)
    return end if crc32(view[offset + _RECORD.size : end], start) == crc else None


def _torn(data: bytes, offset: int) -> bool:
    """Whether the bytes at the end can be a write that was cut off: its end is missing, or pages of
    it never reached the disk. Otherwise they were whole once, and are damaged."""
    start = data[offset : offset + 4].rstrip(b"\0")
    if not _MARK.startswith(start):
        return False
    if len(data) - offset < _RECORD.size or start != _MARK:
        return True
    *_, size = _RECORD.unpack_from(data, offset)
    end = offset + _RECORD.size + size
    if size > _MAX_PAYLOAD or end > len(data) or not data[end - 1]:
        return True
    first = offset - offset % _PAGE
    return any(
        not data[max(page, offset) : min(page + _PAGE, end)].strip(b"\0")
        for page in range(first, end, _PAGE)
    )


def _next_sound(data: bytes, offset: int, salt: int) -> int | None:
    while (found := data.find(_MARK, offset)) >= 0:
        if _end_of(data, found, salt) is not None:
            return found
        offset = found + 1
    return None


def lines_of(payload: bytes, number: int) -> Lines | None:
    """A record's rows. None: their lengths do not add up to their bytes."""
    begin = _LENGTH * number
    lengths, data = payload[:begin], payload[begin:]
    whole = len(lengths) == begin and sum(memoryview(lengths).cast("I")) == len(data)
    return Lines(data, lengths) if whole else None


# Slots ----------------------------------------------------------------------------------------


def slot_offset(slot: int, copy: int) -> int:
    """Where a copy of a slot is in its file."""
    return HEADER_SIZE + SLOT_SIZE * slot + COPY_SIZE * copy


def slots(data: bytes, salt: int) -> Iterator[tuple[int, int, Slot | None]]:
    """The newer sound copy of each slot that was ever written: the slot's number, the copy's, and
    its content. None: both copies are damaged. No power cut does that, since one was whole."""
    blank = bytes(COPY_SIZE)
    count = -(-max(0, len(data) - HEADER_SIZE) // SLOT_SIZE)  # the last one may have one copy
    data = data.ljust(HEADER_SIZE + SLOT_SIZE * count, b"\0")
    for number in range(count):
        offsets = [slot_offset(number, copy) for copy in (0, 1)]
        found = [(copy, slot) for copy in (0, 1) if (slot := _unpack(data, offsets[copy], salt))]
        if found:
            copy, newer = max(found, key=lambda one: one[1].generation)
            yield number, copy, newer
        elif all(data[offset : offset + COPY_SIZE] != blank for offset in offsets):
            yield number, 1, None


def _unpack(data: bytes, offset: int, salt: int) -> Slot | None:
    body = data[offset + 4 : offset + _COPY.size]
    if struct.pack("<I", crc32(body, salt)) != data[offset : offset + 4]:
        return None
    fields = _COPY.unpack_from(data, offset)
    flags, length, created = fields[10:]
    own, blind, placed = (bool(flags & flag) for flag in (_OWN, _BLIND, _PLACED))
    text = created[:length].decode("utf-8", "replace")
    return Slot._make([*fields[1:10], own, blind, placed, text])
