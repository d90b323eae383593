"""What the scoring server does with a request, whatever framework serves it: score, then record."""

from __future__ import annotations

from typing import Any

from ..harness.processes import Pauses, cpu_seconds, main_thread
from .recorders import Recorder, make
from .split import Sampler

__all__ = ["Scoring"]


class Scoring:
    """The endpoint's own work, whatever serves it."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.recorder: Recorder = make(task)
        self._weights = [0.1 * (number % 7) - 0.2 for number in range(task["columns"] - 1)]
        self.requests = 0
        self._pauses = Pauses()
        self._sampler = Sampler()
        if task.get("profiled"):
            self._sampler.start()

    async def score(self, rows: list[list[float]]) -> list[float]:
        """Score and record."""
        found = []
        for row in rows:
            prediction = sum(w * x for w, x in zip(self._weights, row[1:], strict=True))
            await self.recorder.record(row, prediction)
            found.append(prediction)
        self.requests += 1
        return found

    def usage(self) -> dict[str, float]:
        """So far; seconds. What the main thread ran, and what it waited for its core."""
        ran, waited = main_thread()
        return {
            "cpu": cpu_seconds(),
            "requests": self.requests,
            "main": ran,
            "waited": waited,
            "collected": self._pauses.total,
            **{f"sampled {part}": count for part, count in self._sampler.samples.items()},
            **self.recorder.state(),
        }
