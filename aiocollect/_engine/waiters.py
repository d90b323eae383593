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


class Waiters:
    """The calls that found no room. ``offer`` tries to put one into the ring."""

    def __init__(self, offer: Callable[[Call], int]) -> None:
        self._offer = offer
        self._queues: dict[Account, deque[tuple[Call, asyncio.Future[None]]]] = {}

    def __repr__(self) -> str:
        return f"<Waiters {sum(map(len, self._queues.values()))}>"

    async def accept(self, call: Call) -> None:
        """Return once the call is accepted. Raises PipelineClosed."""
        account: Account = call[6]
        if account not in self._queues and self._offer(call) == ACCEPTED:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(account, deque()).append((call, future))
        await future

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

    def close(self) -> None:
        """Nobody is accepted any more."""
        for queue in self._queues.values():
            for _, future in queue:
                if not future.done():
                    future.set_exception(PipelineClosed("the pipeline was closed"))
        self._queues.clear()
