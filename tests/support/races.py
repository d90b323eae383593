"""Races: threads that are switched as often as can be, and a signal handler between any two of
their instructions."""

from __future__ import annotations

import asyncio
import csv
import io
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from aiocollect import MemoryStore

__all__ = ["hasty_switches", "interrupted", "recorded_once", "run_threads"]


@pytest.fixture
def hasty_switches() -> Iterator[None]:
    """Threads are switched as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@contextmanager
def interrupted(handler: Callable[[], None], *, every: float) -> Iterator[None]:
    """A signal handler calls ``handler`` every so many seconds; never, at 0."""
    before = signal.signal(signal.SIGALRM, lambda _number, _frame: handler())
    signal.setitimer(signal.ITIMER_REAL, every, every)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


async def run_threads(work: Callable[[], None], number: int, *, here: bool = False) -> None:
    """Do ``work`` in so many threads at once, while the loop goes on; ``here``: on the loop's own
    thread as well."""
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    if here:
        work()
    while any(thread.is_alive() for thread in threads):
        await asyncio.sleep(0)


def recorded_once(
    store: MemoryStore, made: Sequence[str | None], *, stored: int, refused: dict[str, int]
) -> None:
    """Assert of one-row calls under ids of our own: each is stored once or counted as refused; each
    id and each scoring time is there once. ``made``: what the calls returned."""
    ids = [one for one in made if one is not None]
    assert len(ids) == len(set(ids)) == stored
    assert len(made) == stored + sum(refused.values())
    rows = [
        row
        for data in store.blobs.values()
        for row in csv.DictReader(io.StringIO(data.decode(), newline=""))
    ]
    assert sorted(row["$aml_dc_correlation_id"] for row in rows) == sorted(ids)
    assert len({row["$aml_dc_scoring_timestamp"] for row in rows}) == len(rows)
