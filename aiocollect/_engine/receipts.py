"""Receipts: what becomes of one call's rows, for those who ask.

A receipt is made only for calls that want one; all others carry None through the ring. It is
settled on the pipeline's loop, and may be awaited on any.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from typing import Any, TypeVar

from .._core.commands import Outcome

__all__ = ["Receipt", "Watched"]

_T = TypeVar("_T")

# Worst first: what a call is called whose rows ended in different ways.
_WORDS = (
    (Outcome.DROPPED, "not_stored"),
    (Outcome.DEAD_LETTERED, "not_stored"),
    (Outcome.POSSIBLY_STORED, "possibly_stored"),
    (Outcome.SPOOLED, "spooled"),
    (Outcome.STORED, "stored"),
)


class Receipt:
    """What becomes of one call. ``await receipt`` gives the outcome, once it is certain:

    ``"stored"``: all its rows are in the store. ``"not_stored"``: a row of it surely is not.
    ``"possibly_stored"``: nobody can say of a row of it. ``"spooled"``: the pipeline was closed,
    and another life brings rows of it to the store from the spool.
    """

    __slots__ = ("_ends", "_final", "_kept", "_left", "_sync", "_unkept", "correlation_id", "rows")

    def __init__(
        self, correlation_id: str, rows: int, *, sync: Callable[[], Awaitable[bool]]
    ) -> None:
        self.correlation_id = correlation_id
        self.rows = rows
        self._sync = sync
        self._left = rows
        self._unkept = rows  # rows that may yet come to the spool
        self._ends: set[Outcome] = set()
        self._final: Future[str] = Future()
        self._kept: Future[bool] = Future()

    def __repr__(self) -> str:
        return f"<Receipt of {self.rows} rows: {self.outcome or 'under way'}>"

    @property
    def outcome(self) -> str | None:
        """What became of the call; None while that is open."""
        return self._final.result() if self._final.done() else None

    @property
    def spooled(self) -> bool:
        """Whether all its rows are in the spool, and survive the end of the process."""
        return self._kept.done() and self._kept.result()

    async def durable(self) -> bool:
        """Wait until its rows survive a power cut: synced in the spool, or stored. False where
        they are in memory alone: there is no spool, or its disk takes no more."""
        if await _of(self._kept) and await self._sync():
            return True
        return self.outcome == "stored"

    def __await__(self) -> Generator[Any, Any, str]:
        return _of(self._final).__await__()

    # The engine's side ------------------------------------------------------------------------

    def keep(self, rows: int, kept: bool) -> None:
        """``rows`` rows of it came to the spool, or (not ``kept``) to memory alone."""
        self._unkept -= rows
        if not self._kept.done() and (not kept or self._unkept <= 0):
            self._kept.set_result(kept)

    def settle(self, rows: int, outcome: Outcome) -> None:
        """``rows`` rows of it have ended so."""
        self._left -= rows
        self._ends.add(outcome)
        if self._left <= 0 and not self._final.done():
            self._final.set_result(next(word for end, word in _WORDS if end in self._ends))


class Watched:
    """The rows of one lane that a receipt was asked for, in order."""

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: deque[tuple[int, int, Receipt]] = deque()

    def __repr__(self) -> str:
        return f"<Watched {len(self._spans)}>"

    def __bool__(self) -> bool:
        return bool(self._spans)

    def add(self, first: int, rows: int, receipt: Receipt) -> None:
        """Rows of the receipt's call have these numbers in the lane."""
        self._spans.append((first, first + rows, receipt))

    def settle(self, first: int, rows: int, outcome: Outcome) -> None:
        """These rows of the lane have ended so."""
        end = first + rows
        others: list[tuple[int, int, Receipt]] = []
        while self._spans and self._spans[0][0] < end:
            low, high, receipt = self._spans.popleft()
            met = min(high, end) - max(low, first)
            if met > 0:
                receipt.settle(met, outcome)
            if low < first:
                others.append((low, min(high, first), receipt))
            if high > end:
                others.append((max(low, end), high, receipt))
        self._spans.extendleft(reversed(others))


async def _of(future: Future[_T]) -> _T:
    # Shielded: who cancels its waiting must not cancel what others wait for too.
    return await asyncio.shield(asyncio.wrap_future(future))
