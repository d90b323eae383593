"""Spooling: encoded rows go to the disk before they are coalesced.

The disk answers later, by a callback. Rows are coalesced in the order of the turns, channel by
channel: where the disk has not answered for some rows of a channel, later rows of that channel wait
behind them, and those of others do not. So a batch has all of its rows in the spool, or none.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from .channel import Channel
from .runs import Run

__all__ = ["Encoded", "Keep", "Spooling"]

# The lines of each run.
Encoded: TypeAlias = list[tuple[Run, list[bytes]]]
# Has rows put into the spool, and tells whether they are there; None: it calls back, maybe at once.
Keep: TypeAlias = Callable[[Encoded, Callable[[bool], None]], bool | None]


class EncodedTurn:
    """Rows of one turn of the pump, before which ``calls`` calls were taken to their ends.
    ``kept``: they are in the spool; None: nobody knows yet."""

    __slots__ = ("calls", "kept", "now", "runs")

    def __init__(self, runs: Encoded, *, calls: int, now: float) -> None:
        self.runs = runs
        self.calls = calls
        self.now = now
        self.kept: bool | None = None


class Spooling:
    """``coalesce`` takes rows whose place is known: run, lines, the time of their turn, kept."""

    def __init__(
        self, keep: Keep, *, coalesce: Callable[[Run, list[bytes], float, bool], None]
    ) -> None:
        self._keep = keep
        self._coalesce = coalesce
        self._turns: deque[EncodedTurn] = deque()
        self._going = self._again = False
        self._settled: list[asyncio.Future[None]] = []

    def __repr__(self) -> str:
        return f"<Spooling {len(self._turns)} turns>"

    def __bool__(self) -> bool:
        return bool(self._turns)

    def take(self, encoded: Encoded, *, calls: int, now: float) -> None:
        """The rows of a turn."""
        if not encoded:
            return
        turn = EncodedTurn(encoded, calls=calls, now=now)
        for run, lines in encoded:
            run.channel.keeping += len(lines)
        self._turns.append(turn)

        def known(kept: bool) -> None:
            turn.kept = kept
            self._go_on()

        kept = self._keep(encoded, known)
        if kept is not None:
            known(kept)

    async def settled(self) -> None:
        """Return once the disk has answered for all rows."""
        if self._turns:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._settled.append(future)
            await future

    def take_back(self) -> None:
        """What has no answer yet goes on in memory alone."""
        for turn in self._turns:
            turn.kept = bool(turn.kept)
        self._go_on()

    def calls_done(self, taken: int) -> int:
        """How many calls of those ``taken`` are coalesced with all before them."""
        return self._turns[0].calls if self._turns else taken

    def _go_on(self) -> None:
        """Coalesce what may be. What is coalesced may lead to more being known."""
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
        behind: set[Channel] = set()
        for turn in list(self._turns):
            kept, runs = turn.kept, turn.runs
            # An interrupt in the middle of it must not have rows coalesced twice.
            waiting = turn.runs = []
            for run, lines in runs:
                if kept is None or run.channel in behind:
                    behind.add(run.channel)
                    waiting.append((run, lines))
                else:
                    run.channel.keeping -= len(lines)
                    self._coalesce(run, lines, turn.now, kept)
        while self._turns and not self._turns[0].runs:
            self._turns.popleft()
        if not self._turns:
            settled, self._settled = self._settled, []
            for future in settled:
                if not future.done():
                    future.set_result(None)
