"""Tokens: requests a credential's tokens in bounded time, and reports its failures as its own.

Invariants:

- Whatever a credential raises leaves here as StoreRefused CREDENTIAL with a code that begins with
  Token. A 400 from a token endpoint, or its silence, is not the store's; the SDK would pass on both
  as if they were.
- One call of the credential at a time for the same token, however many wait; a call that takes too
  long continues, and the next caller gets its result. After a failure there is a pause, so that a
  thousand lanes are one client to an endpoint that is down.
- Neither a token nor the text of a credential's exception is shown.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from ...errors import OutcomeUnknown, Refusal, StoreRefused
from .causes import cause_of

__all__ = ["Tokens", "is_token_credential"]

# Below the 30 s after which a lane abandons an attempt, so that it learns the cause. A machine's
# endpoint can take ten seconds right after its start.
TIMEOUT: Final = 20.0
# Between a failure and the next call; doubled with each failure, up to the longest.
PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 10.0


def is_token_credential(credential: object) -> bool:
    """Whether it can issue tokens."""
    return hasattr(credential, "get_token") or hasattr(credential, "get_token_info")


class Tokens:
    """The credential that the SDK uses: ``credential`` with a time limit, on one event loop. If
    ``owned``, it is closed along with this. ``clock`` gives monotonic seconds."""

    def __init__(
        self,
        credential: Any,
        *,
        owned: bool,
        timeout: float = TIMEOUT,
        pause: float = PAUSE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credential = credential
        self._owned = owned
        self._timeout = timeout
        self._pause = pause
        self._clock = clock
        self._calls: dict[str, asyncio.Task[Any]] = {}
        self._not_before = -math.inf
        self._failures = 0
        self._failure = ""
        if hasattr(credential, "get_token_info"):  # the SDK prefers it if it exists
            self.get_token_info = self._get_token_info

    def __repr__(self) -> str:
        return f"<Tokens of a {type(self._credential).__name__}, {self._failure or 'good'}>"

    async def get_token(self, *scopes: str, **options: Any) -> Any:
        """A token. Raises StoreRefused CREDENTIAL if there is none."""
        return await self._ask("get_token", scopes, options)

    async def _get_token_info(self, *scopes: str, **options: Any) -> Any:
        return await self._ask("get_token_info", scopes, options)

    async def _ask(self, method: str, scopes: tuple[str, ...], options: dict[str, Any]) -> Any:
        key = f"{method} {scopes} {sorted(options.items(), key=str)}"
        call = self._calls.get(key)
        if call is None:
            if self._clock() < self._not_before:
                raise StoreRefused(Refusal.CREDENTIAL, self._failure)
            # Not through the loop's task factory, which can be an eager one, or any other of the
            # host's.
            loop = asyncio.get_running_loop()
            call = asyncio.Task(self._call(method, scopes, options), loop=loop)
            self._calls[key] = call
        # A cancelled caller leaves the call running for the others.
        await asyncio.wait({call}, timeout=self._timeout)
        if not call.done():
            self._failed("TokenTimeout")
            raise StoreRefused(Refusal.CREDENTIAL, "TokenTimeout")
        self._calls.pop(key, None)
        if call.cancelled():
            raise OutcomeUnknown("StoreClosed")
        token, failure = call.result()
        if failure:
            raise StoreRefused(Refusal.CREDENTIAL, failure)
        return token

    async def _call(
        self, method: str, scopes: tuple[str, ...], options: dict[str, Any]
    ) -> tuple[Any, str]:
        """The token, or the code of the failure."""
        try:
            token = await getattr(self._credential, method)(*scopes, **options)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return None, self._failed(_code(error))
        except Exception as error:
            return None, self._failed(_code(error))
        self._failure, self._failures = "", 0
        return token, ""

    def _failed(self, code: str) -> str:
        self._failure = code
        pause = min(LONGEST_PAUSE, self._pause * 2.0 ** min(self._failures, 60))
        self._failures += 1
        self._not_before = self._clock() + pause
        return code

    async def leave(self) -> None:
        """Abandon it after its loop has ended, so that no finaliser warns of a session."""
        self._calls.clear()
        if self._owned:
            with suppress(Exception):
                await self._credential.close()

    async def aclose(self) -> None:
        """Cancel the calls that are under way; close a credential of our own."""
        calls = [call for call in self._calls.values() if not call.done()]
        self._calls.clear()
        for call in calls:
            call.cancel()
        if calls:
            await asyncio.wait(calls, timeout=1.0)
        if self._owned:
            with suppress(Exception):
                await self._credential.close()


def _code(error: BaseException) -> str:
    """The failure's code: from the endpoint's answer, the reason for a missing answer, or the
    class's name."""
    names = [kind.__name__ for kind in type(error).__mro__]
    for one in (error, error.__cause__):
        # The endpoint's answer can be wrapped once, in an exception of azure-identity.
        status = getattr(one, "status_code", None)
        if isinstance(status, int):
            return f"TokenHTTP{status}"
    cause = cause_of(error)
    if cause:
        return f"Token{cause}"
    if "ClientAuthenticationError" in names:
        # Also of a chain in which no credential is available on this machine.
        return "TokenUnavailable"
    return f"Token{names[0]}"
