"""What lives, machines or processes have shown: sums that can be added, and the names of failures.

Invariant: adding is commutative, so that shards can be run in any order, by several runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Tally", "Unmet", "missed"]

# The kinds that were asked for and never met, by the name of their table.
Unmet = dict[str, list[str]]


@dataclass(slots=True)
class Tally:
    """``units``: lives, machines, processes or mutants. ``counts``: by table and kind.
    ``failed``: the first problem of each seed that failed, by the seed."""

    units: int = 0
    rows: int = 0
    seconds: float = 0.0
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def count(self, table: str, found: Counter[str] | dict[str, int]) -> None:
        """Add to a table; what is 0 is not kept."""
        counter = self.counts.setdefault(table, Counter())
        counter.update({kind: number for kind, number in found.items() if number})

    def fail(self, seed: object, problem: str) -> None:
        """A seed that failed, and why: its first problem, in a line."""
        self.failed.setdefault(str(seed), " ".join(problem.split())[:300])

    def add(self, other: Tally) -> None:
        """Another shard's."""
        self.units += other.units
        self.rows += other.rows
        self.seconds += other.seconds
        for table, found in other.counts.items():
            self.count(table, found)
        for seed, problem in other.failed.items():
            self.fail(seed, problem)

    def of(self, table: str) -> Counter[str]:
        """A table's counts; empty where nothing of it was counted."""
        return self.counts.get(table, Counter())

    def as_json(self) -> dict[str, Any]:
        """Plain objects, in an order that does not depend on the run."""
        return {
            "units": self.units,
            "rows": self.rows,
            "seconds": round(self.seconds, 1),
            "counts": {
                table: dict(sorted(found.items())) for table, found in sorted(self.counts.items())
            },
            "failed": dict(sorted(self.failed.items())),
        }

    @classmethod
    def of_json(cls, told: dict[str, Any]) -> Tally:
        """What as_json() gave."""
        counts = {table: Counter(found) for table, found in told["counts"].items()}
        return cls(told["units"], told["rows"], told["seconds"], counts, dict(told["failed"]))


def missed(tally: Tally, table: str, kinds: Iterable[str]) -> list[str]:
    """Which of the kinds a long total has never met."""
    return sorted(set(kinds) - tally.of(table).keys())
