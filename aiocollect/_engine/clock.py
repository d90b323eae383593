"""The machine's time: the only module that reads it, or waits for it to pass."""

from __future__ import annotations

import time

__all__ = ["SystemClock", "sleep"]

# Blocks the calling thread, so only our own thread may call it: see loop_thread.py.
sleep = time.sleep


class SystemClock:
    """The wall clock and the monotonic clock of this machine."""

    # Builtins, not methods in Python: collect() reads the time once per call.
    time_ns = staticmethod(time.time_ns)
    monotonic = staticmethod(time.monotonic)

    def __repr__(self) -> str:
        return "<SystemClock>"
