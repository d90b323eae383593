"""The renewal of a SAS by callback: when it is asked for, how often, and what is told of it."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Awaitable
from datetime import UTC, datetime

import pytest

from aiocollect.errors import Refusal, StoreRefused
from aiocollect.stores.azure.sas import (
    EARLY,
    PAUSE,
    AskForSas,
    SasRenewal,
    clean_sas,
    expiry_of,
)


class Time:
    """A clock that the test moves; both kinds of time run together."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Vault:
    """Gives SAS texts that end after ``life`` seconds, and counts; or fails as it is told."""

    def __init__(self, time: Time, *, life: float | None = 3600.0) -> None:
        self.time = time
        self.life = life
        self.asked = 0
        self.failure: BaseException | None = None
        self.answer: object = None

    def __call__(self) -> str:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        if self.answer is not None:
            return self.answer  # type: ignore[return-value]
        end = ""
        if self.life is not None:
            moment = datetime.fromtimestamp(self.time.now + self.life, UTC)
            end = f"&se={moment:%Y-%m-%dT%H%%3A%M%%3A%SZ}"
        return f"sv=2024-11-04{end}&sig=SECRET{self.asked}"


def make(time: Time, ask: AskForSas, **options: float) -> SasRenewal:
    return SasRenewal(ask, wall=time, clock=time, **options)


async def refusal(renewal: SasRenewal) -> str:
    """The code of a refusal, which shows nothing secret."""
    with pytest.raises(StoreRefused) as caught:
        await renewal.fresh()
    assert caught.value.reason is Refusal.CREDENTIAL
    assert caught.value.__context__ is None
    assert "SECRET" not in "".join(traceback.format_exception(caught.value)) + repr(renewal)
    return caught.value.code


async def settled(renewal: SasRenewal) -> None:
    """Let a call that is under way beside us come to its end."""
    while renewal._running() is not None:
        await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_asked_at_first_use_and_before_the_end() -> None:
    """Not at construction; once for many; again before the end, with nobody waiting for that."""
    time = Time()
    vault = Vault(time)
    renewal = make(time, vault)
    assert vault.asked == 0
    first = await asyncio.gather(*(renewal.fresh() for _ in range(50)))
    assert len(set(first)) == 1
    assert vault.asked == 1
    time.now += 3600 - EARLY - 1
    assert await renewal.fresh() == first[0]
    assert vault.asked == 1
    time.now += 1
    # The old one is good, so it is taken meanwhile.
    assert await renewal.fresh() == first[0]
    await settled(renewal)
    assert "SECRET2" in await renewal.fresh()
    assert vault.asked == 2
    assert renewal.credential.signature == await renewal.fresh()


@pytest.mark.asyncio
async def test_a_short_life_is_renewed_after_four_fifths() -> None:
    """A SAS of a hundred seconds is renewed after eighty, not at once."""
    time = Time()
    vault = Vault(time, life=100.0)
    renewal = make(time, vault)
    await renewal.fresh()
    for seconds, asked in ((79.0, 1), (2.0, 2)):
        time.now += seconds
        await renewal.fresh()
        await settled(renewal)
        assert vault.asked == asked


@pytest.mark.asyncio
async def test_one_without_an_end_is_renewed_by_age() -> None:
    """A SAS by a stored policy names no end: the age decides, and an old one stays in use."""
    time = Time()
    vault = Vault(time, life=None)
    renewal = make(time, vault, max_age=600.0)
    await renewal.fresh()
    time.now += 600
    vault.failure = OSError("SECRET")
    assert "SECRET1" in await renewal.fresh()
    await settled(renewal)
    assert "SECRET1" in await renewal.fresh()
    assert vault.asked == 2


@pytest.mark.asyncio
async def test_failures_cost_nothing_while_the_old_one_is_good() -> None:
    """A vault that fails in the last minutes is asked with pauses, and refuses only at the end."""
    time = Time()
    vault = Vault(time)
    renewal = make(time, vault)
    await renewal.fresh()
    vault.failure = OSError("SECRET of the vault")
    time.now += 3600 - EARLY
    for _ in range(100):
        assert "SECRET1" in await renewal.fresh()
        await settled(renewal)
    assert vault.asked == 2
    time.now += EARLY
    assert await refusal(renewal) == "SasCallbackOSError"
    assert vault.asked == 3
    for _ in range(100):
        assert await refusal(renewal) == "SasCallbackOSError"
    assert vault.asked == 3
    time.now += PAUSE
    vault.failure = None
    assert "SECRET4" in await renewal.fresh()


@pytest.mark.asyncio
async def test_a_refused_one_is_replaced_once() -> None:
    """However many requests hear of it, the callback is asked once a SAS, and with pauses."""
    time = Time()
    vault = Vault(time)
    renewal = make(time, vault)
    first = await renewal.fresh()
    time.now += PAUSE
    for _ in range(20):
        renewal.refused(first)
    second = await renewal.fresh()
    assert second != first
    renewal.refused(first)
    assert await renewal.fresh() == second
    assert vault.asked == 2
    # At once again: the pause holds, and meanwhile nothing is sent.
    renewal.refused(second)
    assert await refusal(renewal) == "SasCallback"
    time.now += PAUSE
    assert "SECRET3" in await renewal.fresh()


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", ["", "SECRET", "sig=", b"sig=SECRET", 7, ["sig=SECRET"]])
async def test_what_is_no_sas(answer: object) -> None:
    """It is refused by kind, and never shown."""
    time = Time()
    vault = Vault(time)
    vault.answer = answer or " "
    assert await refusal(make(time, vault)) == "SasCallbackNoSas"


@pytest.mark.asyncio
@pytest.mark.parametrize("failure", [KeyboardInterrupt("SECRET"), StopIteration("SECRET")])
async def test_odd_ends_of_a_callback(failure: BaseException) -> None:
    """Whatever a callback ends by, it ends nobody else."""
    time = Time()
    vault = Vault(time)
    vault.failure = failure
    assert await refusal(make(time, vault)) == "SasCallbackRuntimeError"


@pytest.mark.asyncio
async def test_sync_and_async_callbacks() -> None:
    """A function, a coroutine function, an object of either kind, a function that hands an
    awaitable out: the blocking ones run beside the loop, the others on it."""
    here = threading.get_ident()
    seen: list[bool] = []

    def sync() -> str:
        seen.append(threading.get_ident() == here)
        return "?sig=a"

    async def coroutine() -> str:
        return sync()

    class Callable:
        async def __call__(self) -> str:
            return sync()

    def hands_out() -> Awaitable[str]:
        return coroutine()

    asks: list[AskForSas] = [sync, coroutine, Callable(), hands_out]
    for ask in asks:
        assert await make(Time(), ask).fresh() == "sig=a"
    assert seen == [False, True, True, True]


@pytest.mark.asyncio
async def test_an_async_callback_that_hangs() -> None:
    """It is ended after its time, and the next call may succeed."""
    time = Time()
    hang = True
    cancelled = 0

    async def ask() -> str:
        nonlocal cancelled
        if hang:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1
                raise
        return "sig=a"

    renewal = make(time, ask, timeout=0.02)
    assert await refusal(renewal) in ("SasCallbackTimeout", "SasCallbackTimeoutError")
    await settled(renewal)
    assert cancelled == 1
    hang = False
    time.now += PAUSE
    assert await renewal.fresh() == "sig=a"


@pytest.mark.asyncio
async def test_a_blocking_callback_that_hangs() -> None:
    """It is not called a second time beside itself; what it says in the end is taken."""
    time = Time()
    free = threading.Event()
    asked = 0

    def ask() -> str:
        nonlocal asked
        asked += 1
        free.wait()
        return "sig=a"

    renewal = make(time, ask, timeout=0.02)
    for _ in range(3):
        assert await refusal(renewal) == "SasCallbackTimeout"
        time.now += PAUSE
    assert asked == 1
    free.set()
    await settled(renewal)
    assert await renewal.fresh() == "sig=a"
    assert asked == 1


@pytest.mark.asyncio
async def test_closing_ends_a_call() -> None:
    """A call under way is cancelled with the store, and a waiter that is cancelled ends alone."""
    started = asyncio.Event()
    cancelled = False

    async def ask() -> str:
        nonlocal cancelled
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled = True
            raise
        raise AssertionError

    renewal = make(Time(), ask)
    waiters = [asyncio.create_task(renewal.fresh()) for _ in range(2)]
    await started.wait()
    waiters[0].cancel()
    await asyncio.wait({waiters[0]})
    assert not cancelled
    await renewal.aclose()
    assert cancelled
    with pytest.raises(StoreRefused):
        await waiters[1]


def test_on_a_second_loop() -> None:
    """What is good stays good on another loop; a call that hangs on the first does not block it."""
    time = Time()
    hang = asyncio.Event()
    asked = 0

    async def ask() -> str:
        nonlocal asked
        asked += 1
        if asked == 1:
            await hang.wait()
        return f"sig={asked}"

    renewal = make(time, ask)

    async def leave_hanging() -> None:
        task = asyncio.create_task(renewal.fresh())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()

    async def use() -> str:
        return await renewal.fresh()

    with asyncio.Runner() as first:
        first.run(leave_hanging())
        time.now += PAUSE
        with asyncio.Runner() as second:
            assert second.run(use()) == "sig=2"
        with asyncio.Runner() as third:
            assert third.run(use()) == "sig=2"


def test_reading_a_sas() -> None:
    """Its end, with and without a time zone or a time of day; what has none or is none."""
    day = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
    for text, end in (
        ("se=2026-11-23T00%3A00%3A00Z&sig=a", day),
        ("se=2026-11-23T00:00:00&sig=a", day),
        ("se=2026-11-23&sig=a", day),
        ("se=soon&sig=a", None),
        ("si=policy&sig=a", None),
    ):
        assert expiry_of(text) == end
    assert clean_sas(" ?sv=1&sig=a\n") == "sv=1&sig=a"
