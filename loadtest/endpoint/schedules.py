"""Schedules: when requests are due, in seconds from the start, fixed before the first one is sent.

Each takes ``seconds`` and a rate in requests a second, and gives the times in order.
"""

from __future__ import annotations

import random
from typing import Any, Final

from aiocollect.demo.load import poisson

__all__ = ["KINDS", "burst", "constant", "make", "ramp"]


def constant(rate: float, seconds: float) -> list[float]:
    """Evenly spaced."""
    return [number / rate for number in range(round(rate * seconds))]


def burst(
    rate: float, seconds: float, *, factor: float, every: float, chance: random.Random
) -> list[float]:
    """A Poisson process; once in ``every`` seconds ``factor`` times the rate for a tenth of it."""
    times = poisson(rate, seconds, chance=chance.random)
    start = every / 2
    while start < seconds:
        length = min(every / 10, seconds - start)
        extra = poisson(rate * (factor - 1), length, chance=chance.random)
        times += [start + time for time in extra]
        start += every
    return sorted(times)


def ramp(low: float, high: float, seconds: float) -> list[float]:
    """The rate grows steadily from ``low`` to ``high``."""
    # The number of requests until t is low * t + slope * t**2 / 2: solved for each number.
    slope = (high - low) / seconds
    total = int((low + high) * seconds / 2)
    return [
        (-low + (low * low + 2 * slope * number) ** 0.5) / slope if slope else number / low
        for number in range(total)
    ]


KINDS: Final = ("constant", "poisson", "burst", "ramp")


def make(task: dict[str, Any], *, seed: int) -> list[float]:
    """The schedule that a task names. Raises ValueError for a kind that there is not."""
    chance = random.Random(seed)
    match task["kind"]:
        case "constant":
            return constant(task["rate"], task["seconds"])
        case "poisson":
            return poisson(task["rate"], task["seconds"], chance=chance.random)
        case "burst":
            return burst(
                task["rate"],
                task["seconds"],
                factor=task["factor"],
                every=task["every"],
                chance=chance,
            )
        case "ramp":
            return ramp(task["low"], task["high"], task["seconds"])
        case kind:
            raise ValueError(f"schedule {kind!r} is none of {', '.join(KINDS)}")
