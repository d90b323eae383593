"""A channel: the lane of one path and header, with the accumulator before it.

Streams with the same path and header share a channel, since two lanes would contend for one blob.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast

from .._core.accumulator import Accumulator, Batch, Block
from .._core.commands import Outcome
from .._core.lane import Lane
from .._core.log_lines import is_log
from .._core.ring import Account
from .._core.states import State
from .._core.unsettled import Unsettled
from .._spool.progress import LaneProgress
from .._spool.syncer import Syncer
from ..stats import StreamState
from .receipts import AwaitedRows, Receipt

__all__ = ["NOTHING_WAITS", "Channel", "Parked", "Standing", "Totals"]


class Parked(NamedTuple):
    """A sealed batch that is only on the disk; the fields are those of Block and Batch."""

    first: int
    rows: int
    size: int
    serial: int
    born: float
    charges: tuple[tuple[Account, int], ...]

    def joined(self, other: Parked) -> Parked:
        """One batch with the rows that follow it."""
        charges = dict(self.charges)
        for account, charged in other.charges:
            charges[account] = charges.get(account, 0) + charged
        return self._replace(
            rows=self.rows + other.rows,
            size=self.size + other.size,
            charges=tuple(charges.items()),
        )


# The backlog of most channels, since an empty deque takes 760 bytes. Replace it by a deque to add
# something.
NOTHING_WAITS: Final = cast("deque[Batch | Parked]", ())


class Standing(enum.Enum):
    """What the last request for a path lets us expect of the next one."""

    NEW = "new"  # nothing yet
    PROVEN = "proven"  # it was answered in time
    LATE = "late"  # it was overdue


class Totals:
    """Rows of all channels of a pipeline, so that nothing has to be added up: ``parked``, which are
    only on the disk, and ``ended``, which are final."""

    __slots__ = ("ended", "parked")

    def __init__(self) -> None:
        self.parked = self.ended = 0

    def __repr__(self) -> str:
        return f"<Totals {self.ended} ended, {self.parked} parked>"


class Channel:
    """One lane and its accumulator. ``due``: its rows are sealed as soon as the lane is idle.

    ``hour`` is the latest hour (since 1970) whose rows go through it.

    With a spool it has a ``syncer``, which writes its rows to the disk, and the ``progress`` of its
    lane; ``keeping`` counts rows on their way to the disk, which are not coalesced yet. The
    ``backlog`` holds sealed batches that wait for the lane, in order; Parked ones are only on the
    disk.

    It is charged to the ``payer``, the account that opened it, until it is ``closed``: dropped, and
    never used again.
    """

    __slots__ = (
        *(
            "origins",
            "accumulator",
            "backlog",
            "closed",
            "content_type",
            "due",
            "hour",
            "syncer",
            "keeping",
        ),
        *("_parked", "_totals", "lane", "last_fill", "payer", "standing", "progress", "stored"),
        "watched",
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
        self.watched: AwaitedRows | None = None  # rows that have a receipt
        self.standing = Standing.NEW
        self.payer: Account | None = None
        self.closed = False
        self.stored = 0  # rows, since it was opened
        self.origins: tuple[Any, ...] = ()  # of the native core, that lead here
        self._parked = 0
        self._totals = totals

    def __repr__(self) -> str:
        return f"<Channel {self.accumulator!r} before {self.lane!r}>"

    @property
    def parked(self) -> int:
        """Rows of the backlog that are only on the disk."""
        return self._parked

    @parked.setter
    def parked(self, rows: int) -> None:
        self._totals.parked += rows - self._parked
        self._parked = rows

    @property
    def is_log(self) -> bool:
        """Whether its rows are lines of a log, which are none of the pipeline's rows."""
        return is_log(self.lane.parts.path)

    @property
    def rows(self) -> int:
        """Rows that are encoded, in memory, and not final."""
        waiting = sum(b.block.rows for b in self.backlog if isinstance(b, Batch))
        return self.keeping + self.accumulator.rows + self.lane.rows + waiting

    @property
    def idle(self) -> bool:
        """Whether it has no rows, in memory or on the disk."""
        waits = self.keeping or self.accumulator.rows or self.backlog or self.lane.rows
        return not waits

    @property
    def state(self) -> StreamState:
        """What it does now."""
        lane = self.lane
        if lane.waiting:
            return "held" if lane.state is State.HELD else "retrying"
        return "storing" if lane.busy else "idle" if self.idle else "waiting"

    @property
    def born(self) -> float | None:
        """When the oldest row was taken that is coalesced and not final; None without one."""
        if self.lane.born is not None:
            return self.lane.born
        if self.backlog:
            return self.backlog[0].born
        return self.accumulator.born if self.accumulator.rows else None

    def cut(self, unsettled: Unsettled) -> Batch:
        """Seal what was coalesced, at least one row, as the next batch."""
        self.last_fill = self.accumulator.fill
        batch = self.accumulator.seal(serial=unsettled.next_serial())
        unsettled.add(batch.serial, born=batch.born)
        return batch

    def kept(self, block: Block) -> bool | None:
        """Whether the block's rows are in the spool, for another process to go on with. None: the
        disk has not answered yet."""
        syncer, progress = self.syncer, self.progress
        if syncer is None or progress is None:
            return False
        if syncer.alive and progress.within(block.first, block.rows) is not None:
            return True
        return None if syncer.writing(progress) and block.last >= progress.kept_to else False

    def close(self) -> None:
        """It has no rows and is not used again: its slot in the spool is free."""
        self.closed = True
        self.turn_away()
        if self.syncer is not None and self.progress is not None:
            self.syncer.journal.close_lane(self.progress)

    def turn_away(self) -> None:
        """The native core brings no more rows here without asking."""
        for origin in self.origins:
            if origin.channel is self:
                origin.channel = None
        self.origins = ()

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
        """Rows have become final: free their place in the spool, and settle their receipts."""
        if self.watched is not None:
            self.watched.settle(first, rows, outcome)
            if not self.watched:
                self.watched = None
        if outcome is Outcome.SPOOLED:
            return
        if outcome is Outcome.STORED:
            self.stored += rows
        if self.syncer is not None and self.progress is not None:
            stand = self.lane.stand
            if outcome is Outcome.POSSIBLY_STORED:
                stand = stand.after_doubt()
            self.syncer.finish(self.progress, first, rows, stand)
