"""The polling: how soon the pump looks again."""

from __future__ import annotations

from aiocollect._delivery.polling import LONGEST, SHORTEST, Polling

SLOTS = 2**16


def looks(polling: Polling, rate: float, seconds: float) -> tuple[int, int]:
    """How often it looks, and the rows of the last look, at so many rows a second."""
    now, number, before = 0.0, 0, 0
    wait: float | None = None
    while now < seconds:
        now += 1 / rate if wait is None else wait  # the next call wakes it
        taken = int(rate * now)
        rows, before = taken - before, taken
        wait = polling.next(taken)
        number += 1
    return number, rows


def test_few_rows_are_waited_for() -> None:
    """At 100 rows a second it looks 20 times a second, no less often."""
    number, _ = looks(Polling(SLOTS, linger=2.0), 100, 10)
    assert 10 / LONGEST <= number <= 10 / LONGEST + 10


def test_about_a_hundred_rows_are_found() -> None:
    """At some thousand rows a second a look finds between 64 and 192."""
    for rate in (2_000, 5_000, 10_000):
        _, rows = looks(Polling(SLOTS, linger=2.0), rate, 10)
        assert 64 <= rows <= 192


def test_many_rows_are_looked_for_often() -> None:
    """At a hundred thousand a second it looks as often as it may."""
    number, _ = looks(Polling(SLOTS, linger=2.0), 100_000, 10)
    assert 10 / SHORTEST - 20 <= number <= 10 / SHORTEST


def test_no_rows() -> None:
    """After a look that found none it waits for a wake; the polling is kept."""
    polling = Polling(SLOTS, linger=2.0)
    assert polling.next(0) is None
    assert polling.next(1) == 2 * SHORTEST
    assert polling.next(1) is None
    assert polling.next(1 + 70) == 2 * SHORTEST


def test_a_small_ring_and_a_spool_are_looked_at_often() -> None:
    """A ring that is full in a moment is not left alone for long; nor are rows that a spool is to
    keep."""
    for polling in (Polling(256, linger=2.0), Polling(SLOTS, linger=0.0)):
        number, _ = looks(polling, 1_000, 10)
        assert number >= 10 / SHORTEST - 1
