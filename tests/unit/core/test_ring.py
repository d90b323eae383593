"""The ring: what is put is taken, once, in order, within slots and budget, from any thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from aiocollect._core.ids import Ids
from aiocollect._core.ring import ACCEPTED, NESTED, NO_BUDGET, NO_SLOT, Account, Ring
from aiocollect._core.window import Window
from tests.support.races import hasty_switches as hasty_switches
from tests.support.races import interrupted
from tests.support.windows import breaks, windows

THREADS = 8
CALLS = 1_000


def open_account(ring: Ring, share: int) -> Account:
    account = Account(share=share)
    ring.keep_share(account)
    return account


def test_order() -> None:
    """Calls come out in the order they went in, over many rounds of the slots."""
    ring = Ring(8, budget=1000)
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


def test_slots() -> None:
    """The ring refuses the call that has no slot, and accepts it after a take."""
    ring = Ring(2, budget=1000)
    account = open_account(ring, 1000)
    assert [ring.put(n, 1, 1, account) for n in range(3)] == [ACCEPTED, ACCEPTED, NO_SLOT]
    assert (ring.rows, ring.used, len(ring)) == (2, 2, 2)
    assert ring.take() == 0
    assert ring.put(2, 1, 1, account) == ACCEPTED


def test_budget() -> None:
    """The budget is exact: the first byte above it is refused, and released bytes are free."""
    ring = Ring(8, budget=100)
    account = open_account(ring, 100)
    assert ring.put("a", 1, 100, account) == ACCEPTED
    assert ring.put("b", 1, 1, account) == NO_BUDGET
    ring.charge(-1, account)
    assert ring.put("b", 1, 1, account) == ACCEPTED
    assert (ring.used, account.used) == (100, 100)


def test_closed() -> None:
    """After close() nothing gets in, and what is in comes out."""
    ring = Ring(8, budget=100)
    account = open_account(ring, 100)
    ring.put("a", 1, 0, account)
    ring.close()
    assert ring.put("b", 1, 0, account) == NO_BUDGET
    assert [ring.take(), ring.take()] == ["a", None]


def test_share() -> None:
    """One account may fill what is free, but never the share that another has not used yet."""
    ring = Ring(1024, budget=100)
    greedy, modest = (open_account(ring, 25) for _ in range(2))
    taken = 0
    while ring.put("x", 1, 5, greedy) == ACCEPTED:
        taken += 5
    assert taken == 75
    assert [ring.put("y", 1, 5, modest) for _ in range(5)] == [ACCEPTED] * 5
    assert ring.put("y", 1, 5, modest) == NO_BUDGET


def test_reserved_is_the_sum_of_unused_shares() -> None:
    """After any charges, `reserved` is what the open accounts may still claim."""
    ring = Ring(1024, budget=1000)
    accounts = [open_account(ring, share) for share in (10, 50, 300)]
    for step in range(200):
        account = accounts[step % 3]
        if step % 7 == 0:
            ring.charge(-min(account.used, 40), account)
        else:
            ring.put("x", 1, step % 23, account)
        assert ring.used == sum(a.used for a in accounts)
        assert ring.reserved == sum(max(0, a.share - a.used) for a in accounts)


# The window ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [Ring.put, Ring._settle])
def test_nothing_is_called_in_the_window(method: Callable[..., Any]) -> None:
    """From going in to leaving there is no call, no loop, and no container made: so nobody comes
    in there but through a tracer."""
    (window,) = windows(method)
    assert {"used", "over"} <= {one.argval for one in window}
    assert not breaks(window)


@pytest.mark.parametrize("method", [Ids._time, Ids._block, Ids._begin])
def test_nothing_is_called_in_the_windows_of_ids(method: Callable[..., Any]) -> None:
    """The same for ids and times: a signal handler within would be told to come again later."""
    (window,) = windows(method)
    assert {"free", "hand", "_blocks"} & {one.argval for one in window}
    assert not breaks(window)


def test_attributes_of_the_window_are_slots() -> None:
    """Reading and writing them runs no Python code: they are slots, not properties."""
    own = ("_head", "_mask", "_more", "_owed", "_size", "_slots", "_tail")
    for owner, names in (
        (Ring, (*own, "budget", "over", "shares", "used", "window")),
        (Account, ("share", "used")),
        (Window, ("inside", "lock")),
    ):
        for name in names:
            assert type(vars(owner)[name]).__name__ == "member_descriptor"


def test_a_call_from_inside_is_refused_and_a_charge_made_up_for() -> None:
    """What comes in through a tracer finds half a call there, and leaves it alone."""
    ring = Ring(8, budget=100)
    account = open_account(ring, 100)
    with ring.window.lock:
        ring.window.inside = True
        assert ring.put("late", 1, 1, account) == NESTED
        ring.charge(7, account)
        assert account.used == 0
        ring.window.inside = False
    assert ring.put("a", 1, 1, account) == ACCEPTED
    assert (account.used, ring.used, len(ring)) == (8, 8, 1)


def test_a_window_that_was_never_left_is_free() -> None:
    """Where an interrupt struck as it was left, and nobody is inside."""
    ring = Ring(8, budget=100)
    ring.window.inside = True
    assert ring.put("a", 1, 1, open_account(ring, 100)) == ACCEPTED


class BrokenRing(Ring):
    """The negative control: a ring without its lock, and with a call in its window."""

    __slots__ = ()

    def put(self, call: Any, rows: int, cost: int, account: Account) -> int:
        tail = self._tail
        if tail - self._head >= self._size:
            return NO_SLOT
        pause(tail)
        self._slots[tail & self._mask] = call
        self._tail = tail + 1
        return ACCEPTED


def pause(tail: int) -> None:
    """What is called in the broken window. Now and then it lets other threads run: left to itself,
    the interpreter does not always switch here."""
    if not tail % 64:
        time.sleep(0)


def hammer(ring: Ring) -> tuple[list[Any], list[int]]:
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
            # The broken ring may leave a hole that nothing fills: then stop taking.
            call = ring.take()
            if call is not None:
                out.append(call)
                ring.charge(-1, account)
            elif not any(thread.is_alive() for thread in threads):
                break
    while (call := ring.take()) is not None:
        out.append(call)
    return out, signals


def lost_or_doubled(out: list[Any], signals: list[int]) -> int:
    """How many of the calls that were put did not come out exactly once."""
    expected: set[tuple[Any, int]]
    expected = {(number, turn) for number in range(THREADS) for turn in range(CALLS)}
    expected |= {("signal", number) for number in signals}
    return len(expected ^ set(out)) + len(out) - len(set(out))


@pytest.mark.slow
@pytest.mark.usefixtures("hasty_switches")
def test_threads_and_a_signal_handler_lose_nothing() -> None:
    """Eight threads and a signal handler put at once: all come out once, each one's in order."""
    out, signals = hammer(Ring(256, budget=1 << 30))
    for number in range(THREADS):
        turns = [turn for who, turn in out if who == number]
        assert turns == sorted(turns)
    assert lost_or_doubled(out, signals) == 0


@pytest.mark.slow
@pytest.mark.usefixtures("hasty_switches")
def test_without_the_lock_rows_are_lost() -> None:
    """The negative control: the same test finds losses where there is no lock."""
    assert any(lost_or_doubled(*hammer(BrokenRing(1 << 17, budget=1 << 30))) for _ in range(5))
