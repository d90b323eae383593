"""Short forms of the scenarios; ``python -m tests.chaos`` is the long one.

Each is judged by the auditor. Times are bounded by what would be a hang; no more is judged.
"""

from __future__ import annotations

import os

import pytest

from testkit.emulator import Emulator

from .concurrency import forks, threads
from .outages import MIB, block, freeze, full_disk, hunger, interrupt
from .sigkills import kills
from .sigterms import terms
from .stage import Result

pytestmark = [pytest.mark.azurite, pytest.mark.timeout(90)]


def check(result: Result) -> None:
    print(Result.header(), result, sep="\n")
    assert result.good, f"\n{Result.header()}\n{result}"


@pytest.mark.parametrize("host", ["asyncio", "uvicorn", "gunicorn"])
def test_sigterm_stores_everything(azurite: Emulator, host: str) -> None:
    """At full load, through a faulty network: what was accepted is stored once, and in order."""
    check(terms(azurite, host=host, count=1, seed=11))


@pytest.mark.parametrize(("host", "down"), [("asyncio", "stall"), ("gunicorn", "busy")])
def test_sigterm_while_the_store_is_down(azurite: Emulator, host: str, down: str) -> None:
    """It ends within its grace, and the report is right to the row."""
    result = terms(azurite, host=host, count=1, seed=12, down=down)
    check(result)
    assert result.findings.gone > 0, "the store was not down"


@pytest.mark.parametrize(("host", "down"), [("asyncio", "stall"), ("uvicorn", "busy")])
def test_sigterm_with_a_spool_while_the_store_is_down(
    azurite: Emulator, host: str, down: str
) -> None:
    """Nothing is gone: `aiocollect replay` brings what was left, once, when the store is back."""
    check(terms(azurite, host=host, count=1, seed=12, down=down, spool=True))


def test_sigkill_in_memory(azurite: Emulator) -> None:
    """What is missing was accepted last, and not confirmed; the next lives go on behind it."""
    check(kills(azurite, count=3, seed=13))


def test_sigkill_with_a_spool(azurite: Emulator) -> None:
    """What was spooled is delivered by the next life."""
    check(kills(azurite, count=3, seed=14, spool=True))


@pytest.mark.parametrize("host", ["thread", "loop"])
def test_forks(azurite: Emulator, host: str) -> None:
    """Children of a process that collects on four threads; each collects and closes."""
    check(forks(azurite, host=host, count=6, seed=15))


@pytest.mark.parametrize("host", ["thread", "loop"])
def test_threads_tasks_finalizers_signals(azurite: Emulator, host: str) -> None:
    """Everybody at once on one pipeline."""
    check(threads(azurite, host=host, turns=1, tasks=1000, seed=16))


def test_the_store_stands_still(azurite: Emulator) -> None:
    """Stopped in mid-load, and going on: collect() goes on meanwhile, and nothing is doubled."""
    check(freeze(azurite, count=1, seed=17))


def test_the_loop_stands_still(azurite: Emulator) -> None:
    """A model blocks the host's loop longer than an attempt may take: nothing is doubled."""
    check(block(azurite, count=1, seconds=1.5, seed=18))


def test_a_second_interrupt(azurite: Emulator) -> None:
    """Ctrl-C twice, with a store that hangs: it ends, and every row is accounted for."""
    check(interrupt(azurite, count=1, seed=19))


@pytest.mark.parametrize("disk", ["room", "limit"])
def test_full_disk(azurite: Emulator, disk: str) -> None:
    """Without room for dead letters they are counted, and all other rows are stored."""
    check(full_disk(azurite, disk=disk, seed=20))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
def test_full_tmpfs(azurite: Emulator) -> None:
    """The same on a disk that is really full."""
    check(full_disk(azurite, disk="tmpfs", seed=21))


@pytest.mark.parametrize("when_full", ["shed_newest", "shed_oldest"])
def test_memory_in_an_outage(azurite: Emulator, when_full: str) -> None:
    """At full speed memory stays within its bound, and the counters are the auditor's."""
    check(hunger(azurite, kind="plain", seconds=1.0, budget=8 * MIB, when_full=when_full))
