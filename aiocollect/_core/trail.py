"""The trail of a lane: which of its rows are on the disk, which are final, and what was about to be
sent.

It lives beside the lane and decides nothing. Rows of a lane are numbered from 0 without a gap and
end in order, but for those that are given up unsent, which are one range behind what is under way:
so two numbers and a range say all. A channel without a spool has none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from ..disk import File
from .journal import Lane, Slot

__all__ = ["Extent", "Stand", "Trail"]


class Stand(NamedTuple):
    """Where a lane stands: its part, and in it the position, where it is known.

    ``own`` and ``blind`` as in Lane and Parts; ``created`` tells a replaced blob.
    """

    part: int
    own: bool
    blind: bool
    position: int | None
    created: str


class Held(Protocol):
    """What keeps rows: a segment. ``live`` are the bytes of rows in it that are not final."""

    file: File
    live: int


class Extent(NamedTuple):
    """Rows ``first`` to ``end - 1`` stand in ``segment``, their payload at ``offset``."""

    first: int
    end: int
    segment: Held
    offset: int
    size: int


class Trail:
    """One lane's. ``lane`` is what it is called in its directory, and where its slot is.

    ``end`` is the number of the next row to be kept.
    """

    __slots__ = (
        "_dropped",
        "_dropped_to",
        "_extents",
        "_first",
        "_rows",
        "_stand",
        "copy",
        "done",
        "end",
        "lane",
        "sure",
    )

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.end = 0
        self.copy = 1  # the one that was synced last: never the one to write
        self.done = 0
        self._dropped = self._dropped_to = 0
        self._first = self._rows = 0  # the intent
        self.sure = False  # the intent is synced
        self._stand = Stand(0, False, False, None, "")
        self._extents: deque[Extent] = deque()

    def __repr__(self) -> str:
        return f"<Trail of lane {self.lane.number}: {self.done} done, {len(self._extents)} extents>"

    # Writing ----------------------------------------------------------------------------------

    def keep(self, extent: Extent) -> None:
        """The rows of the extent are on the disk; they come after those of the extents before."""
        self._extents.append(extent)
        extent.segment.live += extent.size

    def move(self, old: Extent, new: Extent) -> bool:
        """The extent's rows were copied to another place. False: they are final meanwhile."""
        for index, extent in enumerate(self._extents):
            if extent == old:
                self._extents[index] = new
                old.segment.live -= old.size
                new.segment.live += new.size
                return True
        return False

    def intends(self, first: int, rows: int, stand: Stand) -> bool:
        """Whether it is on the disk for good that these rows are about to be sent there."""
        return self.sure and (self._first, self._rows, self._stand) == (first, rows, stand)

    def intend(self, first: int, rows: int, stand: Stand) -> None:
        """``rows`` rows from ``first`` on are about to be sent."""
        self._first, self._rows, self._stand = first, rows, stand
        self.sure = False

    def finish(self, first: int, rows: int, stand: Stand) -> None:
        """Rows have become final."""
        end = first + rows
        self._stand = stand
        if first <= self._first < end:
            self._rows = 0  # what was about to be sent has been
        if first <= self.done:
            self.done = max(self.done, end)
        elif self._dropped_to and first <= self._dropped_to:
            self._dropped_to = max(self._dropped_to, end)
        else:
            self._dropped, self._dropped_to = first, end
        if self._dropped <= self.done:
            self.done = max(self.done, self._dropped_to)
            self._dropped = self._dropped_to = 0
        self._forget()

    def _forget(self) -> None:
        extents = self._extents
        while extents and extents[0].end <= self.done:
            extent = extents.popleft()
            extent.segment.live -= extent.size
        if self._dropped_to:
            for extent in list(extents):
                if self._dropped <= extent.first and extent.end <= self._dropped_to:
                    extents.remove(extent)
                    extent.segment.live -= extent.size

    # Asking -----------------------------------------------------------------------------------

    @property
    def extents(self) -> Iterator[Extent]:
        """What is on the disk and not final, in order."""
        return iter(self._extents)

    def within(self, first: int, rows: int) -> list[Extent] | None:
        """The extents that hold these rows, in order; None where any of them is not on the disk."""
        found = []
        at, end = first, first + rows
        for extent in self._extents:
            if extent.end <= at:
                continue
            if extent.first > at or at >= end:
                break
            found.append(extent)
            at = extent.end
        return found if at >= end else None

    def slot_of(self, generation: int) -> Slot:
        """What the slot is to say."""
        part, own, blind, position, created = self._stand
        return Slot(
            generation,
            self.lane.number,
            self.done,
            self._dropped,
            self._dropped_to,
            self._first,
            self._rows,
            position or 0,
            part,
            own,
            blind,
            position is not None,
            created,
        )

    def left(self, after: int) -> Iterator[tuple[int, int, int]]:
        """The rows from ``after`` on that are on the disk and not final: first, end, and at most so
        many bytes."""
        for extent in self._extents:
            for first, end in (
                (max(extent.first, after, self.done), min(extent.end, self._dropped)),
                (max(extent.first, after, self._dropped_to, self.done), extent.end),
            ):
                if first < end:
                    yield first, end, extent.size

    # After a crash ----------------------------------------------------------------------------

    def restore(self, slot: Slot, *, copy: int) -> None:
        """Go on from what the slot says."""
        self.copy = copy
        self.done = slot.done
        self._dropped, self._dropped_to = slot.dropped, slot.dropped_to
        self._first, self._rows = slot.first, slot.rows
        position = slot.position if slot.placed else None
        self._stand = Stand(slot.part, slot.own, slot.blind, position, slot.created)

    @property
    def intent(self) -> tuple[int, int] | None:
        """The rows that were about to be sent: the first, and their number."""
        return (self._first, self._rows) if self._rows else None

    @property
    def stand(self) -> Stand:
        """Where the lane stood."""
        return self._stand

    def final(self, first: int, end: int) -> bool:
        """Whether all these rows are final."""
        return end <= self.done or (self._dropped <= first and end <= self._dropped_to)
