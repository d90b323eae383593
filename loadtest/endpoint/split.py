"""Whose the CPU of a server is: samples of what its main thread does, by the process's CPU clock.

A sample is given to the innermost owner on the stack: the store and what it calls, ``collect()``,
the drain (from the ring to encoded rows), delivery (all else of ours), or the server. What the loop
does in C, such as writing to a socket that was full, has no frame of its own, and counts as the
server's: so the store's part is a lower bound.
"""

from __future__ import annotations

import signal
from collections import Counter
from types import FrameType
from typing import Final

__all__ = ["PARTS", "Sampler", "part_of"]

PARTS: Final = ("server", "collect()", "drain", "delivery", "store and SDK")
# Seconds of CPU between two samples; the kernel's tick is the shortest that it can do.
_EVERY: Final = 0.001

_STORE: Final = ("/aiocollect/stores/", "/azure/", "/aiohttp/client", "/aiohttp/connector")
_DRAIN: Final = tuple(
    f"/aiocollect/_delivery/{name}.py" for name in ("pump", "intake", "native_intake", "runs")
)


def part_of(names: list[str]) -> str:
    """Whose a stack is, by the file names of its frames, the innermost first."""
    if any(owner in name for name in names for owner in _STORE):
        return "store and SDK"
    # The core's collect() is C: its time is that of the line that calls it.
    if any(name.endswith("/endpoint/recorders.py") for name in names):
        return "collect()"
    if any(name.endswith(_DRAIN) for name in names):
        return "drain"
    return "delivery" if any("/aiocollect/" in name for name in names) else "server"


class Sampler:
    """Counts samples by part, from ``start()`` on. Main thread alone."""

    def __init__(self) -> None:
        self.samples: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"<Sampler {self.samples.total()} samples>"

    def start(self) -> None:
        """Sample until the process ends."""
        signal.signal(signal.SIGPROF, self._take)
        signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)

    def _take(self, _: int, frame: FrameType | None) -> None:
        names = []
        while frame is not None:
            names.append(frame.f_code.co_filename)
            frame = frame.f_back
        self.samples[part_of(names)] += 1
