"""Latencies: HDR histograms, which processes send to one another and which add up exactly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]

__all__ = ["PERCENTILES", "Latencies"]

# In microseconds; three digits. A request that takes longer than a minute has failed.
_LOWEST, _HIGHEST, _DIGITS = 1, 60_000_000, 3
PERCENTILES: Final = (50.0, 90.0, 99.0, 99.9)


class Latencies:
    """Of many requests, in seconds; kept as microseconds."""

    def __init__(self) -> None:
        self._histogram: Any = HdrHistogram(_LOWEST, _HIGHEST, _DIGITS)

    def __repr__(self) -> str:
        return f"<Latencies of {self.count} requests>"

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self._histogram.get_total_count())

    def add(self, seconds: float) -> None:
        """One more; what is out of range counts as its end."""
        micros = min(max(round(seconds * 1e6), _LOWEST), _HIGHEST)
        self._histogram.record_value(micros)

    def merge(self, other: Latencies) -> None:
        """All of the other's too."""
        self._histogram.add(other._histogram)

    def at(self, percentile: float) -> float | None:
        """In seconds; None where there are none."""
        if not self.count:
            return None
        return float(self._histogram.get_value_at_percentile(percentile)) / 1e6

    def mean(self) -> float | None:
        """In seconds; None where there are none."""
        return float(self._histogram.get_mean_value()) / 1e6 if self.count else None

    def curve(self) -> list[tuple[float, float]]:
        """(percentile, seconds) from the median to the tail, for a plot."""
        shares = [50 + 2.5 * n for n in range(19)] + [95 + 0.25 * n for n in range(1, 17)]
        shares += [99.2, 99.4, 99.6, 99.8, 99.9, 99.95, 99.99]
        return [(share, found) for share in shares if (found := self.at(share)) is not None]

    def encode(self) -> str:
        """As text, for another process."""
        return str(self._histogram.encode().decode())

    @classmethod
    def decode(cls, text: str) -> Latencies:
        """What ``encode`` gave."""
        found = cls()
        found._histogram = HdrHistogram.decode(text.encode())
        return found

    @classmethod
    def of(cls, texts: Iterable[str]) -> Latencies:
        """All of what ``encode`` gave in several processes."""
        found = cls()
        for text in texts:
            found.merge(cls.decode(text))
        return found
