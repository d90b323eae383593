"""Back-pressure: acollect() calls that wait for room, first come, first served for each account.

Room is granted, and the call accepted, before its waiter wakes: cancelling a waiter leaves its call
accepted or not, never half. Accounts do not wait for each other, since the path of one may be dead.
A waiter that is cancelled leaves its queue at once, and frees what its call holds.
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
    """The calls that found no room. The ``door`` takes them when there is some."""

    def __init__(self, door: Door, closing: Closing) -> None:
        self._door = door
        self._closing = closing
        # By account; each in order of arrival, which a dictionary keeps.
        self._queues: dict[Account, dict[asyncio.Future[None], Call]] = {}

    def __repr__(self) -> str:
        return f"<Backpressure {sum(map(len, self._queues.values()))}>"

    def has(self, account: Account) -> bool:
        """Whether a call of this account waits for room. From any thread."""
        return account in self._queues

    async def accept(self, call: Call) -> None:
        """Return when the call is accepted. Raises PipelineClosed."""
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
        # Not a timeout around accept(): it could expire after the call was accepted.
        try:
            done, _ = await asyncio.wait([future], timeout=timeout)
            if not done:
                return False
            future.result()
            return True
        finally:
            self._leave(call, future)  # the caller gives up: it must not be accepted later

    def _enter(self, call: Call) -> asyncio.Future[None] | None:
        """Accept the call now, or queue it and return the future to wait for."""
        if self._closing.begun:
            raise PipelineClosed(_CLOSED)
        account: Account = call[CALL_ACCOUNT]
        if account not in self._queues and self._door.offer(call) == ACCEPTED:
            return None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(account, {})[future] = call
        return future

    def _leave(self, call: Call, future: asyncio.Future[None]) -> None:
        """The waiter leaves: it was served or cancelled, or its time is over."""
        future.cancel()  # no effect if it is done
        queue = self._queues.get(call[CALL_ACCOUNT])
        if queue is not None and queue.pop(future, None) is not None and not queue:
            del self._queues[call[CALL_ACCOUNT]]

    def grant(self) -> None:
        """Accept as many calls as there is room for now."""
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
        """The loop of the waiters has ended: drop their calls, which were not accepted."""
        self._queues.clear()

    def close(self) -> None:
        """No call is accepted any more: raise PipelineClosed in all waiters."""
        for queue in self._queues.values():
            for future in queue:
                if not future.done():
                    future.set_exception(PipelineClosed(_CLOSED))
        self._queues.clear()
