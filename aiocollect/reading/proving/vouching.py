"""Holds the bytes of a part against what the log says of them. Pure.

One pass over the bytes, a CRC-32 for each record; nothing is kept but the places that nobody
vouches for. Where bytes are not what they were, ``explained`` finds out what happened to them:
append blobs only grow, so a part that was written anew shows as a shift of all that follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from zlib import crc32

from ..log.lives import Stored

__all__ = ["Damage", "PartCheck", "explained"]

# Places nobody vouches for that are listed; and how far away a block that was moved is looked for,
# in records, and in line ends.
MOST_PLACES: Final = 10_000
_NEAR: Final = 64


class PartCheck:
    """One part of ``length`` bytes. ``feed`` it all of them in order, then ``finish``.

    ``good`` records have their bytes, ``bad`` ones do not, ``short`` ones end beyond the part,
    ``conflicts`` claim bytes that another record has; ``unvouched`` are the places of no record.
    """

    def __init__(self, records: Sequence[Stored], *, length: int) -> None:
        self._length = length
        self._at = 0
        self._crc = 0
        self.good: list[Stored] = []
        self.bad: list[Stored] = []
        self.short: list[Stored] = []
        self.conflicts: list[Stored] = []
        self.unvouched: list[tuple[int, int]] = []
        self.crowded = False  # there are more such places than are listed
        self._records = self._placed(records)
        self._next = 0

    def __repr__(self) -> str:
        return f"<PartCheck at {self._at} of {self._length}>"

    def _placed(self, records: Sequence[Stored]) -> list[Stored]:
        """In the order of their places, each once: an adopted row can be told by both lives."""
        placed: list[Stored] = []
        for record in sorted(records):
            last = placed[-1] if placed else None
            if last is not None and last[:6] == record[:6]:
                continue
            if last is not None and record.offset < last.offset + last.length:
                self.conflicts.append(record)
            elif record.offset + record.length > self._length:
                self.short.append(record)
            else:
                placed.append(record)
        return placed

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        view, start = memoryview(data), self._at
        records, at = self._records, start
        end = start + len(data)
        while at < end:
            record = records[self._next] if self._next < len(records) else None
            if record is None or at < record.offset:
                stop = end if record is None else min(end, record.offset)
                self._leave(at, stop)
                at = stop
                continue
            stop = min(end, record.offset + record.length)
            self._crc = crc32(view[at - start : stop - start], self._crc)
            at = stop
            if at == record.offset + record.length:
                (self.good if self._crc == record.crc else self.bad).append(record)
                self._crc = 0
                self._next += 1
        self._at = end

    def _leave(self, start: int, stop: int) -> None:
        places = self.unvouched
        if places and places[-1][1] == start:
            places[-1] = (places[-1][0], stop)
        elif len(places) < MOST_PLACES:
            places.append((start, stop))
        else:
            self.crowded = True

    def finish(self) -> None:
        """All bytes were fed; records that were not reached have none."""
        self.short += self._records[self._next :]

    @property
    def wrong(self) -> list[Stored]:
        """The records whose bytes are not in their place, in the order of their places."""
        return sorted([*self.bad, *self.short])


class Damage(NamedTuple):
    """``kind`` as in a Finding; the bytes that it is about, and the record, if it is about one."""

    kind: str
    offset: int
    length: int
    record: Stored | None


def explained(
    data: bytes, start: int, records: Sequence[Stored], good: Sequence[Stored]
) -> list[Damage]:
    """What happened to the bytes of a part from ``start`` on, where ``records`` (all from there on)
    should be; ``good`` are those of the whole part that are in their place. ``data`` may end early:
    what comes after it is not judged."""
    known = {(one.length, one.crc): one for one in (*records, *good)}
    lengths = sorted({length for length, _ in known})
    found: list[Damage] = []
    gone: list[Stored] = []
    shift = index = 0
    while index < len(records):
        record = records[index]
        at = record.offset + shift - start
        if _is_at(data, at, record):
            index += 1
            continue
        following = records[index + 1 : index + 1 + _NEAR]
        if following and _is_at(data, following[0].offset + shift - start, following[0]):
            found.append(Damage("altered", record.offset + shift, record.length, record))
            index += 1
            continue
        skipped = next((n for n, one in enumerate(following, 1) if _is_at(data, at, one)), None)
        if skipped is not None:  # these were cut out
            gone += records[index : index + skipped]
            shift -= records[index + skipped].offset - record.offset
            index += skipped
            continue
        extra = _inserted(data, at, record, lengths)
        if extra is not None:
            back = next((one for one in gone if _is_at(data, at, one)), None)
            own = known.get((extra, crc32(memoryview(data)[at : at + extra])))
            if back is not None:
                gone.remove(back)
                found.append(Damage("moved", at + start, extra, back))
            else:
                found.append(Damage("doubled" if own else "foreign", at + start, extra, own))
            shift += extra
            continue
        if at + record.length > len(data):
            gone.append(record)
        else:
            found.append(Damage("altered", record.offset + shift, record.length, record))
        index += 1
    rest = records[-1].offset + records[-1].length + shift - start if records else 0
    for record in gone:
        if _is_at(data, rest, record):  # it stands after all others
            found.append(Damage("moved", rest + start, record.length, record))
            rest += record.length
        else:
            found.append(Damage("lost", record.offset, record.length, record))
    return found


def _is_at(data: bytes, at: int, record: Stored) -> bool:
    if at < 0 or at + record.length > len(data):
        return False
    return crc32(memoryview(data)[at : at + record.length]) == record.crc


def _inserted(data: bytes, at: int, record: Stored, lengths: Sequence[int]) -> int | None:
    """How many bytes stand before the record that should begin at ``at``; None where it is not
    found near by."""
    tries = list(lengths[:_NEAR])
    end = at
    for _ in range(_NEAR):
        end = data.find(b"\n", end) + 1
        if not end:
            break
        tries.append(end - at)
    return next((extra for extra in tries if _is_at(data, at + extra, record)), None)
