"""Recovery: reads a spool directory that another process has left, however it was cut off.

What cannot be read is set aside and never guessed at: a corrupt stretch is copied to a file beside
the directory, and counted. A directory with files of a later version is left alone: that version
can read it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from . import format as formats
from .disk import Disk, File, LockedDirectory
from .extents import Extent, Extents
from .format import HEADER_SIZE, RECORD_SIZE, UNKNOWN, Corrupt, LaneRecord, RowsRecord, Slot
from .journal import SLOTS, SUFFIX, Journal
from .progress import LaneProgress
from .segment import Segment

__all__ = ["Recovered", "recover"]

# How many bytes of each corrupt stretch are kept: enough to look at, too few to fill a disk.
MAX_ASIDE = 2**20


@dataclass
class Recovered:
    """A directory, taken over: ``journal`` with its lanes. ``corrupt`` stretches were set aside,
    ``lost`` rows are known to have been in them."""

    journal: Journal
    corrupt: int = 0
    lost: int = 0
    lanes: list[LaneProgress] = field(default_factory=list)


def recover(disk: Disk, path: str, directory: LockedDirectory) -> Recovered:
    """*Apart.* Take over what is in ``path``, which is locked. Raises OSError; ValueError if a
    later version has written it: it stays as it is."""
    names = directory.names()  # sorted: as they were written
    segments = [name for name in names if name.endswith(SUFFIX)]
    # Cut off before anything was sent, or removed but for the lock.
    slots = directory.open(SLOTS, new=SLOTS not in names)
    opened: list[File] = [slots]
    try:
        data = slots.read(0, slots.size())
        head = formats.header_of(data)
        if head is None:
            found = (_head(directory, name) for name in segments)
            head = next(filter(None, found), formats.Header(formats.VERSION, 1, UNKNOWN))
            slots.write(formats.header(head.salt, head.target), 0)
        copies = {number: (copy, slot) for number, copy, slot in formats.slots(data, head.salt)}
        generation = max((slot.generation for _, slot in copies.values() if slot), default=0)
        journal = Journal(directory, slots, salt=head.salt, generation=generation)
        reader = _Reader(disk, path, Recovered(journal), copies)
        for name in segments:
            opened.append(directory.open(name, new=False))
            reader.read(name, opened[-1])
        return reader.finish()
    except (OSError, ValueError):
        for file in opened:
            file.close()
        raise


def _head(directory: LockedDirectory, name: str) -> formats.Header | None:
    file = directory.open(name, new=False)
    try:
        return formats.header_of(file.read(0, HEADER_SIZE))
    except ValueError:  # damaged: it is set aside when it is read in full
        return None
    finally:
        file.close()


class _Reader:
    """Reads segment by segment, and notes where all rows are that are not final."""

    def __init__(
        self,
        disk: Disk,
        path: str,
        recovered: Recovered,
        slots: dict[int, tuple[int, Slot | None]],
    ) -> None:
        self._disk = disk
        self._path = path
        self._recovered = recovered
        self._slots = slots
        self._lanes: dict[int, LaneRecord] = {}
        self._rows: dict[int, Extents] = {}  # by lane

    def read(self, name: str, file: File) -> None:
        """One segment. If it does not belong to this directory it is set aside whole."""
        recovered, salt = self._recovered, self._recovered.journal.salt
        data = file.read(0, file.size())
        segment = Segment(name, file, end=len(data))
        try:
            head = formats.header_of(data)
        except ValueError:
            head = None
        if head is None or head.salt != salt:
            found = data.rstrip(b"\0")
            # If it was cut off within its header there were no rows in it; else it is damaged.
            if len(found) >= HEADER_SIZE:
                self._aside(name, 0, found)
        else:
            for record in formats.records(data, salt):
                match record:
                    case LaneRecord():
                        self._lanes[record.number] = record
                    case RowsRecord():
                        self._found(record, segment)
                    case Corrupt(offset, size, torn):
                        if not torn:
                            self._aside(name, offset, data[offset : offset + size])
        recovered.journal.segments.append(segment)

    def _found(self, rows: RowsRecord, segment: Segment) -> None:
        end = rows.first + rows.number
        offset, span = rows.offset - RECORD_SIZE, rows.size + RECORD_SIZE
        extent = Extent(rows.first, end, segment, offset, span, rows.size)
        extents = self._rows.setdefault(rows.lane, Extents())
        if len(extents) and rows.first < extents[len(extents) - 1].end:
            extents.replace(extent)  # written again
        else:
            extents.add(extent)

    def _aside(self, name: str, offset: int, data: bytes) -> None:
        if not data:
            return
        self._recovered.corrupt += 1
        base, life = os.path.split(self._path)
        aside = os.path.join(base, f"corrupt-{life}-{name}-{offset}")
        try:
            file = self._disk.open(aside, new=True)
        except FileExistsError:
            return  # an earlier process that took over was cut off here
        file.write(data[:MAX_ASIDE], 0)
        file.close()

    def finish(self) -> Recovered:
        """Give each lane that has rows left its progress."""
        recovered = self._recovered
        for number, extents in self._rows.items():
            lane = self._lanes.get(number)
            if lane is None:
                recovered.lost += extents.rows
                continue
            progress = LaneProgress(lane)
            if lane.slot in self._slots:
                copy, slot = self._slots[lane.slot]
                if slot is None:  # it is unknown what of it was sent
                    recovered.lost += extents.rows
                    recovered.corrupt += 1
                    continue
                if slot.lane > number:
                    continue  # its slot belongs to a later lane: all its rows are final
                if slot.lane == number:
                    progress.restore(slot, copy=copy)
            at = progress.done
            for extent in extents:
                if progress.final(extent.first, extent.end):
                    continue
                # Rows that were in memory alone are missing too; that is not damage.
                if recovered.corrupt and extent.first > at:
                    recovered.lost += extent.first - at
                progress.keep(extent)
                at = extent.end
            if progress.intent is not None and progress.within(*progress.intent) is None:
                recovered.lost += progress.abandon_intent()
            if any(progress.extents):
                recovered.journal.lanes.add(progress)
                recovered.lanes.append(progress)
        return recovered
