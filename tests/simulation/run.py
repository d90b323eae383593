"""Many lives over all cores, and what they have shown together.

Each core has a worker process, which is given a few seeds at a time and says which one it begins.
One that ends on the way is named with its seed and replaced; so is one that spends minutes of its
core's time in one life (within one step of the loop: more steps than allowed end the life itself).
Memory does not grow with the number of lives: sums are kept, and the first failures.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType

from aiocollect.testing import FaultKind

from .coverage import RARE, STEPS, Step, count_steps
from .host_faults import KINDS as HOST_FAULTS
from .life import Outcome
from .selection import live

CHUNK = 25
KEPT = 100
# New objects between two collections of garbage; Python's own default is 700.
GARBAGE = 50_000
# Of a core's time, not of the clock's: a life takes a tenth of a second.
LIFE_SECONDS = 120.0

Live = Callable[[int], Outcome]


class LifeSpinsError(BaseException):
    """A life that spends its core's time without ending a step of the loop."""


@dataclass
class Summary:
    """What a run of many lives has shown."""

    lives: int = 0
    rows: int = 0
    steps: int = 0
    hours: float = 0.0
    healing: float = 0.0
    faults: Counter[FaultKind] = field(default_factory=Counter)
    host_faults: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    taken: Counter[Step] = field(default_factory=Counter)  # steps of lanes
    failures: int = 0
    failed: list[Outcome] = field(default_factory=list)

    def take(self, outcome: Outcome) -> None:
        """Add one life."""
        self.lives += 1
        self.rows += outcome.rows
        self.steps += outcome.steps
        self.hours += outcome.hours
        self.healing = max(self.healing, outcome.healing)
        self.faults += outcome.faults
        self.host_faults += outcome.host_faults
        self.found += outcome.found
        if outcome.problems:
            self.failures += 1
            self.failed.append(outcome)

    def add(self, other: Summary) -> None:
        """Merge another process's lives."""
        self.lives += other.lives
        self.rows += other.rows
        self.steps += other.steps
        self.hours += other.hours
        self.healing = max(self.healing, other.healing)
        self.faults += other.faults
        self.host_faults += other.host_faults
        self.found += other.found
        self.taken += other.taken
        self.failures += other.failures
        self.failed += other.failed[: KEPT - len(self.failed)]

    @property
    def unmet(self) -> list[str]:
        """Kinds of faults, and steps of the lane's table, that no life has met."""
        kinds = [kind.value for kind in FaultKind if not self.faults[kind]]
        kinds += [kind for kind in HOST_FAULTS if not self.host_faults[kind]]
        return kinds + [said(step) for step in sorted(STEPS - self.taken.keys() - RARE)]


def said(step: Step) -> str:
    """A step in a line."""
    state, event, following = step
    return f"{state} x {event} > {following}"


def run_life(seed: int, live: Live) -> Outcome:
    """One life, which is ended where it takes its core for itself."""

    def end(number: int, frame: FrameType | None) -> None:
        raise LifeSpinsError

    signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIFE_SECONDS)
    try:
        return live(seed)
    except LifeSpinsError:
        problem = f"it spent {LIFE_SECONDS:g} s of its core's time, and did not end"
        return Outcome(seed, found=Counter(stuck=1), problems=[problem])
    except Exception as error:  # the simulation's own bug: named, and the others go on
        return Outcome(seed, problems=[f"{type(error).__name__}: {error}"])
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def run_chunk(
    seeds: range, live: Live = live, begin: Callable[[int], None] | None = None
) -> Summary:
    """The lives of some seeds, in this process; ``begin`` hears of each before it begins."""
    # The log's lines are right, and thousands.
    logging.getLogger("aiocollect").setLevel(logging.CRITICAL)
    # A tenth of a life was spent on looking for cycles among what still lives.
    gc.set_threshold(GARBAGE)
    met = count_steps()
    met.clear()
    summary = Summary()
    for seed in seeds:
        if begin is not None:
            begin(seed)
        summary.take(run_life(seed, live))
    summary.taken = Counter(met)
    return summary


def _work(pipe: Connection, live: Live) -> None:
    """A worker: chunks come in; seeds that begin, and sums, go out."""
    while True:
        try:
            seeds = pipe.recv()
        except EOFError:  # nobody has more for it: no traceback beside the verdict
            return
        pipe.send(run_chunk(seeds, live, pipe.send))


class _Worker:
    """One process, what it was given, and the seed that it began last."""

    def __init__(self, live: Live) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_work, args=(theirs, live), daemon=True)
        self.process.start()
        theirs.close()
        self.seeds = range(0)
        self.seed: int | None = None

    def give(self, seeds: range) -> None:
        """The next lives."""
        self.seeds, self.seed = seeds, None
        self.pipe.send(seeds)

    def end(self) -> None:
        """No more of it."""
        self.pipe.close()
        self.process.kill()
        self.process.join()


def run(
    seeds: int, *, first: int = 0, stop_at: int | None = None, live: Live = live
) -> Iterator[Summary]:
    """Run the lives over all cores; yields the summary as it grows."""
    ranges = [
        range(start, min(start + CHUNK, first + seeds))
        for start in range(first, first + seeds, CHUNK)
    ]
    ranges.reverse()
    summary = Summary()
    workers: dict[Connection, _Worker] = {}

    def employ() -> None:
        worker = _Worker(live)
        workers[worker.pipe] = worker
        worker.give(ranges.pop())

    try:
        while ranges and len(workers) < (os.cpu_count() or 1):
            employ()
        while workers:
            for pipe in wait(list(workers)):
                assert isinstance(pipe, Connection)
                worker = workers[pipe]
                try:
                    told = pipe.recv()
                except (EOFError, OSError):
                    # It ended on the way: the lives before that one are run again, it is not.
                    del workers[pipe]
                    worker.process.join()
                    code, seed = worker.process.exitcode, worker.seed
                    if seed is None:
                        raise RuntimeError(
                            f"a worker ended with {code} before its first life"
                        ) from None
                    summary.take(Outcome(seed, problems=[f"its process ended with {code}"]))
                    worker.end()
                    rest = [range(worker.seeds.start, seed), range(seed + 1, worker.seeds.stop)]
                    ranges += [part for part in rest if part]
                    if ranges:
                        employ()
                    yield summary
                    continue
                if isinstance(told, int):
                    worker.seed = told
                    continue
                summary.add(told)
                yield summary
                if ranges:
                    worker.give(ranges.pop())
                else:
                    del workers[pipe]
                    worker.end()
            if stop_at is not None and summary.failures >= stop_at:
                return
    finally:
        for worker in workers.values():
            worker.end()


def progress(summary: Summary, seconds: float) -> str:
    """How far it is, in a line."""
    faults = sum(summary.faults.values())
    return (
        f"{summary.lives} lives, {summary.rows} rows, {faults} faults, "
        f"{summary.failures} failed, {summary.lives / seconds:.1f} lives a second"
    )


def describe(summary: Summary, seconds: float) -> str:
    """The run in a few lines."""
    faults = sum(summary.faults.values())
    wrong = ("lost", "doubled", "reordered", "torn")
    lines = [
        (
            f"{summary.lives} lives, {summary.rows} rows, {faults} faults, {summary.steps} steps, "
            f"{summary.hours:.1f} virtual hours in {seconds:.0f} s: "
            f"{summary.lives / seconds:.1f} lives, {summary.rows / seconds:.0f} rows and "
            f"{faults / seconds:.0f} faults a second"
        ),
        ", ".join(f"{summary.found[name]} {name}" for name in wrong)
        + "".join(f", {n} {name}" for name, n in summary.found.items() if name not in wrong),
        f"after the last fault all was stored within {summary.healing:.1f} s",
        "faults: " + ", ".join(f"{kind.value} {n}" for kind, n in summary.faults.most_common()),
        "host faults: " + ", ".join(f"{kind} {n}" for kind, n in summary.host_faults.most_common()),
        f"{len(summary.taken)} of {len(STEPS)} steps: "
        + ", ".join(f"{said(step)} {n}" for step, n in sorted(summary.taken.items())),
    ]
    for outcome in summary.failed[:10]:
        lines += [f"seed {outcome.seed}: {problem}" for problem in outcome.problems[:5]]
        lines.append(f"  replay: python -m tests.simulation --seed {outcome.seed} --trace")
    lines.append(f"{summary.failures} lives failed")
    return "\n".join(lines)
