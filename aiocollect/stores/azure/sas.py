"""A SAS from a callback: renewed early, seldom, and by one call at a time.

Invariants:

- One call of the callback at a time, however many wait for it; and a pause between two calls.
- While the old SAS is valid, nothing waits for the new one. Without a valid one, requests are
  refused (CREDENTIAL), so that lanes hold their rows; none is sent unsigned.
- Neither the SAS nor the callback's error is shown: our error has only the name of its class.
- A blocking callback never blocks the event loop: it runs in a thread that does not keep the
  process alive. It cannot be cancelled, so while it hangs it is not called again.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs

from ..._validation.checks import check_number
from ...errors import Refusal, StoreRefused

__all__ = ["AskForSas", "SasRenewal", "clean_sas", "expiry_of", "is_callback"]

AskForSas: TypeAlias = Callable[[], str | Awaitable[str]]

# Renewed this long before its end, or after four fifths of its life if that is earlier: a few
# failed calls still fit in.
EARLY: Final = 300.0
# A vault that is down is asked at most this often, however many lanes wait.
PAUSE: Final = 2.0
# A SAS that has expired by our clock can be valid by the service's: it is used, and not requested
# again with each request.
LEAST_LIFE: Final = 60.0


def is_callback(credential: object) -> bool:
    """Whether a credential is a callable that returns a SAS."""
    return callable(credential) and not any(
        hasattr(credential, name) for name in ("get_token", "get_token_info", "signature")
    )


def clean_sas(text: object) -> str | None:
    """A SAS as a query without its question mark; None if it is not a SAS."""
    if not isinstance(text, str):
        return None
    text = text.strip().lstrip("?")
    return text if parse_qs(text).get("sig") else None


def expiry_of(sas: str) -> float | None:
    """The time at which a SAS expires, in seconds since 1970; None if it has none (a stored
    policy)."""
    try:
        moment = datetime.fromisoformat(parse_qs(sas)["se"][0])
    except (KeyError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class SasRenewal:
    """Keeps a valid SAS in ``credential``, with which the SDK signs requests.

    ``max_age`` (seconds) is when a SAS without an end is renewed; ``timeout`` limits a call, and
    the wait of a request for it. ``wall`` gives seconds since 1970, ``clock`` monotonic seconds.
    """

    def __init__(
        self,
        ask: AskForSas,
        *,
        max_age: float = 3600.0,  # an hour is the usual life of a SAS by a user delegation key
        timeout: float = 10.0,  # well below the 30 s after which a lane abandons an attempt
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from azure.core.credentials import AzureSasCredential

        check_number("sas_max_age", max_age, above=0)
        check_number("sas_timeout", timeout, above=0)
        self.credential = AzureSasCredential("")
        self._ask = ask
        self._max_age = max_age
        self._timeout = timeout
        self._wall = wall
        self._clock = clock
        self._good_until = self._renew_at = self._not_before = -math.inf
        self._failure = "SasCallback"
        # Called with the first SAS, to inspect it.
        self.first: Callable[[str], None] | None = None
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        good = self._clock() < self._good_until
        return f"<SasRenewal, {'good' if good else 'none'}>"

    async def fresh(self) -> str:
        """Ensure a valid SAS, and return it. Raises StoreRefused CREDENTIAL if none comes."""
        now = self._clock()
        if now >= self._renew_at:
            self._start(now)
        if now < self._good_until:
            return self.credential.signature
        task = self._running()
        if task is not None:
            # A cancelled caller leaves the call running for the others.
            await asyncio.wait({task}, timeout=self._timeout)
        if self._clock() < self._good_until:
            return self.credential.signature
        failure = "SasCallbackTimeout" if self._running() is not None else self._failure
        raise StoreRefused(Refusal.CREDENTIAL, failure)

    def refused(self, sas: str) -> None:
        """The service has refused ``sas``: request another, unless there is one already."""
        if sas == self.credential.signature:
            self._good_until = self._renew_at = -math.inf
            self._start(self._clock())

    async def aclose(self) -> None:
        """Cancel a call that is under way on this loop."""
        task = self._running()
        if task is not None:
            task.cancel()
            await asyncio.wait({task}, timeout=self._timeout)

    def _running(self) -> asyncio.Task[None] | None:
        """The call that is under way on this loop; a call of another loop does not count."""
        task = self._task
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            return None
        return task

    def _start(self, now: float) -> None:
        if self._running() is None and now >= self._not_before:
            self._not_before = now + PAUSE
            # Not through the loop's task factory: an eager one would run the caller's code here.
            self._task = asyncio.Task(self._renew(), loop=asyncio.get_running_loop())

    async def _renew(self) -> None:
        answer: object = None
        try:
            answer = await self._call()
            failure = "SasCallbackNoSas"
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            failure = "SasCallbackCancelledError"
        except Exception as error:
            failure = f"SasCallback{type(error).__name__}"
        now = self._clock()
        self._not_before = now + PAUSE
        sas = clean_sas(answer)
        if sas is None:
            self._failure = failure
            return
        end = expiry_of(sas)
        life = math.inf if end is None else max(end - self._wall(), LEAST_LIFE)
        self._good_until = now + life
        early = 0.0 if end is None else min(EARLY, life / 5)
        self._renew_at = now + min(life - early, self._max_age)
        self.credential.update(sas)
        first, self.first = self.first, None
        if first is not None:
            first(sas)

    async def _call(self) -> object:
        ask = self._ask
        if inspect.iscoroutinefunction(ask) or inspect.iscoroutinefunction(type(ask).__call__):
            answer: Any = ask()
        else:
            answer = await _in_thread(ask)
        if inspect.isawaitable(answer):
            # Not by wait_for(), which makes a task through the host's factory (until Python 3.12).
            async with asyncio.timeout(self._timeout):
                return await answer
        return answer


def _in_thread(ask: AskForSas) -> asyncio.Future[object]:
    """Call it in a new thread: a hanging thread of an executor would delay the exit."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[object] = loop.create_future()

    def settle(answer: object, failure: Exception | None) -> None:
        if future.done():
            return
        if failure is None:
            future.set_result(answer)
        else:
            future.set_exception(failure)

    def run() -> None:
        answer: object = None
        failure: Exception | None = None
        try:
            answer = ask()
        except BaseException as error:
            # A future cannot carry a StopIteration or an interrupt.
            if isinstance(error, Exception) and not isinstance(error, StopIteration):
                failure = error
            else:
                failure = RuntimeError()
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, answer, failure)

    threading.Thread(target=run, name="aiocollect-sas", daemon=True).start()
    return future
