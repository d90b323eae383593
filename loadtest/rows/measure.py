"""The arithmetic of all benches: sides that take turns, ratios of pairs, medians with their spread.

Invariants: a ratio is formed within one round only, of costs measured one right after the other;
what is told is the median over the rounds, with the quartiles as its spread.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

__all__ = ["Figure", "Size", "cpu_of", "percentile", "ratios", "take_turns"]


@dataclass(frozen=True, slots=True)
class Size:
    """How much a bench does: ``full``, ``default``, or the smallest thing that gives figures."""

    small: bool = False
    full: bool = False  # 10^7 rows in place of 10^6

    def of(self, default: int, small: int) -> int:
        """The one number or the other."""
        return small if self.small else default


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing: a sample for each round.

    ``goal`` is what the median should be at most; with ``at_least`` at least.
    """

    name: str
    samples: tuple[float, ...]
    unit: str = "x"
    goal: float | None = None
    at_least: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        if not self.samples or not all(map(isfinite, self.samples)):
            raise ValueError(f"{self.name}: no finite samples")

    @property
    def median(self) -> float:
        """What is told of the rounds."""
        return statistics.median(self.samples)

    @property
    def spread(self) -> tuple[float, float]:
        """The lower and the upper quartile."""
        return percentile(self.samples, 0.25), percentile(self.samples, 0.75)

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        return self.median >= self.goal if self.at_least else self.median <= self.goal


def percentile(samples: Iterable[float], share: float) -> float:
    """The sample that so large a share of the others is not above, between two by the line."""
    ordered = sorted(samples)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def ratios(costs: Sequence[float], bases: Sequence[float]) -> tuple[float, ...]:
    """Cost by base, round by round."""
    return tuple(cost / base for cost, base in zip(costs, bases, strict=True))


def cpu_of(work: Callable[[], object], times: int = 1) -> float:
    """Seconds of CPU that this process takes for so many calls."""
    begin = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - begin


def take_turns(
    sides: Mapping[str, Callable[[], float]], *, rounds: int, warm: int = 1
) -> dict[str, list[float]]:
    """The cost of each side in each round; every other round in the opposite order.

    ``warm`` rounds go before and are not counted.
    """
    costs: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for number in range(-warm, rounds):
        # What one side has left to collect must not be the next one's cost.
        gc.collect()
        for name in names if number % 2 == 0 else reversed(names):
            cost = sides[name]()
            if number >= 0:
                costs[name].append(cost)
    return costs
