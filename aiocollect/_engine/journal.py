"""The journal: one spool directory, written by one process in one life (see _core/journal.py).

It keeps files and bytes, and knows nothing of lanes but their trails. What writes reaches the
kernel, and so survives the process; the methods marked *apart* sync, open or remove, may be slow,
and are run beside the event loop by the keeper.

What holds, whatever is cut off when:

- An intent is synced after the rows it is about, and before they are sent: rows that may be in a
  blob are found in the journal together with the position to look at.
- A slot's copy that was synced last is not written until the other one is synced.
- A segment is removed after its lanes' slots are synced, which say that its rows are final.
"""

from __future__ import annotations

import os
from array import array
from contextlib import suppress

from .._core.extents import EXTENT_BYTES, Extent
from .._core.journal import (
    HEADER_SIZE,
    SLOT_SIZE,
    Lane,
    header,
    lane_record,
    rows_record,
    slot_offset,
)
from .._core.trail import Trail
from ..disk import Disk, File, Lock

__all__ = ["LOCK", "SLOTS", "SUFFIX", "Journal", "Segment"]

# Big enough that removing is rare, small enough that one row does not keep much alive.
SEGMENT_BYTES = 8 * 2**20
# How many slots are made at a time: room that is taken before rows rely on it.
SLOTS_AT_ONCE = 64
LOCK, SLOTS, SUFFIX = "lock", "slots", ".rows"


class Segment:
    """A file of records. See Held."""

    __slots__ = ("declared", "end", "file", "held", "live", "path", "synced")

    def __init__(self, path: str, file: File, *, end: int) -> None:
        self.path = path
        self.file = file
        self.end = end
        self.synced = 0
        self.live = self.held = 0
        self.declared: set[int] = set()  # lanes whose record is in it

    def __repr__(self) -> str:
        return f"<Segment {os.path.basename(self.path)}, {self.live} of {self.end} bytes live>"


class Journal:
    """A directory that is ours: its lock is held."""

    def __init__(self, disk: Disk, path: str, *, lock: Lock, salt: int) -> None:
        self._disk = disk
        self.path = path
        self._lock = lock
        self.salt = salt
        self.segments: list[Segment] = []
        self.trails: set[Trail] = set()
        self._slots: File | None = None
        self._slot_count = 0
        self._free: list[int] = []
        self._lanes = 0  # numbers given so far
        self._generation = 0
        self._spare: Segment | None = None
        self._number = 0  # of the last segment
        self._open: Segment | None = None  # the one that is written
        self._buffer: list[bytes] = []
        self._pending: list[tuple[Trail, int, int, int, int, int]] = []
        self._size = 0
        # Sets, whose order is the one of coming in: a simulation replays to the call.
        self._changed: dict[Trail, None] = {}  # their slots are to be written
        self._written: dict[Trail, None] = {}  # written, and not synced
        self._syncing: dict[Trail, None] | None = None  # being synced
        self._named = False  # the directory's names are synced

    def __repr__(self) -> str:
        return f"<Journal {len(self.segments)} segments, {self.size} bytes>"

    @classmethod
    def begin(cls, disk: Disk, path: str, *, salt: int) -> Journal:
        """A new directory. Raises OSError."""
        disk.make_directory(path)
        lock = disk.lock(os.path.join(path, LOCK))
        if lock is None:
            raise FileExistsError(f"spool: {os.path.basename(path)} is another process's")
        journal = cls(disk, path, lock=lock, salt=salt)
        slots = disk.open(os.path.join(path, SLOTS), new=True)
        slots.write(header(salt), 0)
        journal._slots = slots
        journal._turn_to(journal._segment())
        return journal

    def take_over(self, slots: File, *, generation: int) -> None:
        """Go on with what another process has left: its segments and trails are put in by the
        caller. No rows are added to it."""
        # Its names may never have been synced: a life that sent nothing had no need to.
        self._slots = slots
        self._generation = generation

    @property
    def size(self) -> int:
        """The bytes of all segments."""
        return sum(segment.end for segment in self.segments)

    @property
    def index_size(self) -> int:
        """The bytes of memory that knowing where all rows are takes."""
        return EXTENT_BYTES * sum(segment.held for segment in self.segments)

    # Rows -------------------------------------------------------------------------------------

    def declare(self, lane: Lane) -> Trail:
        """A trail for a lane, whose number and slot are given here. Raises OSError."""
        if not self._free:
            assert self._slots is not None
            zeros = bytes(SLOT_SIZE * SLOTS_AT_ONCE)
            self._slots.write(zeros, HEADER_SIZE + SLOT_SIZE * self._slot_count)
            more = range(self._slot_count, self._slot_count + SLOTS_AT_ONCE)
            self._free = list(reversed(more))
            self._slot_count += SLOTS_AT_ONCE
        self._lanes += 1
        lane = lane._replace(number=self._lanes, slot=self._free.pop())
        trail = Trail(lane)
        self.trails.add(trail)
        self._changed[trail] = None
        return trail

    def add(self, trail: Trail, first: int, lines: list[bytes]) -> None:
        """Rows of a lane, to be written with the next commit."""
        segment = self._current()
        if trail.lane.number not in segment.declared:
            segment.declared.add(trail.lane.number)
            self._put(lane_record(trail.lane, self.salt))
        lengths = array("I", map(len, lines))
        record = rows_record(trail.lane.number, first, lengths, b"".join(lines), self.salt)
        size = lengths.itemsize * len(lines) + sum(lengths)
        self._pending.append((trail, first, len(lines), self._size, len(record), size))
        self._put(record)
        trail.end = first + len(lines)

    def _put(self, record: bytes) -> None:
        self._buffer.append(record)
        self._size += len(record)

    @property
    def pending(self) -> int:
        """The bytes that the next commit writes."""
        return self._size

    def discard(self) -> None:
        """Forget what was added since the last commit."""
        self._buffer, self._pending, self._size = [], [], 0
        self._current().declared.clear()  # what was declared just now is gone

    def commit(self) -> bool:
        """Write what was added. False: the disk does not take it, nothing of it is kept. Raises
        OSError where the file cannot be mended: then nobody may take it for sound."""
        segment = self._current()
        data, pending = b"".join(self._buffer), self._pending
        start = segment.end
        try:
            segment.file.write(data, start)
        except OSError:
            self.discard()
            # A later record must not be followed by what this one has left.
            segment.file.truncate(start)
            return False
        self._buffer, self._pending, self._size = [], [], 0
        segment.end += len(data)
        for trail, first, number, offset, span, size in pending:
            trail.keep(Extent(first, first + number, segment, start + offset, span, size))
        if self._changed and self._syncing is None:
            self.write_slots()  # of new lanes
        return True

    def _current(self) -> Segment:
        segment = self._open
        assert segment is not None, "our bug: rows were added to a journal that was taken over"
        if segment.end >= SEGMENT_BYTES and self._spare is not None and not self._buffer:
            segment, self._spare = self._spare, None
            self._turn_to(segment)
        return segment

    def _turn_to(self, segment: Segment) -> None:
        self._open = segment
        self.segments.append(segment)

    # Slots ------------------------------------------------------------------------------------

    def changed(self, trail: Trail) -> None:
        """The trail's slot is to say something new. Raises OSError."""
        self._changed[trail] = None
        if self._syncing is None:
            self.write_slots()

    def write_slots(self) -> None:
        """Write the slots that have changed. Not while they are synced. Raises OSError."""
        slots, changed = self._slots, self._changed
        assert slots is not None
        while changed:
            trail = next(iter(changed))
            self._generation += 1
            copy = trail.slot_of(self._generation).pack(self.salt)
            slots.write(copy, slot_offset(trail.lane.slot, 1 - trail.copy))
            del changed[trail]
            self._written[trail] = None

    def close_trail(self, trail: Trail) -> None:
        """The lane is no more, and all its rows are final: its slot is free."""
        if trail in self.trails:
            self.trails.discard(trail)
            self._changed.pop(trail, None)
            self._written.pop(trail, None)
            self._free.append(trail.lane.slot)

    # Apart ------------------------------------------------------------------------------------

    def sync_rows(self) -> None:
        """*Apart.* Every row that was written before survives a power cut."""
        for segment in list(self.segments):
            end = segment.end
            if segment.synced < end:
                segment.file.sync()
                segment.synced = end
        if not self._named:
            self._disk.sync_directory(self.path)
            self._disk.sync_directory(os.path.dirname(self.path))
            self._named = True

    def begin_sync(self) -> None:
        """Write no slot until ``end_sync``: those written so far are about to be synced."""
        self._syncing, self._written = self._written, {}

    def sync_slots(self) -> None:
        """*Apart.* Between begin_sync and end_sync."""
        assert self._slots is not None
        self._slots.sync()

    def end_sync(self) -> None:
        """The slots that were written before ``begin_sync`` are synced. Raises OSError."""
        for trail in self._syncing or ():
            trail.copy = 1 - trail.copy
        self._syncing = None
        self.write_slots()

    def forget_sync(self) -> None:
        """Nobody will say how the last sync ended, or it failed: write its slots again."""
        self._changed |= self._syncing or {}
        self._syncing = None

    @property
    def unsynced(self) -> bool:
        """Whether slots were written that are not synced."""
        return bool(self._written or self._changed)

    @property
    def wants_spare(self) -> bool:
        """Whether the current segment is soon full."""
        segment = self._open
        return segment is not None and self._spare is None and segment.end > SEGMENT_BYTES // 2

    def make_spare(self) -> None:
        """*Apart.* Open the segment that comes after the current one."""
        self._spare = self._segment()
        self._disk.sync_directory(self.path)

    def _segment(self) -> Segment:
        self._number += 1
        path = os.path.join(self.path, f"{self._number:08d}{SUFFIX}")
        file = self._disk.open(path, new=True)
        file.write(header(self.salt), 0)
        return Segment(path, file, end=HEADER_SIZE)

    def dead(self) -> list[Segment]:
        """The segments that hold no row that is not final."""
        return [s for s in self.segments if not s.live and s is not self._open]

    def remove(self, segments: list[Segment]) -> None:
        """*Apart.* After the slots were synced."""
        for segment in segments:
            segment.file.close()
            with suppress(FileNotFoundError):  # the whole directory went before
                self._disk.remove(segment.path)

    def removed(self, segments: list[Segment]) -> None:
        """These segments are gone."""
        gone = set(segments)
        self.segments = [segment for segment in self.segments if segment not in gone]

    # The end ----------------------------------------------------------------------------------

    def unlink(self) -> None:
        """*Apart.* Remove every name, so that nobody takes it over; what is open stays readable."""
        for name in self._disk.names(self.path):
            if name.endswith(SUFFIX):
                self._disk.remove(os.path.join(self.path, name))
        # Rows without slots would be taken for rows that nobody has sent.
        self._disk.sync_directory(self.path)
        self._disk.remove(os.path.join(self.path, SLOTS))
        self._disk.remove(os.path.join(self.path, LOCK))
        self._disk.remove(self.path)

    @property
    def live(self) -> bool:
        """Whether it holds a row that is not final."""
        return any(segment.live for segment in self.segments)

    def close(self) -> None:
        """Give the files back, and the lock last: what is in them is anybody's to take over."""
        for segment in self.segments:
            segment.file.close()
        if self._spare is not None:
            self._spare.file.close()
        if self._slots is not None:
            self._slots.close()
        self._lock.release()
