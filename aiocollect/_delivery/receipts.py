"""Receipts: what becomes of one call's rows, for callers who ask.

A receipt is created only for calls that want one; all others have None in the ring. It is settled
on the pipeline's loop, and can be awaited on any. It is small until someone waits for it, and is
charged to the budget with the batch of its rows, so that receipts that are collected and dropped
during an outage stay bounded.
"""

from __future__ import annotations

import asyncio
import enum
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from typing import Any, Final

from .._core.commands import Outcome
from .._threads.foreign_loops import answer_of, is_foreign

__all__ = ["RECEIPT_COST", "AwaitedRows", "Receipt", "ReceiptOutcome", "renew"]

# Bytes of a receipt, its id and its entry in the lane; tests/simulation/bounded.py measures them.
RECEIPT_COST: Final = 512
# A caller may begin to wait in the moment in which the receipt is settled.
_beginning = threading.RLock()


class ReceiptOutcome(enum.StrEnum):
    """What became of a call's rows. Each is equal to its text.

    =====================  ========================================================================
    ``"stored"``           all of them are in the store
    ``"not_stored"``       one of them surely is not: dropped, or a dead letter
    ``"possibly_stored"``  one of them may be in the store or not; nothing can tell
    ``"spooled"``          the pipeline was closed; another process stores them from the spool
    =====================  ========================================================================
    """

    STORED = "stored"
    NOT_STORED = "not_stored"
    POSSIBLY_STORED = "possibly_stored"
    SPOOLED = "spooled"


# Worst first: a call whose rows have different outcomes has the worst of them.
_WORDS = (
    (Outcome.DROPPED, ReceiptOutcome.NOT_STORED),
    (Outcome.DEAD_LETTERED, ReceiptOutcome.NOT_STORED),
    (Outcome.POSSIBLY_STORED, ReceiptOutcome.POSSIBLY_STORED),
    (Outcome.SPOOLED, ReceiptOutcome.SPOOLED),
    (Outcome.STORED, ReceiptOutcome.STORED),
)
_RANK = {outcome: rank for rank, (outcome, _) in enumerate(_WORDS)}


def renew() -> None:
    """In a child process: a thread of the parent may have held the lock."""
    global _beginning
    _beginning = threading.RLock()


class Receipt:
    """What becomes of one call. ``await receipt``, on any event loop, gives its ReceiptOutcome as
    soon as that is certain. ``correlation_id`` is the call's, ``rows`` the number of its rows.

    Returned by ``collect_receipt()``.
    """

    __slots__ = (
        *("_kept", "_left", "_sync", "_unkept", "_waiters", "_worst", "correlation_id", "rows"),
    )

    def __init__(
        self, correlation_id: str, rows: int, *, sync: Callable[[], Awaitable[bool]]
    ) -> None:
        self.correlation_id = correlation_id
        self.rows = rows
        self._sync = sync
        self._left = rows
        self._unkept = rows  # rows that may yet come to the spool
        self._worst = len(_WORDS) - 1  # of its rows' ends
        self._kept: bool | None = None
        self._waiters: tuple[Future[None], Future[None]] | None = None  # for the spool, for the end

    def __repr__(self) -> str:
        return f"<Receipt of {self.rows} rows: {self.outcome or 'under way'}>"

    @property
    def outcome(self) -> ReceiptOutcome | None:
        """What became of the call; None while that is not certain."""
        return _WORDS[self._worst][1] if self._left <= 0 else None

    @property
    def spooled(self) -> bool:
        """Whether all its rows are in the spool, and survive the end of the process."""
        return self._kept is True

    async def durable(self) -> bool:
        """Wait until its rows survive a power cut: synced in the spool, or stored. False where
        they are in memory alone: there is no spool, or its disk takes no more."""
        if self._kept is None:
            await _of(self._begin()[0])
        if self._kept and await self._sync():
            return True
        return self.outcome is ReceiptOutcome.STORED

    def __await__(self) -> Generator[Any, Any, ReceiptOutcome]:
        if self._left > 0:
            yield from _of(self._begin()[1]).__await__()
        outcome = self.outcome
        assert outcome is not None
        return outcome

    def _begin(self) -> tuple[Future[None], Future[None]]:
        """Somebody waits: what tells them."""
        with _beginning:
            if self._waiters is None:
                self._waiters = (Future(), Future())
        self._tell()  # it may have been settled just before
        return self._waiters

    def _tell(self) -> None:
        waiters = self._waiters
        if waiters is None:
            return
        with _beginning:
            for future, done in zip(
                waiters, (self._kept is not None, self._left <= 0), strict=True
            ):
                if done and not future.done():
                    future.set_result(None)

    # The engine's side ------------------------------------------------------------------------

    def _keep(self, rows: int, kept: bool) -> None:
        """``rows`` rows of it came to the spool, or (not ``kept``) to memory alone."""
        self._unkept -= rows
        if self._kept is None and (not kept or self._unkept <= 0):
            self._kept = kept
            self._tell()

    def _settle(self, rows: int, outcome: Outcome) -> None:
        """``rows`` rows of it have ended so."""
        self._worst = min(self._worst, _RANK[outcome])
        self._left -= rows
        if self._left <= 0:
            self._tell()


class AwaitedRows:
    """The rows of one lane that a receipt was asked for, in order."""

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: deque[tuple[int, int, Receipt]] = deque()

    def __repr__(self) -> str:
        return f"<AwaitedRows {len(self._spans)}>"

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
                receipt._settle(met, outcome)
            if low < first:
                others.append((low, min(high, first), receipt))
            if high > end:
                others.append((max(low, end), high, receipt))
        self._spans.extendleft(reversed(others))


async def _of(future: Future[None]) -> None:
    # Shielded: who cancels its waiting must not cancel what others wait for too.
    if is_foreign():
        await answer_of(future, cancels=False)
    else:
        await asyncio.shield(asyncio.wrap_future(future))
