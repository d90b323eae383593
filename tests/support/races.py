"""Races: threads that are switched as often as can be, and a signal handler between any two of
their instructions."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

__all__ = ["hasty_switches", "interrupted", "run_threads"]


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
