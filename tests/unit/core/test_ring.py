"""The ring: what is put is taken, once, in order, within slots and budget, from any thread."""

from __future__ import annotations

import threading
import time
from itertools import count
from typing import Any

import pytest

from aiocollect._core.ring import ACCEPTED, NESTED, NO_BUDGET, NO_SLOT, Account, Ring
from aiocollect._native import core
from tests.support.races import hasty_switches as hasty_switches
from tests.support.races import interrupted

needs_core = pytest.mark.skipif(core is None, reason="the native core is not built")

THREADS = 8
CALLS = 1_000


# Python's, and the native core's where it was built.
RINGS = [Ring, pytest.param(getattr(core, "Ring", None), marks=needs_core)]


def open_account(ring: Any, share: int) -> Any:
    account = (Account if isinstance(ring, Ring) else core.Account)(share=share)
    ring.keep_share(account)
    return account


@pytest.mark.parametrize("make", RINGS)
def test_order(make: Any) -> None:
    """Calls come out in the order they went in, over many rounds of the slots."""
    ring = make(8, budget=1000)
    account = open_account(ring, 1000)
    out = []
    for number in range(100):
        assert ring.put(number, 1, 1, account) == ACCEPTED
        if number % 3:
            out += [ring.take(), ring.take()]
        ring.charge(-1, account)
    while (call := ring.take()) is not None:
        out.append(call)
    assert [call for call in out if call is not None] == list(range(100))
    assert ring.rows == ring.accepted == ring.taken == 100


@pytest.mark.parametrize("make", RINGS)
def test_slots(make: Any) -> None:
    """The ring refuses the call that has no slot, and accepts it after a take."""
    ring = make(2, budget=1000)
    account = open_account(ring, 1000)
    assert [ring.put(n, 1, 1, account) for n in range(3)] == [ACCEPTED, ACCEPTED, NO_SLOT]
    assert (ring.rows, ring.used, len(ring)) == (2, 2, 2)
    assert ring.take() == 0
    assert ring.put(2, 1, 1, account) == ACCEPTED


@pytest.mark.parametrize("make", RINGS)
def test_budget(make: Any) -> None:
    """The budget is exact: the first byte above it is refused, and released bytes are free."""
    ring = make(8, budget=100)
    account = open_account(ring, 100)
    assert ring.put("a", 1, 100, account) == ACCEPTED
    assert ring.put("b", 1, 1, account) == NO_BUDGET
    ring.charge(-1, account)
    assert ring.put("b", 1, 1, account) == ACCEPTED
    assert (ring.used, account.used) == (100, 100)


@pytest.mark.parametrize("make", RINGS)
def test_closed(make: Any) -> None:
    """After close() nothing gets in, and what is in comes out."""
    ring = make(8, budget=100)
    account = open_account(ring, 100)
    ring.put("a", 1, 0, account)
    ring.close()
    assert ring.put("b", 1, 0, account) == NO_BUDGET
    assert [ring.take(), ring.take()] == ["a", None]


@pytest.mark.parametrize("make", RINGS)
def test_share(make: Any) -> None:
    """One account may fill what is free, but never the share that another has not used yet."""
    ring = make(1024, budget=100)
    greedy, modest = (open_account(ring, 25) for _ in range(2))
    taken = 0
    while ring.put("x", 1, 5, greedy) == ACCEPTED:
        taken += 5
    assert taken == 75
    assert [ring.put("y", 1, 5, modest) for _ in range(5)] == [ACCEPTED] * 5
    assert ring.put("y", 1, 5, modest) == NO_BUDGET


@pytest.mark.parametrize("make", RINGS)
def test_reserved_is_the_sum_of_unused_shares(make: Any) -> None:
    """After any charges, `reserved` is what the open accounts may still claim."""
    ring = make(1024, budget=1000)
    accounts = [open_account(ring, share) for share in (10, 50, 300)]
    for step in range(200):
        account = accounts[step % 3]
        if step % 7 == 0:
            ring.charge(-min(account.used, 40), account)
        else:
            ring.put("x", 1, step % 23, account)
        assert ring.used == sum(a.used for a in accounts)
        assert ring.reserved == sum(max(0, a.share - a.used) for a in accounts)


def test_a_call_from_within_another_is_refused() -> None:
    """A signal handler, or a tracer, that comes in while this thread puts a call."""
    ring = Ring(8, budget=100)
    account = open_account(ring, 100)
    with ring.lock:
        assert ring.held()
        assert ring.put("late", 1, 1, account) == NESTED
    assert not ring.held()
    assert ring.put("a", 1, 1, account) == ACCEPTED
    assert (account.used, ring.used, len(ring)) == (1, 1, 1)


class BrokenRing(Ring):
    """The negative control: a ring that does without its lock."""

    __slots__ = ()

    def put(self, call: Any, rows: int, cost: int, account: Account) -> int:
        used = self.used
        pause(used)
        self.used = used + cost
        account.used += cost
        self._accepted += 1
        self._calls.append(call)
        return ACCEPTED


def pause(used: int) -> None:
    """Now and then it lets other threads run: left to itself, the interpreter does not always
    switch here."""
    if not used % 64:
        time.sleep(0)


def hammer(ring: Any) -> tuple[list[Any], list[int]]:
    """Put from eight threads and a signal handler, take from this one; returns what came out,
    and which of the signals' calls were accepted."""
    account = open_account(ring, ring.budget)
    start = threading.Barrier(THREADS + 1)
    numbers = count()
    signals = []  # a signal may interrupt its own handler: each put has a number of its own

    def produce(number: int) -> None:
        start.wait()
        for turn in range(CALLS):
            while ring.put((number, turn), 1, 1, account) != ACCEPTED:
                pass

    def interrupt() -> None:
        number = next(numbers)
        if ring.put(("signal", number), 1, 1, account) == ACCEPTED:
            signals.append(number)

    threads = [threading.Thread(target=produce, args=(number,)) for number in range(THREADS)]
    out: list[Any] = []
    with interrupted(interrupt, every=0.0005):
        for thread in threads:
            thread.start()
        start.wait()
        while any(thread.is_alive() for thread in threads) or ring.accepted > ring.taken:
            call = ring.take()
            if call is not None:
                out.append(call)
                ring.charge(-1, account)
    while (call := ring.take()) is not None:
        out.append(call)
        ring.charge(-1, account)
    return out, signals


def lost_or_doubled(out: list[Any], signals: list[int]) -> int:
    """How many of the calls that were put did not come out exactly once."""
    expected: set[tuple[Any, int]]
    expected = {(number, turn) for number in range(THREADS) for turn in range(CALLS)}
    expected |= {("signal", number) for number in signals}
    return len(expected ^ set(out)) + len(out) - len(set(out))


@pytest.mark.slow
@pytest.mark.usefixtures("hasty_switches")
@pytest.mark.parametrize("make", RINGS)
def test_threads_and_a_signal_handler_lose_nothing(make: Any) -> None:
    """Eight threads and a signal handler put at once: all come out once, each one's in order, and
    at the end nothing is charged."""
    ring = make(256, budget=1 << 30)
    out, signals = hammer(ring)
    for number in range(THREADS):
        turns = [turn for who, turn in out if who == number]
        assert turns == sorted(turns)
    assert lost_or_doubled(out, signals) == 0
    assert ring.used == 0


@pytest.mark.slow
@pytest.mark.usefixtures("hasty_switches")
def test_without_the_lock_the_budget_is_wrong() -> None:
    """The negative control: the same test finds it where there is no lock."""

    def wrong() -> bool:
        ring = BrokenRing(1 << 17, budget=1 << 30)
        hammer(ring)
        return ring.used != 0

    assert any(wrong() for _ in range(5))
