"""The journal: one spool directory, written by one process in one life (see format.py).

It knows files and bytes, and of lanes only their progress. The event loop plans here what is to be
done, and notes what came of it; journal_work.py does it, off the loop. One work at a time.

What holds, whatever is cut off at whatever time:

- An intent is synced after its rows, and before they are sent. So rows that can be in a blob are
  found in the journal, together with the position to look at.
- The copy of a slot that was synced last is not written until the other one is synced.
- A segment is removed after the slots are synced that say that its rows are final.
- Nothing else is ever removed: a failed write costs only what it would have written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from .._core.lines import Lines
from .disk import Disk, File, LockedDirectory
from .extents import EXTENT_BYTES
from .format import (
    HEADER_SIZE,
    SLOT_SIZE,
    LaneRecord,
    SpoolTarget,
    header,
    lane_record,
    rows_record,
    slot_offset,
)
from .journal_work import Added, Work
from .progress import LaneProgress
from .segment import Segment, make_segment

__all__ = ["LOCK", "SLICE", "SLOTS", "SUFFIX", "Journal"]

# Large enough that removing is rare, small enough that one row does not keep much alive. In bytes.
SEGMENT_BYTES = 8 * 2**20
# How many slots get their room at a time, before rows rely on it: 16 KiB, four pages.
SLOTS_AT_ONCE = 64
LOCK, SLOTS, SUFFIX = "lock", "slots", ".rows"
# Slots that are written in one go: packing one takes some 8 us, on the event loop.
SLICE = 128


class Journal:
    """Of a directory that this process has locked. ``target``: whose rows are written to it."""

    def __init__(
        self,
        directory: LockedDirectory,
        slots: File,
        *,
        salt: int,
        target: SpoolTarget | None = None,
        generation: int = 0,
    ) -> None:
        self._directory = directory
        self._slots = slots
        self.salt = salt
        self._target = target
        self.segments: list[Segment] = []
        self.lanes: set[LaneProgress] = set()
        self._slot_count = self._slots_made = 0
        self._free: list[int] = []
        self._lanes = 0  # numbers given so far
        self._generation = generation
        self._spare: Segment | None = None
        self._number = 0  # of the last segment
        self._open: Segment | None = None  # the one that is written
        self._buffer: list[bytes] = []
        self._added: list[Added] = []
        self._declared: list[LaneProgress] = []  # whose first rows are in the buffer
        self._size = 0
        # As sets that keep the order of insertion, so that a simulation can be replayed exactly.
        self._changed: dict[LaneProgress, None] = {}  # their slots are to be written
        self._written: dict[LaneProgress, None] = {}  # written, and not synced
        self._named = False  # the directory's names are synced
        self._doubtful = False  # it is unknown which names would survive a power cut

    def __repr__(self) -> str:
        return f"<Journal {len(self.segments)} segments, {self.size} bytes>"

    @classmethod
    def begin(cls, disk: Disk, path: str, *, salt: int, target: SpoolTarget) -> Journal:
        """*Apart.* A new directory. Raises OSError; FileExistsError if another process has it."""
        disk.make_directory(path)
        taken = FileExistsError(f"spool: {os.path.basename(path)} belongs to another process")
        try:
            directory = disk.lock(path)
        except FileNotFoundError:  # another process removed it, since it was empty
            directory = None
        if directory is None:
            raise taken
        try:
            if directory.names() and directory.names() != [LOCK]:
                raise taken
            if not directory.renew():
                raise taken
            slots = directory.open(SLOTS, new=True)
            try:
                slots.write(header(salt, target.digest), 0)
                journal = cls(directory, slots, salt=salt, target=target)
                journal._turn_to(make_segment(directory, journal._next_name(), salt, target))
            except OSError:
                slots.close()
                with suppress(OSError):  # else the next process that looks removes it
                    for name in (SLOTS, LOCK):
                        directory.remove(name)
                    directory.dissolve()
                raise
        except BaseException:
            directory.release()
            raise
        return journal

    @property
    def size(self) -> int:
        """The bytes of all segments."""
        return sum(segment.end for segment in self.segments)

    @property
    def index_size(self) -> int:
        """The bytes of memory that the index of all rows takes."""
        return EXTENT_BYTES * sum(segment.held for segment in self.segments)

    # Rows -------------------------------------------------------------------------------------

    def declare(self, lane: LaneRecord) -> LaneProgress:
        """The progress of a lane that is new here, with the number and slot that it gets."""
        if not self._free:
            more = range(self._slot_count, self._slot_count + SLOTS_AT_ONCE)
            self._free = list(reversed(more))
            self._slot_count += SLOTS_AT_ONCE
        self._lanes += 1
        progress = LaneProgress(lane._replace(number=self._lanes, slot=self._free.pop()))
        self.lanes.add(progress)
        self._declared.append(progress)
        self._changed[progress] = None
        return progress

    def add(self, progress: LaneProgress, first: int, lines: Lines) -> None:
        """Rows of a lane, to be written with the next work. Only if the journal is ``writable``."""
        self._add(progress, first, lines, again=False)
        progress.end = first + len(lines)

    def add_again(self, progress: LaneProgress, first: int, lines: Lines) -> None:
        """Rows that are here already, in many places: write them again, together."""
        self._add(progress, first, lines, again=True)

    def _add(self, progress: LaneProgress, first: int, lines: Lines, *, again: bool) -> None:
        segment = self._open
        assert segment is not None, (
            "internal error: rows were added to a journal that was taken over"
        )
        if progress.lane.number not in segment.declared:
            segment.declared.add(progress.lane.number)
            self._put(lane_record(progress.lane, self.salt))
        record = rows_record(progress.lane.number, first, lines, self.salt)
        whole = sum(map(len, record))
        size = len(lines.lengths) + lines.size
        number = len(lines)
        self._added.append(Added(progress, first, number, self._size, whole, size, again))
        self._put(*record)

    def _put(self, *record: bytes) -> None:
        self._buffer += record
        self._size += sum(map(len, record))

    @property
    def pending(self) -> int:
        """The bytes of rows that the next work writes."""
        return self._size

    def writable(self) -> bool:
        """Whether there is a segment for rows. Goes on to the next one if this one is full."""
        segment = self._open
        assert segment is not None
        over = segment.sealed or segment.end >= SEGMENT_BYTES
        if over and self._spare is not None and not self._buffer:
            segment, self._spare = self._spare, None
            self._turn_to(segment)
        return not segment.sealed

    def _turn_to(self, segment: Segment) -> None:
        self._open = segment
        self.segments.append(segment)

    def _next_name(self) -> str:
        self._number += 1
        return f"{self._number:08d}{SUFFIX}"

    # Slots ------------------------------------------------------------------------------------

    def changed(self, progress: LaneProgress) -> None:
        """The lane's slot has something new to say; it is written before those that waited."""
        if progress in self.lanes:
            self._changed.pop(progress, None)
            self._changed[progress] = None

    def close_lane(self, progress: LaneProgress) -> None:
        """The lane has ended, and all its rows are final: its slot is free."""
        if progress in self.lanes:
            self.lanes.discard(progress)
            self._changed.pop(progress, None)
            self._written.pop(progress, None)
            self._free.append(progress.lane.slot)

    # Planning ---------------------------------------------------------------------------------

    @property
    def dead(self) -> list[Segment]:
        """The segments whose rows are all final. None of them, while it is unknown whether rows
        that were moved would survive a power cut."""
        if any(segment.doubtful for segment in self.segments):
            return []
        return [s for s in self.segments if not s.live and s is not self._open]

    @property
    def wants_spare(self) -> bool:
        """Whether the current segment will soon be full."""
        segment = self._open
        if segment is None or self._spare is not None:
            return False
        return segment.sealed or segment.end > SEGMENT_BYTES // 2

    @property
    def wants_notes(self) -> bool:
        """Whether slots are to be written."""
        return bool(self._changed)

    def plan(self, *, sync: bool, dead: bool, spare: bool, limit: int | None = SLICE) -> Work:
        """What is to be done next: write the rows that were added, and the slots that have changed
        (at most ``limit``, the last ones first). With ``sync`` all of it is synced; with ``dead``
        dead segments are removed; with ``spare`` a spare one is made."""
        work = Work(self._directory, self._slots, self.salt, self._target, sync=sync)
        if self._buffer:
            work.rows, work.added, work.segment = self._buffer, self._added, self._open
            self._buffer, self._added, self._size = [], [], 0
            if self._slots_made < self._slot_count:
                more = self._slot_count - self._slots_made
                work.room = (HEADER_SIZE + SLOT_SIZE * self._slots_made, bytes(SLOT_SIZE * more))
        work.declared, self._declared = self._declared, []
        if limit is None or len(self._changed) <= limit:
            limit = len(self._changed)
        else:
            dead = False  # not until all slots say that their rows are final
        for _ in range(limit):
            progress, _ = self._changed.popitem()
            self._generation += 1
            copy = progress.slot_of(self._generation).pack(self.salt)
            work.copies.append((progress, slot_offset(progress.lane.slot, 1 - progress.copy), copy))
        if sync:
            for segment in self.segments:
                end = segment.end + (sum(map(len, work.rows)) if segment is work.segment else 0)
                # After a sync that failed the next one can claim success.
                if segment.synced < end and not segment.doubtful:
                    work.unsynced.append((segment, end))
            work.unnamed = not self._named
            work.dead = self.dead if dead else []
        if spare:
            work.spare_name = self._next_name()
        return work

    def apply(self, work: Work) -> list[LaneProgress]:
        """Note the result. Returns the lanes whose first rows failed to be written: they are not
        in the journal."""
        self._apply_rows(work)
        for segment, end in work.unsynced:
            if segment.doubtful:
                segment.sealed = True
            else:
                segment.synced = max(segment.synced, min(end, segment.end))
        if work.unnamed and work.sync:
            self._named = True
            self._doubtful = self._doubtful or not work.named
        self._apply_slots(work)
        if work.removed:
            gone = set(work.removed)
            self.segments = [segment for segment in self.segments if segment not in gone]
        if work.spare is not None:
            self._spare = work.spare
            # Its name was not synced with the others, and can be lost.
            self._doubtful = self._doubtful or work.spare_error is not None
        return [] if work.kept else self._undeclare(work)

    def _apply_rows(self, work: Work) -> None:
        segment = work.segment
        if segment is None:
            return
        start = segment.end
        if work.kept:
            segment.end += sum(map(len, work.rows))
            if work.room is not None:
                self._slots_made += len(work.room[1]) // SLOT_SIZE
        else:
            # The lanes that were declared there are not, or it is unknown.
            segment.declared -= {one.progress.lane.number for one in work.added}
        segment.sealed = segment.sealed or work.ghost
        if work.kept or work.ghost:
            for one in work.added:
                if not one.again:
                    one.progress.keep(one.extent(segment, start))
                elif work.kept:
                    one.progress.move(one.extent(segment, start))

    def _apply_slots(self, work: Work) -> None:
        lanes = dict.fromkeys(progress for progress, _, _ in work.copies if progress in self.lanes)
        if not work.noted:
            self._changed = lanes | self._changed  # some can be written: to the same copy again
            return
        self._written |= lanes
        if not work.sync:
            return
        written, self._written = self._written, {}
        for progress in written:
            # Relied on from now on, synced or not: so the next write goes to the other copy.
            progress.copy = 1 - progress.copy
        if not work.slots_synced:
            # It is unknown what of them would survive, and syncing again can claim success.
            self._changed = written | self._changed

    def _undeclare(self, work: Work) -> list[LaneProgress]:
        gone = [
            progress
            for progress in work.declared
            if progress in self.lanes and not any(progress.extents)
        ]
        for progress in gone:
            self.close_lane(progress)
        return gone

    # The end ----------------------------------------------------------------------------------

    @property
    def live(self) -> bool:
        """Whether it holds a row that is not final."""
        return any(segment.live for segment in self.segments)

    @property
    def durable(self) -> bool:
        """Whether every row in it is synced, as far as can be known."""
        unsynced = (s for s in self.segments if s.live and (s.doubtful or s.synced < s.end))
        return self._named and not self._doubtful and not any(unsynced)

    def look_after(self) -> str:
        """*Apart.* Restore the lock file if it is gone. Returns what else is wrong, or ""."""
        needed = {SLOTS, *(segment.name for segment in self.segments)}
        if not needed <= set(self._directory.names()):
            return (
                "its files were removed while this process used them: exclude the directory "
                "from cleaners, and restart the process"
            )
        if not self._directory.renew():
            return "another process holds the lock file of this one"
        return ""

    def dissolve(self) -> None:
        """*Apart.* Remove everything: no row is live. Raises OSError; what is left then is final,
        as its slots say."""
        names = self._directory.names()
        for name in (name for name in names if name.endswith(SUFFIX)):
            self._directory.remove(name)
        # Rows without slots would be taken as never sent.
        self._directory.sync()
        for name in (name for name in (SLOTS, LOCK) if name in names):
            self._directory.remove(name)
        self._directory.dissolve()

    def close(self) -> None:
        """*Apart.* Close the files, and release the lock last: from then on another process can
        take over."""
        spare: Iterable[Segment] = [self._spare] if self._spare is not None else []
        for segment in (*self.segments, *spare):
            segment.file.close()
        self._slots.close()
        self._directory.release()
