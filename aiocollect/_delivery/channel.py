"""A channel: the lane of one path and header, with the accumulator before it.

Streams that share path and header share the channel, since two lanes on one blob would contend
with each other.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple, cast

from .._core.accumulator import Accumulator, Batch, Block
from .._core.commands import Outcome
from .._core.lane import Lane
from .._core.ring import Account
from .._core.unsettled import Unsettled
from .._spool.progress import LaneProgress
from .._spool.syncer import Syncer
from .receipts import AwaitedRows, Receipt

__all__ = ["NOTHING_WAITS", "Channel", "Parked", "Standing", "Totals"]


class Parked(NamedTuple):
    """A sealed batch that is on the disk alone: its rows, as Block and Batch have them."""

    first: int
    rows: int
    size: int
    serial: int
    born: float
    charges: tuple[tuple[Account, int], ...]

    def joined(self, other: Parked) -> Parked:
        """One with the rows behind it."""
        charges = dict(self.charges)
        for account, charged in other.charges:
            charges[account] = charges.get(account, 0) + charged
        return self._replace(
            rows=self.rows + other.rows,
            size=self.size + other.size,
            charges=tuple(charges.items()),
        )


# The backlog of nearly every channel: an empty deque takes 760 bytes. Who puts something there
# makes a deque first.
NOTHING_WAITS: Final = cast("deque[Batch | Parked]", ())


class Standing(enum.Enum):
    """What the last request of a path says about the next one."""

    NEW = "new"  # nothing yet
    PROVEN = "proven"  # it was answered in time
    LATE = "late"  # it was overdue


class Totals:
    """Over all channels of a pipeline, in rows, so that nobody needs to add them up: ``parked`` on
    the disk alone, and ``ended`` finally."""

    __slots__ = ("ended", "parked")

    def __init__(self) -> None:
        self.parked = self.ended = 0

    def __repr__(self) -> str:
        return f"<Totals {self.ended} ended, {self.parked} parked>"


class Channel:
    """One lane and its accumulator. ``due`` says that rows wait only for the lane to be idle.

    ``hour`` is the last one (since 1970) whose rows go through it.

    With a spool it has a ``syncer``, which keeps its rows, and the ``progress`` of its lane;
    ``keeping`` are rows on their way to the disk, not coalesced yet. What memory does not hold
    stands in the ``backlog``, Parked, and with it all sealed batches behind.

    It is charged to the budget of the ``payer`` whose row it was opened for, until it is
    ``closed``: forgotten, and never used again.
    """

    __slots__ = (
        *("accumulator", "backlog", "closed", "content_type", "due", "hour", "syncer", "keeping"),
        *("_parked", "_totals", "lane", "last_fill", "payer", "standing", "progress", "watched"),
    )

    def __init__(
        self, lane: Lane, accumulator: Accumulator, *, content_type: str, totals: Totals
    ) -> None:
        self.lane = lane
        self.accumulator = accumulator
        self.content_type = content_type
        self.hour = 0
        self.due = False
        self.last_fill = 0  # in percent, of the last batch
        self.syncer: Syncer | None = None
        self.progress: LaneProgress | None = None
        self.keeping = 0
        self.backlog = NOTHING_WAITS
        self.watched: AwaitedRows | None = None  # where a receipt was asked for
        self.standing = Standing.NEW
        self.payer: Account | None = None
        self.closed = False
        self._parked = 0
        self._totals = totals

    def __repr__(self) -> str:
        return f"<Channel {self.accumulator!r} before {self.lane!r}>"

    @property
    def parked(self) -> int:
        """Rows of the backlog that are on the disk alone."""
        return self._parked

    @parked.setter
    def parked(self, rows: int) -> None:
        self._totals.parked += rows - self._parked
        self._parked = rows

    @property
    def rows(self) -> int:
        """Rows that are encoded, in memory, and not final."""
        waiting = sum(b.block.rows for b in self.backlog if isinstance(b, Batch))
        return self.keeping + self.accumulator.rows + self.lane.out.rows + waiting

    @property
    def idle(self) -> bool:
        """Whether nothing of it waits, in memory or on the disk."""
        waits = self.keeping or self.accumulator.rows or self.backlog or self.lane.out
        return not waits

    def cut(self, unsettled: Unsettled) -> Batch:
        """Freeze what was coalesced, at least a row, and number it."""
        self.last_fill = self.accumulator.fill
        batch = self.accumulator.seal(serial=unsettled.next_serial())
        unsettled.add(batch.serial, born=batch.born)
        return batch

    def kept(self, block: Block) -> bool:
        """Whether the block's rows are in the spool, for another life to go on with."""
        syncer, progress = self.syncer, self.progress
        if syncer is None or progress is None or not syncer.alive:
            return False
        return progress.within(block.first, block.rows) is not None

    def close(self) -> None:
        """Nothing of it is left: another channel may have its place in the spool."""
        self.closed = True
        if self.syncer is not None and self.progress is not None:
            self.syncer.journal.close_lane(self.progress)

    def unsure(self, block: Block) -> bool:
        """Whether nobody knows yet if rows of the block come to the disk."""
        syncer, progress = self.syncer, self.progress
        if syncer is None or progress is None or not syncer.writing(progress):
            return False
        return block.last >= progress.kept_to

    def intend(self, known: Callable[[], None]) -> None:
        """Call ``known`` when the spool knows what the lane is about to send."""
        if self.syncer is None or self.progress is None:
            known()
        else:
            self.syncer.intend(self.progress, *self.lane.under_way, self.lane.stand, known)

    def watch(self, first: int, rows: int, receipt: Receipt) -> None:
        """Rows of the receipt's call have these numbers in the lane."""
        if self.watched is None:
            self.watched = AwaitedRows()
        self.watched.add(first, rows, receipt)

    def finish(self, first: int, rows: int, outcome: Outcome) -> None:
        """Rows have become final: the spool need not keep them, and whoever asked is told."""
        if self.watched is not None:
            self.watched.settle(first, rows, outcome)
            if not self.watched:
                self.watched = None
        if outcome is Outcome.SPOOLED:
            return
        if self.syncer is not None and self.progress is not None:
            stand = self.lane.stand
            if outcome is Outcome.POSSIBLY_STORED:
                stand = stand.after_doubt()
            self.syncer.finish(self.progress, first, rows, stand)
