"""Back-pressure: acollect() calls that wait for room, first come, first served for each account.

Room is granted, and the call accepted, before its waiter wakes: cancelling a waiter leaves its call
accepted or not, never half. Accounts do not wait for one another, since one may be dead. Who is
cancelled leaves the line at once, with what the call held, wherever it stood in it.
"""

from __future__ import annotations

import asyncio

from .._core.calls import CALL_ACCOUNT, Call
from .._core.ring import ACCEPTED, Account
from ..errors import PipelineClosed
from .closing import Closing
from .door import Door

__all__ = ["Backpressure"]

_CLOSED = "the pipeline was closed while this call waited for room"


class Backpressure:
    """The calls that found no room. They come in by the ``door`` once there is some."""

    def __init__(self, door: Door, closing: Closing) -> None:
        self._door = door
        self._closing = closing
        # By account; each in the order of their coming, which dictionaries keep.
        self._queues: dict[Account, dict[asyncio.Future[None], Call]] = {}

    def __repr__(self) -> str:
        return f"<Backpressure {sum(map(len, self._queues.values()))}>"

    def has(self, account: Account) -> bool:
        """Whether somebody waits for room of this account. From any thread."""
        return account in self._queues

    async def accept(self, call: Call) -> None:
        """Return once the call is accepted. Raises PipelineClosed."""
        future = self._enter(call)
        if future is not None:
            try:
                await future
            finally:
                self._leave(call, future)

    async def accept_within(self, call: Call, timeout: float | None) -> bool:
        """Whether the call was accepted within ``timeout`` seconds. Raises PipelineClosed."""
        future = self._enter(call)
        if future is None:
            return True
        # Not a timeout around accept(): it could strike after the call was accepted.
        try:
            done, _ = await asyncio.wait([future], timeout=timeout)
            if not done:
                return False
            future.result()
            return True
        finally:
            self._leave(call, future)  # nobody hears of it any more: it must not be accepted later

    def _enter(self, call: Call) -> asyncio.Future[None] | None:
        """Accept the call now, or have it wait for the future that is returned."""
        if self._closing.begun:
            raise PipelineClosed(_CLOSED)
        account: Account = call[CALL_ACCOUNT]
        if account not in self._queues and self._door.offer(call) == ACCEPTED:
            return None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(account, {})[future] = call
        return future

    def _leave(self, call: Call, future: asyncio.Future[None]) -> None:
        """Its waiter goes away: served, cancelled, or tired of it."""
        future.cancel()  # where it is not done
        queue = self._queues.get(call[CALL_ACCOUNT])
        if queue is not None and queue.pop(future, None) is not None and not queue:
            del self._queues[call[CALL_ACCOUNT]]

    def grant(self) -> None:
        """Accept as many as there is room for now."""
        for account, queue in list(self._queues.items()):
            while queue:
                future, call = next(iter(queue.items()))
                if not future.done():
                    if self._door.offer(call) != ACCEPTED:
                        break
                    future.set_result(None)
                queue.pop(future, None)
            if not queue and self._queues.get(account) is queue:
                del self._queues[account]

    def forget(self) -> None:
        """Their loop has ended: nobody waits any more, and nothing of theirs was accepted."""
        self._queues.clear()

    def close(self) -> None:
        """No call is accepted any more: those that wait are told so."""
        for queue in self._queues.values():
            for future in queue:
                if not future.done():
                    future.set_exception(PipelineClosed(_CLOSED))
        self._queues.clear()
