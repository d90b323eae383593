"""What is done to a journal off the event loop, in one go: rows, intents, and cleaning up.

A ``Work`` is planned on the loop (journal.py), done off it, and its result is applied on the loop.
In this order:

1. rows are written, after the room for the slots of new lanes;
2. rows are synced, if that is waited for;
3. slots are written: intents, and which rows are final;
4. slots are synced, if that is waited for, or segments are to be removed;
5. segments without a live row are removed; a spare one is made.

So an intent is never on the disk before its rows, and a segment is never removed before the slots
say that its rows are final. Whatever fails, nothing that was there before is touched: if a segment
cannot be removed, the slots, which are open, still say that its rows are final.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from .disk import File, LockedDirectory
from .extents import Extent
from .format import SpoolTarget
from .progress import LaneProgress
from .segment import Segment, make_segment

__all__ = ["Added", "Work"]


@dataclass(slots=True)
class Added:
    """Rows of a lane among those to be written: their record is at ``offset`` of these. ``again``:
    they are on the disk already."""

    progress: LaneProgress
    first: int
    number: int
    offset: int
    span: int
    size: int
    again: bool = False

    def extent(self, segment: Segment, start: int) -> Extent:
        """Where they are, once all is written from ``start`` on."""
        end = self.first + self.number
        return Extent(self.first, end, segment, start + self.offset, self.span, self.size)


@dataclass(slots=True, eq=False)
class Work:
    """What is to be done, and its result: ``kept`` (the rows are written), ``ghost`` (they are not,
    and parts of them can be on the disk), and the error of each step that failed."""

    directory: LockedDirectory
    slots: File
    salt: int
    target: SpoolTarget | None
    # Rows.
    rows: list[bytes] = field(default_factory=list)
    added: list[Added] = field(default_factory=list)
    declared: list[LaneProgress] = field(default_factory=list)  # whose first rows these are
    segment: Segment | None = None
    room: tuple[int, bytes] | None = None  # of the slots that new lanes need
    # Slots.
    copies: list[tuple[LaneProgress, int, bytes]] = field(default_factory=list)
    # Syncing.
    sync: bool = False
    unsynced: list[tuple[Segment, int]] = field(default_factory=list)
    unnamed: bool = False  # the directory's names are not synced
    # Cleaning up.
    dead: list[Segment] = field(default_factory=list)
    spare_name: str = ""
    # What came of it.
    done: bool = False
    kept: bool = False
    ghost: bool = False
    named: bool = False
    noted: bool = False  # the slots are written
    slots_synced: bool = False
    sure: bool = False  # and all rows before them
    removed: list[Segment] = field(default_factory=list)
    spare: Segment | None = None
    rows_error: OSError | None = None
    sync_error: OSError | None = None
    slots_error: OSError | None = None
    remove_error: OSError | None = None
    spare_error: OSError | None = None

    def __repr__(self) -> str:
        return f"<Work {'done' if self.done else 'planned'}, {len(self.added)} records>"

    def run(self) -> Work:
        """*Apart.* Do it. A second call does nothing."""
        if not self.done:
            self._write_rows()
            self._sync_rows()
            self._write_slots()
            self._sync_slots()
            self.sure = self.slots_synced and self.sync_error is None
            self._remove()
            self._make_spare()
            self.done = True
        return self

    def _write_rows(self) -> None:
        segment = self.segment
        if segment is None:
            return
        start = segment.end
        try:
            if self.room is not None:
                self.slots.write(self.room[1], self.room[0])
        except OSError as error:
            self.rows_error = error
            return
        try:
            segment.file.write(b"".join(self.rows), start)
            self.kept = True
        except OSError as error:
            self.rows_error = error
            try:
                # What this record has left must not follow a later one.
                segment.file.truncate(start)
            except OSError:
                self.ghost = True

    def _sync_rows(self) -> None:
        if not self.sync:
            return
        for segment, _ in self.unsynced:
            try:
                segment.file.sync()
            except OSError as error:
                self.sync_error = error
                segment.doubtful = True
        if self.unnamed:
            try:
                self.directory.sync()
                self.named = True
            except OSError as error:
                self.sync_error = error

    def _write_slots(self) -> None:
        # A lane whose first rows were not written is not there, and its slot can have no room.
        none = () if self.kept or self.ghost else self.declared
        try:
            for progress, offset, copy in self.copies:
                if progress not in none:
                    self.slots.write(copy, offset)
            self.noted = True
        except OSError as error:
            self.slots_error = error

    def _sync_slots(self) -> None:
        if not self.sync or not self.noted:
            return
        try:
            self.slots.sync()
            self.slots_synced = True
        except OSError as error:
            self.sync_error = error

    def _remove(self) -> None:
        if not self.sure:
            return
        try:
            for segment in self.dead:
                with suppress(FileNotFoundError):
                    self.directory.remove(segment.name)
                segment.file.close()
                self.removed.append(segment)
        except OSError as error:
            self.remove_error = error

    def _make_spare(self) -> None:
        if not self.spare_name:
            return
        assert self.target is not None
        try:
            self.spare = make_segment(self.directory, self.spare_name, self.salt, self.target)
            self.directory.sync()
        except OSError as error:
            self.spare_error = error
