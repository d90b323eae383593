"""How long appends took, counted by classes, so that a quantile costs a list of numbers."""

from __future__ import annotations

import math

from ..stats import LATENCY_BOUNDS, Latencies

__all__ = ["AppendTimes"]

# The first bound is two to this power.
_FIRST = math.frexp(LATENCY_BOUNDS[0])[1] - 1


class AppendTimes:
    """Counts appends by how long they took; see Latencies."""

    __slots__ = ("_counts", "_seconds")

    def __init__(self) -> None:
        self._counts = [0] * (len(LATENCY_BOUNDS) + 1)
        self._seconds = 0.0

    def __repr__(self) -> str:
        return f"<AppendTimes of {sum(self._counts)} appends>"

    def add(self, seconds: float) -> None:
        """Count an append that took so long."""
        place = 0
        if seconds > LATENCY_BOUNDS[0]:
            mantissa, power = math.frexp(seconds)
            power -= mantissa == 0.5  # a bound belongs to the class that it ends
            place = min(power - _FIRST, len(LATENCY_BOUNDS))
        self._counts[place] += 1
        self._seconds += seconds

    @property
    def latencies(self) -> Latencies:
        """All of them so far."""
        return Latencies(counts=tuple(self._counts), seconds=self._seconds)
