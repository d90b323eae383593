"""Writing ahead: encoded rows go to the disk before they are coalesced.

The disk answers later, by a callback. Rows are coalesced in the order of the turns, channel by
channel: where the disk has not answered for some rows of a channel, later rows of that channel wait
for it, and those of others do not. So a batch has all of its rows in the spool, or none.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol, TypeAlias

from .._core.lines import Lines
from .backlog import Backlog
from .channel import Channel
from .new_rows import NewRows
from .runs import Run
from .spooling import Spool

__all__ = ["Encoded", "WriteAhead"]

# The rows of each run.
Encoded: TypeAlias = list[tuple[Run, Lines]]


class Coalesces(Protocol):
    """What WriteAhead needs of the pump."""

    def coalesce(self, run: Run, lines: Lines, now: float, kept: bool) -> None:
        """Add lines to their channel; ``kept``: they are in the spool."""


class EncodedTurn:
    """The rows of one turn of the pump; ``calls`` calls were complete before it. ``kept``: the rows
    are in the spool; None: the disk has not answered yet."""

    __slots__ = ("calls", "kept", "now", "runs")

    def __init__(self, runs: Encoded, *, calls: int, now: float) -> None:
        self.runs = runs
        self.calls = calls
        self.now = now
        self.kept: bool | None = None

    def new_rows(self) -> list[NewRows]:
        """Its rows as the spool takes them, with their numbers in their lanes."""
        rows: list[NewRows] = []
        after: dict[Channel, int] = {}  # rows of this turn that come later
        for run, lines in reversed(self.runs):
            channel = run.channel
            after[channel] = after.get(channel, 0) + len(lines)
            first = channel.accumulator.next + channel.keeping - after[channel]
            rows.append(NewRows(channel, first, lines))
        return rows[::-1]


class WriteAhead:
    """Puts rows into the ``spool``. When the disk has answered, the ``pump`` coalesces them, and
    the ``backlog`` learns which channels have rows both on the disk and in memory."""

    def __init__(self, spool: Spool, backlog: Backlog, pump: Coalesces) -> None:
        self._spool = spool
        self._backlog = backlog
        self._pump = pump
        self._turns: deque[EncodedTurn] = deque()
        self._going = self._again = False
        self._settled: list[asyncio.Future[None]] = []

    def __repr__(self) -> str:
        return f"<WriteAhead {len(self._turns)} turns>"

    def __bool__(self) -> bool:
        return bool(self._turns)

    def take(self, encoded: Encoded, *, calls: int, now: float) -> None:
        """Put the rows of a turn on the disk."""
        if not encoded:
            return
        turn = EncodedTurn(encoded, calls=calls, now=now)
        for run, lines in encoded:
            run.channel.keeping += len(lines)
        self._turns.append(turn)

        def known(kept: bool) -> None:
            turn.kept = kept
            self._go_on()
            if kept:
                for run, _ in encoded:
                    self._backlog.hold(run.channel, run.account)

        kept = self._spool.keep(turn.new_rows(), known)
        if kept is not None:
            known(kept)

    async def settled(self) -> None:
        """Return when the disk has answered for all rows."""
        if self._turns:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._settled.append(future)
            await future

    def take_back(self) -> None:
        """Coalesce all rows now: those without an answer stay in memory only."""
        for turn in self._turns:
            turn.kept = bool(turn.kept)
        self._go_on()

    def calls_done(self, taken: int) -> int:
        """How many of the ``taken`` calls are coalesced, with all calls before them."""
        return self._turns[0].calls if self._turns else taken

    def _go_on(self) -> None:
        """Coalesce what is answered. Meanwhile more answers may come in."""
        self._again = True
        if self._going:
            return
        self._going = True
        try:
            while self._again:
                self._again = False
                self._pass()
        finally:
            self._going = False

    def _pass(self) -> None:
        after: set[Channel] = set()
        for turn in list(self._turns):
            kept, runs = turn.kept, turn.runs
            # An interrupt in the loop below must not cause rows to be coalesced twice.
            waiting = turn.runs = []
            for run, lines in runs:
                if kept is None or run.channel in after:
                    after.add(run.channel)
                    waiting.append((run, lines))
                else:
                    run.channel.keeping -= len(lines)
                    self._pump.coalesce(run, lines, turn.now, kept)
        while self._turns and not self._turns[0].runs:
            self._turns.popleft()
        if not self._turns:
            settled, self._settled = self._settled, []
            for future in settled:
                if not future.done():
                    future.set_result(None)
