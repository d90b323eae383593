"""Asking a credential for tokens: once for all who wait, in bounded time, with a growing pause."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

from aiocollect.errors import OutcomeUnknown, Refusal, StoreRefused
from aiocollect.stores.azure.tokens import Tokens
from aiocollect.testing import VirtualLoop, run_virtual

SCOPE = "https://storage.azure.com/.default"


class Credential:
    """Gives tokens after ``takes`` seconds, or raises ``broken``."""

    def __init__(self, *, takes: float = 0.0) -> None:
        self.takes = takes
        self.broken: BaseException | None = None
        self.calls = 0
        self.closed = 0

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.calls += 1
        await asyncio.sleep(self.takes)
        if self.broken is not None:
            raise self.broken
        return AccessToken(f"token {self.calls} {scopes} {options}", 2**31)

    async def close(self) -> None:
        self.closed += 1


class WithInfo(Credential):
    """As newer credentials are."""

    async def get_token_info(self, *scopes: str, **options: Any) -> AccessTokenInfo:
        return AccessTokenInfo("info", 2**31)


async def refusal(tokens: Tokens) -> str:
    """The code of the refusal."""
    with pytest.raises(StoreRefused) as caught:
        await tokens.get_token(SCOPE)
    assert caught.value.reason is Refusal.CREDENTIAL
    assert caught.value.__context__ is None
    return caught.value.code


def test_who_wait_together_ask_once() -> None:
    """A thousand lanes are one client of the endpoint."""

    async def main(loop: VirtualLoop) -> None:
        credential = Credential(takes=1.0)
        tokens = Tokens(credential, owned=False, clock=loop.time)
        found = await asyncio.gather(*(tokens.get_token(SCOPE) for _ in range(1000)))
        assert credential.calls == 1
        assert len(set(found)) == 1
        # Another token, with claims of a challenge, is another call.
        await tokens.get_token(SCOPE, claims="{}")
        assert credential.calls == 2

    run_virtual(main)


def test_one_that_takes_too_long_is_told_and_goes_on() -> None:
    """The time-out is the credential's; its late token is the next one's."""

    async def main(loop: VirtualLoop) -> None:
        credential = Credential(takes=50.0)
        tokens = Tokens(credential, owned=False, timeout=20.0, clock=loop.time)
        assert await refusal(tokens) == "TokenTimeout"
        assert loop.time() == pytest.approx(20.0)
        assert await refusal(tokens) == "TokenTimeout"
        assert (await tokens.get_token(SCOPE)).token.startswith("token 1")
        assert loop.time() == pytest.approx(50.0)
        assert credential.calls == 1

    run_virtual(main)


def test_an_endpoint_that_is_down_is_asked_ever_more_seldom() -> None:
    """Whoever asks in a pause hears of the last failure; ten calls in the first ten minutes' worth
    of asking every 10 ms would be sixty thousand without."""

    async def main(loop: VirtualLoop) -> None:
        credential = Credential()
        credential.broken = OSError("SECRET")
        tokens = Tokens(credential, owned=False, clock=loop.time)
        while loop.time() < 60.0:
            assert await refusal(tokens) == "TokenOSError"
            await asyncio.sleep(0.01)
        assert 8 <= credential.calls <= 14
        credential.broken = None
        await asyncio.sleep(10.0)
        assert await tokens.get_token(SCOPE)
        # And begins anew.
        credential.broken = OSError()
        await refusal(tokens)
        calls = credential.calls
        await asyncio.sleep(0.2)
        await refusal(tokens)
        assert credential.calls == calls + 1

    run_virtual(main)


class Answered(ClientAuthenticationError):
    """With the status of an endpoint's answer."""

    def __init__(self, status: int) -> None:
        super().__init__("SECRET")
        self.status_code = status


def caused_by(cause: Exception) -> Exception:
    """A failure that azure-identity makes of another one."""
    error = ClientAuthenticationError("SECRET")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Answered(400), "TokenHTTP400"),
        (caused_by(Answered(404)), "TokenHTTP404"),
        (ClientAuthenticationError("SECRET"), "TokenUnavailable"),
        (caused_by(ConnectionRefusedError()), "TokenConnectionRefused"),
        (ServiceRequestError("SECRET", error=ConnectionResetError()), "TokenConnectionReset"),
        (ValueError("SECRET"), "TokenValueError"),
        (asyncio.CancelledError(), "TokenCancelledError"),
    ],
)
def test_a_failure_is_told_as_the_credentials(error: BaseException, code: str) -> None:
    """By the endpoint's status, by why there was none, or by its name; its text stays inside."""

    async def main(loop: VirtualLoop) -> None:
        credential = Credential()
        credential.broken = error
        assert await refusal(Tokens(credential, owned=False, clock=loop.time)) == code

    run_virtual(main)


def test_who_is_cancelled_leaves_the_call_to_the_others() -> None:
    """Hosts cancel; the token comes all the same."""

    async def main(loop: VirtualLoop) -> None:
        credential = Credential(takes=1.0)
        tokens = Tokens(credential, owned=False, clock=loop.time)
        one, two = (asyncio.create_task(tokens.get_token(SCOPE)) for _ in range(2))
        await asyncio.sleep(0.5)
        one.cancel()
        assert (await two).token.startswith("token 1")
        assert credential.calls == 1

    run_virtual(main)


@pytest.mark.parametrize("owned", [True, False])
def test_the_end(owned: bool) -> None:
    """A call under way is ended; only a credential of our own is closed."""

    async def main(loop: VirtualLoop) -> None:
        credential = Credential(takes=1000.0)
        tokens = Tokens(credential, owned=owned, clock=loop.time)
        waiting = asyncio.create_task(tokens.get_token(SCOPE))
        await asyncio.sleep(0.1)
        await tokens.aclose()
        with pytest.raises(OutcomeUnknown, match="StoreClosed"):
            await waiting
        assert credential.closed == owned
        assert loop.time() < 2.0

    run_virtual(main)


def test_the_newer_form_is_offered_where_there_is_one() -> None:
    """The SDK looks for it by name."""
    assert not hasattr(Tokens(Credential(), owned=False), "get_token_info")

    async def main(loop: VirtualLoop) -> None:
        tokens = Tokens(WithInfo(), owned=False, clock=loop.time)
        assert (await tokens.get_token_info(SCOPE, options={})).token == "info"

    run_virtual(main)
