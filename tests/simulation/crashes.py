"""Runs many crash lives over all cores, or replays one.

    python -m tests.simulation.crashes --seeds 20000
    python -m tests.simulation.crashes --seed 17

Exits 1 on any problem, and names the command that replays it; also where a kind of call was never
crashed at, or a disk fault never met.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from aiocollect.testing import DiskCall

from .crash_life import live
from .crash_oracle import CrashOutcome
from .crash_worlds import KINDS

CHUNK = 10
# Every call of the port that a spool makes, and the requests of the store.
CALLS = {call.value for call in DiskCall}


@dataclass
class Crashes:
    """What a run of many machines has shown."""

    machines: int = 0
    rows: int = 0
    kept: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    crashed_at: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    failed: list[CrashOutcome] = field(default_factory=list)

    def add(self, other: Crashes) -> None:
        """Merge another process's machines."""
        self.machines += other.machines
        self.rows += other.rows
        self.kept += other.kept
        self.ends += other.ends
        self.calls += other.calls
        self.crashed_at += other.crashed_at
        self.met += other.met
        self.failed += other.failed

    @property
    def unmet(self) -> list[str]:
        """The calls at which no process has ended, and the disk faults that were never met."""
        return sorted((CALLS - self.crashed_at.keys()) | (KINDS - self.met.keys()))

    def describe(self, seconds: float) -> str:
        """The run in a few lines."""
        problems = Counter(p.partition(":")[0] for o in self.failed for p in o.problems)
        ends = ", ".join(f"{end} {n}" for end, n in self.ends.most_common())
        lines = [
            (
                f"{self.machines} machines, {sum(self.ends.values())} lives ({ends}), "
                f"{self.rows} rows, {self.kept} of them promised when their life ended, "
                f"{sum(self.calls.values())} calls in {seconds:.0f} s"
            ),
            "crashed at: " + ", ".join(f"{call} {n}" for call, n in self.crashed_at.most_common()),
            "met: " + ", ".join(f"{kind} {n}" for kind, n in self.met.most_common()),
        ]
        for outcome in self.failed[:10]:
            lines += [f"seed {outcome.seed}: {problem}" for problem in outcome.problems[:3]]
            lines.append(f"  replay: python -m tests.simulation.crashes --seed {outcome.seed}")
        found = ", ".join(f"{what} {n}" for what, n in problems.most_common())
        lines.append(f"lost, doubled, reordered, torn: {found or 0}; {len(self.failed)} failed")
        return "\n".join(lines)


def run_chunk(seeds: range) -> Crashes:
    """The machines of some seeds, in this process."""
    logging.getLogger("aiocollect").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    # What a dead process leaves half-way says so when it is collected.
    sys.unraisablehook = lambda _: None
    crashes = Crashes()
    for seed in seeds:
        try:
            outcome = live(seed)
        except Exception as error:
            outcome = CrashOutcome(seed, problems=[f"raised: {error!r}"])
        crashes.machines += 1
        crashes.rows += outcome.rows
        crashes.kept += outcome.kept
        crashes.ends += outcome.ends
        crashes.calls += outcome.calls
        crashes.crashed_at += outcome.crashed_at
        crashes.met += outcome.met
        if outcome.problems:
            crashes.failed.append(outcome)
    return crashes


def run(seeds: int, *, first: int = 0, stop_at: int | None = None) -> Iterator[Crashes]:
    """Run the machines over all cores; yields the sum as it grows."""
    starts = range(first, first + seeds, CHUNK)
    chunks = [range(start, min(start + CHUNK, first + seeds)) for start in starts]
    crashes = Crashes()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        for part in pool.map(run_chunk, chunks):
            crashes.add(part)
            yield crashes
            if stop_at is not None and len(crashes.failed) >= stop_at:
                pool.shutdown(cancel_futures=True)
                return


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation.crashes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=1000, help="how many machines")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="replay this one")
    parser.add_argument("--stop-at", type=int, help="stop after so many failed machines")
    options: Any = parser.parse_args()
    began = time.perf_counter()
    crashes = Crashes()
    if options.seed is not None:
        crashes = run_chunk(range(options.seed, options.seed + 1))
    else:
        for crashes in run(options.seeds, first=options.first, stop_at=options.stop_at):
            if crashes.machines % 1000 == 0:
                print(f"{crashes.machines} machines, {len(crashes.failed)} failed", flush=True)
    print(crashes.describe(time.perf_counter() - began))
    unmet = crashes.unmet if crashes.machines >= 1000 else []
    if unmet:
        print("never met: " + ", ".join(unmet))
    return 1 if crashes.failed or unmet else 0


if __name__ == "__main__":
    sys.exit(main())
