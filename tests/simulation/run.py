"""Many lives over all cores, and what they have shown together."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from aiocollect._core.states import TABLE
from aiocollect.testing import FaultKind

from .coverage import count_pairs
from .life import Outcome, live

CHUNK = 25


@dataclass
class Summary:
    """What a run of many lives has shown."""

    lives: int = 0
    rows: int = 0
    steps: int = 0
    hours: float = 0.0
    faults: Counter[FaultKind] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: list[Outcome] = field(default_factory=list)

    def add(self, other: Summary) -> None:
        """Merge another process's lives."""
        self.lives += other.lives
        self.rows += other.rows
        self.steps += other.steps
        self.hours += other.hours
        self.faults += other.faults
        self.pairs += other.pairs
        self.failed += other.failed

    @property
    def unmet(self) -> list[str]:
        """Kinds of faults and pairs of the lane's table that no life has met."""
        kinds = [kind.value for kind in FaultKind if not self.faults[kind]]
        table = {(state.value, event.value) for state, event in TABLE}
        return kinds + [" x ".join(pair) for pair in sorted(table - self.pairs.keys())]


def run_chunk(seeds: range) -> Summary:
    """The lives of some seeds, in this process."""
    # The log's lines are right, and thousands.
    logging.getLogger("aiocollect").setLevel(logging.CRITICAL)
    met = count_pairs()
    met.clear()
    summary = Summary()
    for seed in seeds:
        outcome = live(seed)
        summary.lives += 1
        summary.rows += outcome.rows
        summary.steps += outcome.steps
        summary.hours += outcome.hours
        summary.faults += outcome.faults
        if outcome.problems:
            summary.failed.append(outcome)
    summary.pairs = Counter(
        {(state.value, event.value): count for (state, event), count in met.items()}
    )
    return summary


def run(seeds: int, *, first: int = 0, stop_at: int | None = None) -> Iterator[Summary]:
    """Run the lives over all cores; yields the summary as it grows."""
    chunks = [
        range(start, min(start + CHUNK, first + seeds))
        for start in range(first, first + seeds, CHUNK)
    ]
    summary = Summary()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        for part in pool.map(run_chunk, chunks):
            summary.add(part)
            yield summary
            if stop_at is not None and len(summary.failed) >= stop_at:
                pool.shutdown(cancel_futures=True)
                return


def describe(summary: Summary, seconds: float) -> str:
    """The run in a few lines."""
    faults = sum(summary.faults.values())
    lines = [
        (
            f"{summary.lives} lives, {summary.rows} rows, {faults} faults, {summary.steps} steps, "
            f"{summary.hours:.1f} virtual hours in {seconds:.0f} s"
        ),
        "faults: " + ", ".join(f"{kind.value} {n}" for kind, n in summary.faults.most_common()),
        "pairs: " + ", ".join(f"{s} x {e} {n}" for (s, e), n in sorted(summary.pairs.items())),
    ]
    for outcome in summary.failed[:10]:
        lines += [f"seed {outcome.seed}: {problem}" for problem in outcome.problems[:5]]
        lines.append(f"  replay: python -m tests.simulation --seed {outcome.seed}")
    lines.append(f"{len(summary.failed)} lives failed")
    return "\n".join(lines)
