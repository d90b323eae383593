"""Who waits for room: acollect() calls, first come, first served for each account.

Room is granted, and the call accepted, before its waiter wakes: cancelling a waiter leaves its call
accepted or not, never half. Accounts do not wait for one another, since one may be dead.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from .._core.ring import ACCEPTED, Account
from ..errors import PipelineClosed
from ..records import Call

__all__ = ["Waiters"]

_CLOSED = "the pipeline was closed while the call waited for room"


class Waiters:
    """The calls that found no room. ``offer`` tries to put one into the ring."""

    def __init__(self, offer: Callable[[Call], int]) -> None:
        self._offer = offer
        self._queues: dict[Account, deque[tuple[Call, asyncio.Future[None]]]] = {}
        self._closed = False

    def __repr__(self) -> str:
        return f"<Waiters {sum(map(len, self._queues.values()))}>"

    def has(self, account: Account) -> bool:
        """Whether somebody waits for room of this account. From any thread."""
        return account in self._queues

    async def accept(self, call: Call) -> None:
        """Return once the call is accepted. Raises PipelineClosed."""
        future = self._enter(call)
        if future is not None:
            await future

    async def accept_within(self, call: Call, timeout: float | None) -> bool:
        """Whether the call was accepted within ``timeout`` seconds. Raises PipelineClosed."""
        future = self._enter(call)
        if future is None:
            return True
        # Not a timeout around accept(): it could strike after the call was accepted.
        try:
            done, _ = await asyncio.wait([future], timeout=timeout)
        except asyncio.CancelledError:
            future.cancel()  # nobody hears of it any more: it must not be accepted later
            raise
        if not done:
            future.cancel()
            return False
        future.result()
        return True

    def _enter(self, call: Call) -> asyncio.Future[None] | None:
        """Accept the call now, or have it wait for the future that is returned."""
        if self._closed:
            raise PipelineClosed(_CLOSED)
        account: Account = call[6]
        if account not in self._queues and self._offer(call) == ACCEPTED:
            return None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(account, deque()).append((call, future))
        return future

    def grant(self) -> None:
        """Accept as many as there is room for now."""
        for account, queue in list(self._queues.items()):
            while queue:
                call, future = queue[0]
                if not future.done():
                    if self._offer(call) != ACCEPTED:
                        break
                    future.set_result(None)
                queue.popleft()
            if not queue:
                del self._queues[account]

    def forget(self) -> None:
        """Their loop has ended: nobody waits any more, and nothing of theirs was accepted."""
        self._queues.clear()

    def close(self) -> None:
        """Nobody is accepted any more."""
        self._closed = True
        for queue in self._queues.values():
            for _, future in queue:
                if not future.done():
                    future.set_exception(PipelineClosed(_CLOSED))
        self._queues.clear()
