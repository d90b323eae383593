"""The machine's time: the only place that asks for it, or lets it pass."""

from __future__ import annotations

import time

__all__ = ["SystemClock", "sleep"]

# Holds the thread that calls it, so it is for a thread of our own alone: see loop_thread.py.
sleep = time.sleep


class SystemClock:
    """The wall clock and the monotonic clock of this machine."""

    # Builtins, not methods of ours: collect() asks once per call.
    time_ns = staticmethod(time.time_ns)
    monotonic = staticmethod(time.monotonic)

    def __repr__(self) -> str:
        return "<SystemClock>"
