"""Shards of lives in virtual time: each runs some seeds in this process, and returns the sums."""

from __future__ import annotations

import importlib.util
import logging
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final, Literal

from tests.chaos import forks
from tests.simulation import compactions, followed, selection, verified
from tests.simulation.compaction_views import CONTROLS, SEEDS, View
from tests.simulation.coverage import RARE, STEPS
from tests.simulation.crash_worlds import KINDS as DISK_KINDS
from tests.simulation.crashes import CALLS, Crashes
from tests.simulation.crashes import run_chunk as run_machines
from tests.simulation.faults import WEIGHTS
from tests.simulation.host_faults import KINDS as HOST_KINDS
from tests.simulation.run import Live, Summary, run_chunk, said

from .tally import Tally, Unmet, missed

__all__ = [
    "Missing",
    "compacted",
    "controls",
    "followed_lives",
    "forks_at_each_moment",
    "lives",
    "machines",
    "unmet_lives",
    "unmet_machines",
    "verified_lives",
    "verified_machines",
]


class Missing(Exception):
    """Something that a proof needs is not installed: the text says what to do."""


# Hears of each seed before it begins, so that one which takes its process along has a name.
Begin = Callable[[object], None]

# How many lives must meet every kind of fault and every step that is not rare, how many every pair
# of the lane's table, and how many machines every call and every fault of a disk.
MANY: Final = 1_000
MOST: Final = 10_000
PAIRS: Final = frozenset(f"{state} x {event}" for state, event, _ in STEPS)
# Lives without a rule, until one goes wrong.
CONTROL_SEEDS: Final = 400


# Whole lives ------------------------------------------------------------------------------------


def lives(first: int, count: int, begin: Begin) -> Tally:
    """Whole lives: writers, faults, strangers, hosts (tests/simulation/life.py)."""
    return _of(_timed(first, count, begin, selection.live))


def followed_lives(first: int, count: int, begin: Begin) -> Tally:
    """Lives that are followed and read while they are lived."""
    return _of(_timed(first, count, begin, followed.live))


def _timed(first: int, count: int, begin: Begin, live: Live) -> tuple[Summary, float]:
    began = time.perf_counter()
    summary = run_chunk(range(first, first + count), live, begin)
    return summary, time.perf_counter() - began


def _of(run: tuple[Summary, float]) -> Tally:
    summary, seconds = run
    tally = Tally(summary.lives, summary.rows, seconds)
    tally.count("faults", {kind.value: n for kind, n in summary.faults.items()})
    tally.count("host faults", summary.host_faults)
    tally.count("steps", {said(step): n for step, n in summary.taken.items()})
    tally.count("found", summary.found)
    tally.count(
        "of the loop", {"steps": summary.steps, "virtual minutes": round(summary.hours * 60)}
    )
    for outcome in summary.failed:
        tally.fail(outcome.seed, outcome.problems[0])
    return tally


def unmet_lives(tally: Tally) -> Unmet:
    """What so many lives had to meet, and did not."""
    unmet: Unmet = {}
    if tally.units >= MANY:
        unmet["faults"] = missed(tally, "faults", (kind.value for kind in WEIGHTS))
        unmet["host faults"] = missed(tally, "host faults", HOST_KINDS)
        unmet["steps"] = missed(tally, "steps", map(said, STEPS - RARE))
    if tally.units >= MOST:
        pairs = {step.partition(" > ")[0] for step in tally.of("steps")}
        unmet["pairs"] = sorted(PAIRS - pairs)
    return {table: kinds for table, kinds in unmet.items() if kinds}


# Machines that crash ----------------------------------------------------------------------------


def machines(first: int, count: int, begin: Begin) -> Tally:
    """Machines that crash: processes with a spool, ended at any call (crash_life.py)."""
    began = time.perf_counter()
    crashes = Crashes()
    for seed in range(first, first + count):
        begin(seed)
        crashes.add(run_machines(range(seed, seed + 1)))
    tally = Tally(crashes.machines, crashes.rows, time.perf_counter() - began)
    tally.count("ends", crashes.ends)
    tally.count("crashed at", crashes.crashed_at)
    tally.count("disk faults", crashes.met)
    tally.count("promised", {"rows": crashes.kept})
    for outcome in crashes.failed:
        tally.fail(outcome.seed, outcome.problems[0])
    return tally


def unmet_machines(tally: Tally) -> Unmet:
    """What so many machines had to meet, and did not."""
    if tally.units < MANY:
        return {}
    unmet = {
        "crashed at": missed(tally, "crashed at", CALLS),
        "disk faults": missed(tally, "disk faults", DISK_KINDS),
    }
    return {table: kinds for table, kinds in unmet.items() if kinds}


# The way back -----------------------------------------------------------------------------------


def verified_lives(first: int, count: int, begin: Begin) -> Tally:
    """Lives that are verified while they are lived: no false alarm, nothing proven too much."""
    _hushed()
    began = time.perf_counter()
    tally = Tally()
    for seed in range(first, first + count):
        begin(seed)
        outcome, states = verified.verified_life(seed)
        tally.units += 1
        tally.rows += outcome.rows
        tally.count("faults", {kind.value: n for kind, n in outcome.faults.items()})
        tally.count("days", states)
        if outcome.problems:
            tally.fail(seed, outcome.problems[0])
    tally.seconds = time.perf_counter() - began
    return tally


def verified_machines(first: int, count: int, begin: Begin) -> Tally:
    """Machines that crash, verified at their end: rows and log come from spools."""
    _hushed()
    began = time.perf_counter()
    tally = Tally()
    for seed in range(first, first + count):
        begin(seed)
        problems, states = verified.verified_machine(seed)
        tally.units += 1
        tally.count("days", states)
        if problems:
            tally.fail(seed, problems[0])
    tally.seconds = time.perf_counter() - began
    return tally


def compacted(form: Literal["parquet", "delta"], first: int, count: int, begin: Begin) -> Tally:
    """Lives of a store that is compacted while it is written to and read, and ends anywhere.

    Raises Missing where the library of Delta tables is not there.
    """
    _need(form)
    began = time.perf_counter()
    tally = Tally()
    for seed in range(first, first + count):
        begin(seed)
        life = compactions.life_of(seed, View, form)
        tally.units += 1
        tally.rows += len(life.rows)
        tally.count(
            "compactions",
            {
                "reads": life.reads,
                "kills": life.kills,
                "files made": life.made,
                "parts removed": life.removed,
            },
        )
        if life.wrong:
            tally.fail(seed, life.wrong[0])
    tally.seconds = time.perf_counter() - began
    return tally


def controls(form: Literal["parquet", "delta"], rule: str, begin: Begin) -> Tally:
    """A rule of compaction left out: a life must go wrong, or the lives would not show it.

    Raises Missing where the library of Delta tables is not there.
    """
    _need(form)
    began = time.perf_counter()
    seeds = CONTROL_SEEDS
    for seed in [SEEDS[form][rule], *range(seeds)]:
        begin(f"{rule}, life {seed}")
        life = compactions.life_of(seed, CONTROLS[rule], form)
        if life.wrong:
            break
    tally = Tally(1, len(life.rows), time.perf_counter() - began)
    if not life.wrong:
        tally.fail(rule, f"{seeds} lives without this rule, and none is wrong")
    return tally


def _need(form: str) -> None:
    if form == "delta" and importlib.util.find_spec("deltalake") is None:
        raise Missing("deltalake is not installed: pip install -r requirements-dev.txt")


# Forks ------------------------------------------------------------------------------------------


def forks_at_each_moment(first: int, count: int, begin: Begin) -> Tally:
    """A fork at every moment of another thread's first calls, and every way that a child ends."""
    _hushed()
    began = time.perf_counter()
    tally = Tally()
    for seed in range(first, first + count):
        begin(seed)
        result = forks.live(seed)
        tally.units += 1
        tally.rows += 3
        tally.count("ends", Counter([forks.case_of(seed)[1]]))
        if result.problems:
            tally.fail(seed, result.problems[0])
    tally.seconds = time.perf_counter() - began
    return tally


def _hushed() -> None:
    """The log's lines are right, and thousands."""
    logging.getLogger("aiocollect").setLevel(logging.CRITICAL)


parquet_lives = partial(compacted, "parquet")
delta_lives = partial(compacted, "delta")
