"""Shards of real processes against the emulator: killed, stopped, forked; judged by the auditor.

Each shard has an emulator of its own, since it keeps all blobs in memory; its number is the seed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from testkit.emulator import Emulator, emulator
from tests.chaos import concurrency, sigkills, sigterms
from tests.chaos.stage import DOWN, Result

from .simulated import Begin
from .tally import Tally

__all__ = ["forks_under_load", "kills", "terms", "terms_while_down"]

_WRONG = ("gone", "lost", "doubled", "torn", "reordered", "altered", "foreign", "gaps")


def kills(seed: int, count: int, begin: Begin, *, spool: bool) -> Tally:
    """SIGKILL at a random moment of full load; the next process goes on behind the dead one."""
    return _judged(seed, begin, lambda at: sigkills.kills(at, count=count, seed=seed, spool=spool))


def terms(seed: int, count: int, begin: Begin, *, host: str) -> Tally:
    """SIGTERM under load, through a faulty network: what was accepted is stored."""
    return _judged(seed, begin, lambda at: sigterms.terms(at, host=host, count=count, seed=seed))


def terms_while_down(seed: int, count: int, begin: Begin, *, spool: bool) -> Tally:
    """SIGTERM while the store is down, in a host and a way that the seed gives: the report is right
    to the row; with a spool the replay brings what was left."""
    number = seed // count
    host = sigterms.HOSTS[number % len(sigterms.HOSTS)]
    down = list(DOWN)[number // len(sigterms.HOSTS) % len(DOWN)]

    def run(at: Emulator) -> Result:
        return sigterms.terms(at, host=host, count=count, seed=seed, down=down, spool=spool)

    tally = _judged(seed, begin, run)
    tally.count("hosts", {f"{host}, {down}": tally.units})
    return tally


def forks_under_load(seed: int, count: int, begin: Begin, *, host: str) -> Tally:
    """Children of a process that collects on four threads; each collects, and closes."""
    return _judged(seed, begin, lambda at: concurrency.forks(at, host=host, count=count, seed=seed))


def _judged(seed: int, begin: Begin, run: Callable[[Emulator], Result]) -> Tally:
    began = time.perf_counter()
    begin(seed)
    with emulator() as running:
        try:
            result = run(running)
        except AssertionError as error:  # a scenario that hangs, or ended by itself
            result = Result(scenario="stopped", wrong=[str(error)])
    found = result.findings
    tally = Tally(result.repetitions, found.accepted, time.perf_counter() - began)
    tally.count("rows", {word: getattr(found, word) for word in _WRONG})
    tally.count("ends", {"later than promised": result.late})
    if not result.good:
        tally.fail(seed, "; ".join([*result.wrong, *found.examples]) or str(result))
    return tally
