"""The pump: takes encoded rows from the intake, coalesces them per channel, seals.

With a spool, they go to the disk before they are coalesced (write_ahead.py).

It seals a batch when the next row no longer fits, and when the linger has passed and the lane is
idle: while a lane is busy its rows go on coalescing, so a slow store gets fewer and fuller blocks.
"""

from __future__ import annotations

import heapq
from itertools import count

from .._core.lines import Lines
from .._core.ring import Ring
from .._core.unsettled import Unsettled
from .ages import Ages
from .backlog import Backlog
from .channel import Channel
from .intake import Intake
from .log import Log
from .receipts import RECEIPT_COST
from .runs import Run
from .shedder import Shedder
from .spooling import Spool
from .write_ahead import WriteAhead

__all__ = ["Pump"]


class Pump:
    """Makes batches of rows, and hands them to the ``backlog``. ``turn`` is one slice of work.

    With a ``spool`` encoded rows go there first (see write_ahead.py). The ``log`` hears how many
    rows of each stream were taken.
    """

    def __init__(
        self,
        ring: Ring,
        intake: Intake,
        *,
        unsettled: Unsettled,
        backlog: Backlog,
        shedder: Shedder,
        spool: Spool | None,
        log: Log | None = None,
    ) -> None:
        self._ring = ring
        self._log = log
        self._intake = intake
        self._unsettled = unsettled
        self._backlog = backlog
        self._shedder = shedder
        self.write_ahead = None if spool is None else WriteAhead(spool, backlog, self)
        self._deadlines: list[tuple[float, int, Channel]] = []
        self._tie = count()
        self.open = Ages(_is_open)
        self.rows_encoded = 0  # these go to the channels

    def __repr__(self) -> str:
        return f"<Pump {self.rows_taken} rows taken, {self.calls_done} calls done>"

    @property
    def calls_done(self) -> int:
        """The number of calls whose rows are all coalesced: a flush waits for it."""
        ahead, calls = self.write_ahead, self._intake.calls
        return calls if ahead is None else ahead.calls_done(calls)

    @property
    def rows_taken(self) -> int:
        """Encoded, or final because they cannot be encoded."""
        return self.rows_encoded + self._intake.refused

    # A slice ----------------------------------------------------------------------------------

    def turn(self, now: float) -> bool:
        """Take and encode one slice, and seal what is due. False: the ring is empty.

        A KeyboardInterrupt or SystemExit that comes in is raised when the slice is done.
        """
        calls = self._intake.calls
        encoded = self._intake.take()
        log = self._log
        for run, lines in encoded:
            if log is not None:
                log.took(run.stream.label, len(lines))
            # Replace the estimate that was charged at accept by the real size.
            self._ring.charge(lines.size - run.estimate, run.account)
            self.rows_encoded += len(lines)
        if self.write_ahead is not None:
            self.write_ahead.take(encoded, calls=calls, now=now)
        else:
            for run, lines in encoded:
                self.coalesce(run, lines, now, False)
        self._seal_due(now)
        self._intake.raise_interrupt()
        return not self._intake.empty

    # Coalescing and sealing -------------------------------------------------------------------

    def coalesce(self, run: Run, lines: Lines, now: float, kept: bool) -> None:
        """Add lines to their channel; ``kept``: they are in the spool."""
        channel, account, receipt = run.channel, run.account, run.receipt
        accumulator = channel.accumulator
        if accumulator.rows and accumulator.kept is not kept:
            self.seal(channel)  # all rows of a batch are in the spool, or none is
        accumulator.kept = kept
        if receipt is not None and lines:
            channel.watch(accumulator.next, len(lines), receipt)
            receipt._keep(len(lines), kept)
        while lines:
            fresh = not accumulator.rows
            taken = accumulator.add(lines, account=account, now=now)
            if fresh:
                lane = channel.lane
                deadline = accumulator.deadline(
                    blocks_used=lane.blocks_used, last_fill=channel.last_fill
                )
                heapq.heappush(self._deadlines, (deadline, next(self._tie), channel))
                self.open.add(accumulator.born, channel)
                self._shedder.began(accumulator.born, channel)
            if receipt is not None:
                self._ring.charge(RECEIPT_COST, account)
                accumulator.bear(RECEIPT_COST, account=account)
                receipt = None
            if taken == len(lines):
                return
            self.seal(channel)
            lines = lines.cut(taken, len(lines))

    def seal(self, channel: Channel) -> None:
        """Seal what the channel has coalesced, if anything, and hand it on."""
        channel.due = False
        if channel.accumulator.rows:
            self._backlog.submit(channel, channel.cut(self._unsettled))

    def _seal_due(self, now: float) -> None:
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            _, _, channel = heapq.heappop(self._deadlines)
            if channel.lane.busy:
                channel.due = True  # sealed as soon as the lane is idle: Delivery.rested
            else:
                self.seal(channel)

    def next_deadline(self) -> float | None:
        """When the next batch is due, or None."""
        deadlines = self._deadlines
        while deadlines:
            deadline, _, channel = deadlines[0]
            accumulator = channel.accumulator
            if accumulator.rows and accumulator.born <= deadline:
                return deadline
            # Sealed before its deadline; later rows have another one.
            heapq.heappop(deadlines)
        return None


def _is_open(channel: Channel, born: float) -> bool:
    return channel.accumulator.rows > 0 and channel.accumulator.born == born
