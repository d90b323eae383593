"""What is done to a journal beside the event loop, in one go: rows, intents, and cleaning up.

A ``Work`` is planned on the loop (journal.py), done apart, and what came of it is applied on the
loop. In this order:

1. rows are written, after the room for the slots of new lanes;
2. rows are synced, where somebody waits for that;
3. slots are written: intents, and which rows are final;
4. slots are synced, where somebody waits for that, or segments are to go;
5. segments without a live row are removed; a spare one is made.

So an intent is never on the disk before the rows it is about, and a segment never gone before the
slots that say that its rows are final. Whatever fails, nothing that was there before is touched:
what could not be removed is told to be dead by the slots, through a descriptor that is open.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from .disk import File, LockedDirectory
from .extents import Extent
from .format import HEADER_SIZE, SpoolTarget, header, target_record
from .progress import LaneProgress

__all__ = ["Added", "Segment", "Work", "make_segment"]


class Segment:
    """A file of records. See Held. ``sealed``: nothing is written to it any more; ``doubtful``: a
    sync of it has failed, so nobody knows what of it would survive a power cut."""

    __slots__ = (
        *("declared", "doubtful", "end", "file", "held", "live", "name", "sealed", "synced"),
    )

    def __init__(self, name: str, file: File, *, end: int) -> None:
        self.name = name
        self.file = file
        self.end = end
        self.synced = 0
        self.live = self.held = 0
        self.sealed = self.doubtful = False
        self.declared: set[int] = set()  # lanes whose record is in it

    def __repr__(self) -> str:
        return f"<Segment {self.name}, {self.live} of {self.end} bytes live>"


@dataclass(slots=True)
class Added:
    """Rows of a lane among those to be written: their record stands at ``offset`` of these.
    ``again``: they are on the disk already."""

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
    """What is to be done, and what came of it: ``kept`` (the rows are written), ``ghost`` (they are
    not, and parts of them may be there), and for each step that failed its error."""

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
        """*Apart.* Once: asked again, it is done already."""
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
                # A later record must not be followed by what this one has left.
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
        # Lanes without rows there are none; and for their slots there may be no room.
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


def make_segment(directory: LockedDirectory, name: str, salt: int, target: SpoolTarget) -> Segment:
    """*Apart.* A new one, which says whose rows it will hold. Raises OSError."""
    file = directory.open(name, new=True)
    start = header(salt, target.digest)
    start += target_record(target, salt)
    assert len(start) > HEADER_SIZE
    try:
        file.write(start, 0)
    except OSError:
        file.close()
        with suppress(OSError):
            directory.remove(name)
        raise
    return Segment(name, file, end=len(start))
