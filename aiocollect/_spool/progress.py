"""The progress of a lane: which rows are on the disk, which are final, which are about to be sent.

It is kept beside the lane and decides nothing. Rows of a lane are numbered from 0 without a gap,
and become final in order. The exception is rows that are given up unsent: they are one range after
what is under way. So one number and one range describe everything. Rows that are in memory alone
are gaps here. A channel without a spool has no progress.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._core.stand import Stand
from .extents import NEAR, Extent, Extents
from .format import LaneRecord, Slot

__all__ = ["LaneProgress"]


class LaneProgress:
    """Of one lane. ``lane`` describes it: its number and slot in the directory, and its place when
    its first row was kept there. ``end`` is the number of the next row to be kept.

    Rows before the first one kept here count as done from the beginning.
    """

    __slots__ = (
        "_extents",
        "_final",
        "_first",
        "_rows",
        "_stand",
        "copy",
        "done",
        "end",
        "lane",
        "sure",
    )

    def __init__(self, lane: LaneRecord) -> None:
        self.lane = lane
        self.end = self.done = lane.first
        self.copy = 1  # the one that was synced last: never the one to write
        self._final: list[tuple[int, int]] = []  # final rows that come after rows that are not
        self._first, self._rows = lane.sent  # the intent
        self.sure = False  # the intent is synced
        self._stand = lane.stand
        self._extents = Extents()

    def __repr__(self) -> str:
        return f"<LaneProgress {self.lane.number}: {self.done} done, {len(self._extents)} extents>"

    # Writing ----------------------------------------------------------------------------------

    def keep(self, extent: Extent) -> None:
        """The rows of the extent are on the disk; they come after those of earlier extents."""
        extent.segment.held += self._extents.add(extent)
        extent.segment.live += extent.size

    def move(self, extent: Extent) -> None:
        """The rows of the extent, which were on the disk already, are there again, together; except
        for those that have become final meanwhile."""
        if self.done > extent.first:
            if self.done >= extent.end:
                return
            extent = extent.part(self.done, extent.end)
        old, new = self._extents.replace(extent)
        for one in old:
            one.segment.live -= one.size
            one.segment.held -= 1
        for one in new:
            one.segment.live += one.size
            one.segment.held += 1

    def scattered(self, first: int, size: int) -> bool:
        """Whether rows from ``first`` on, ``size`` bytes, are in many more places than necessary:
        then their index takes memory, and reading them takes long."""
        return self._extents.count_since(first) > 1 + size // NEAR

    def intends(self, first: int, rows: int, stand: Stand) -> bool:
        """Whether it is synced that these rows are about to be sent there."""
        return self.sure and (self._first, self._rows, self._stand) == (first, rows, stand)

    def intend(self, first: int, rows: int, stand: Stand) -> None:
        """``rows`` rows from ``first`` on are about to be sent."""
        self._first, self._rows, self._stand = first, rows, stand
        self.sure = False

    def finish(self, first: int, rows: int, stand: Stand) -> None:
        """Rows have become final."""
        end = first + rows
        if not self._moved_on_from(stand):
            self._stand = stand
        # The intent has ended, or is known not to be there: a lane in doubt has a position.
        if first <= self._first < end or stand.position is None:
            self._rows = 0
        found = next(self._extents.since(first), None)
        if found is not None and found.first < end:
            self._final.append((first, end))
            self._forget()
        # Other rows were in memory alone: they are not here.

    def _moved_on_from(self, stand: Stand) -> bool:
        """Whether other rows, in doubt without the right to read, have made the lane leave this
        part for ever."""
        ours = self._stand
        left = ours.blind and ours.position is None
        return left and stand.blind and stand.own is ours.own and stand.part < ours.part

    def _forget(self) -> None:
        """Forget the extents that are final, and find the first row that is not."""
        extents, over = self._extents, 0
        for extent in extents:
            at = max(extent.first, self.done)
            for first, end in sorted(self._final):  # one can begin where another ends
                if first <= at < end:
                    at = end
            self.done = at
            if self.done < extent.end:
                break
            over += 1
        self._let_go(0, over)
        if not extents:
            self.done = max(self.done, *(end for _, end in self._final), 0)
        self._final = [(first, end) for first, end in self._final if end > self.done]
        for first, end in self._final:
            within = [n for n, e in enumerate(extents) if first <= e.first and e.end <= end]
            if within:  # they are next to one another
                self._let_go(within[0], within[-1] + 1)

    def _let_go(self, start: int, stop: int) -> None:
        for index in range(start, stop):
            extent = self._extents[index]
            extent.segment.live -= extent.size
            extent.segment.held -= 1
        self._extents.remove(start, stop)

    # Asking -----------------------------------------------------------------------------------

    @property
    def extents(self) -> Iterator[Extent]:
        """What is on the disk and not final, in order."""
        return iter(self._extents)

    @property
    def kept_to(self) -> int:
        """The number after the last row that is on the disk and not final."""
        return self._extents[-1].end if len(self._extents) else self.done

    def within(self, first: int, rows: int) -> list[Extent] | None:
        """The extents that hold these rows, in order. None: not all of the rows are surely on the
        disk."""
        found = []
        at, end = first, first + rows
        for extent in self._extents.since(first):
            if extent.first > at or at >= end or extent.ghost:
                break
            found.append(extent)
            at = extent.end
        return found if at >= end else None

    def slot_of(self, generation: int) -> Slot:
        """The content of the lane's slot."""
        part, own, blind, position, created = self._stand
        return Slot(
            generation,
            self.lane.number,
            self.done,
            *self._dropped,
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
        """The rows from ``after`` on that are on the disk and not final: first, end, and an upper
        bound of their bytes."""
        dropped, dropped_to = self._dropped
        for extent in self._extents:
            for first, end in (
                (max(extent.first, after, self.done), min(extent.end, dropped)),
                (max(extent.first, after, self.done, dropped_to), extent.end),
            ):
                if first < end:
                    yield first, end, extent.size

    @property
    def _dropped(self) -> tuple[int, int]:
        """The one range that a slot has room for; rows after it can still reach the store."""
        return min(self._final, default=(0, 0))

    # After a crash ----------------------------------------------------------------------------

    def restore(self, slot: Slot, *, copy: int) -> None:
        """Go on from what the slot says."""
        self.copy = copy
        # Rows are sent in order: those before the intent have ended, if only because they could not
        # be read at that time.
        self.done = max(slot.done, slot.first) if slot.rows else slot.done
        if slot.dropped_to:
            self._final = [(slot.dropped, slot.dropped_to)]
        self._first, self._rows = slot.first, slot.rows
        position = slot.position if slot.placed else None
        self._stand = Stand(slot.part, slot.own, slot.blind, position, slot.created)

    @property
    def intent(self) -> tuple[int, int] | None:
        """The rows that were about to be sent: the first, and their number. All of them are on the
        disk: recovery abandons any other intent."""
        return (self._first, self._rows) if self._rows else None

    def abandon_intent(self) -> int:
        """Rows of the intent are missing. Either all of them were in memory alone; or some are
        corrupt, and it is unknown whether the others were stored. Returns how many others."""
        first, rows = self._first, self._rows
        half = [e for e in self._extents if first < e.end and e.first < first + rows]
        self._stand = self._stand.after_doubt()
        if half:
            self.finish(first, rows, self._stand)
        self._rows = 0
        return sum(extent.end - extent.first for extent in half)

    @property
    def stand(self) -> Stand:
        """Where the lane was."""
        return self._stand

    def final(self, first: int, end: int) -> bool:
        """Whether all these rows are final."""
        return end <= self.done or any(low <= first and end <= high for low, high in self._final)
