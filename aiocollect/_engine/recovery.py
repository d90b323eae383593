"""Recovery: reads a spool directory that another process has left, however it was cut off.

What cannot be read is set aside, never guessed at, and never met again: a corrupt stretch is copied
to a file of its own beside the directory, and counted. Files of another version are left alone,
with the whole directory: whoever wrote them can read them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from .._core import journal as formats
from .._core.extents import Extent, Extents
from .._core.journal import RECORD_SIZE, Corrupt, Lane, Rows, Slot
from .._core.trail import Trail
from ..disk import Disk, Lock
from .journal import SLOTS, SUFFIX, Journal, Segment

__all__ = ["Recovered", "recover"]

# Of each corrupt stretch: enough to look at, not enough to fill a disk again.
MAX_ASIDE = 2**20


@dataclass
class Recovered:
    """A directory, taken over: ``journal`` with its trails. ``corrupt`` stretches were set aside,
    ``lost`` rows are known to have been in them."""

    journal: Journal
    corrupt: int = 0
    lost: int = 0
    trails: list[Trail] = field(default_factory=list)


def recover(disk: Disk, path: str, lock: Lock) -> Recovered:
    """*Apart.* Take over what is in ``path``, whose lock is held. Raises OSError, and ValueError
    for what another version has written: it stays as it is."""
    names = sorted(disk.names(path))  # as they were written
    segments = [os.path.join(path, name) for name in names if name.endswith(SUFFIX)]
    try:
        slots = disk.open(os.path.join(path, SLOTS), new=False)
    except FileNotFoundError:  # cut off before anything was sent, or removed but for the lock
        slots = disk.open(os.path.join(path, SLOTS), new=True)
    data = slots.read(0, slots.size())
    salt = formats.salt_of(data)
    if salt is None:
        salt = next(filter(None, (_salt(disk, segment) for segment in segments)), 1)
        slots.write(formats.header(salt), 0)
    found = {number: (copy, slot) for number, copy, slot in formats.slots(data, salt)}
    generation = max((slot.generation for _, slot in found.values() if slot), default=0)
    recovered = Recovered(Journal(disk, path, lock=lock, salt=salt))
    recovered.journal.take_over(slots, generation=generation)
    reader = _Reader(disk, recovered, found)
    for segment in segments:
        reader.read(segment)
    reader.finish()
    return recovered


def _salt(disk: Disk, path: str) -> int | None:
    file = disk.open(path, new=False)
    try:
        return formats.salt_of(file.read(0, formats.HEADER_SIZE))
    except ValueError:  # damaged: it is set aside when it is read
        return None
    finally:
        file.close()


class _Reader:
    """Reads segment by segment, and knows where all rows are that are not final."""

    def __init__(
        self, disk: Disk, recovered: Recovered, slots: dict[int, tuple[int, Slot | None]]
    ) -> None:
        self._disk = disk
        self._recovered = recovered
        self._slots = slots
        self._lanes: dict[int, Lane] = {}
        self._rows: dict[int, Extents] = {}  # by lane

    def read(self, path: str) -> None:
        """One segment. One that is not ours is set aside whole."""
        recovered, salt = self._recovered, self._recovered.journal.salt
        file = self._disk.open(path, new=False)
        data = file.read(0, file.size())
        segment = Segment(path, file, end=len(data))
        try:
            sound = formats.salt_of(data) == salt
        except ValueError:
            sound = False
        if not sound:  # cut off before its header was on the disk, or damaged
            self._aside(path, 0, data.rstrip(b"\0"))
        else:
            for record in formats.records(data, salt):
                match record:
                    case Lane():
                        self._lanes[record.number] = record
                    case Rows():
                        self._found(record, segment)
                    case Corrupt(offset, size, torn):
                        if not torn:
                            self._aside(path, offset, data[offset : offset + size])
        recovered.journal.segments.append(segment)

    def _found(self, rows: Rows, segment: Segment) -> None:
        end = rows.first + rows.number
        offset, span = rows.offset - RECORD_SIZE, rows.size + RECORD_SIZE
        extent = Extent(rows.first, end, segment, offset, span, rows.size)
        self._rows.setdefault(rows.lane, Extents()).add(extent)

    def _aside(self, path: str, offset: int, data: bytes) -> None:
        if not data:
            return
        self._recovered.corrupt += 1
        directory, name = os.path.split(path)
        base, life = os.path.split(directory)
        aside = os.path.join(base, f"corrupt-{life}-{name}-{offset}")
        try:
            file = self._disk.open(aside, new=True)
        except FileExistsError:
            return  # an earlier one who took over was cut off here
        file.write(data[:MAX_ASIDE], 0)
        file.close()

    def finish(self) -> None:
        """Give each lane that has rows left its trail."""
        recovered = self._recovered
        for number, extents in self._rows.items():
            lane = self._lanes.get(number)
            if lane is None:
                recovered.lost += extents.rows
                continue
            trail = Trail(lane)
            if lane.slot in self._slots:
                copy, slot = self._slots[lane.slot]
                if slot is None:  # nobody knows what of it was sent
                    recovered.lost += extents.rows
                    recovered.corrupt += 1
                    continue
                if slot.lane > number:
                    continue  # its slot is another lane's already: all its rows are final
                if slot.lane == number:
                    trail.restore(slot, copy=copy)
            at = None
            for extent in extents:
                if trail.final(extent.first, extent.end):
                    continue
                if at is not None and extent.first > at:
                    recovered.lost += extent.first - at
                trail.keep(extent)
                at = extent.end
            if trail.intent is not None and trail.within(*trail.intent) is None:
                # Rows that were in memory alone have no extents. If some of them are here, the rest
                # is corrupt, and nobody can tell any more whether they were stored.
                first, number_of = trail.intent
                half = [e for e in trail.extents if first < e.end and e.first < first + number_of]
                if half:
                    recovered.lost += sum(extent.end - extent.first for extent in half)
                    trail.finish(first, number_of, trail.stand)
            if any(trail.extents):
                recovered.journal.trails.add(trail)
                recovered.trails.append(trail)
