"""Polling: how soon the pump looks at the ring again while there is load.

A look costs about as much as seventy rows, because the processor's caches hold other code by then.
So looks are as rare as the load allows, 5 to 50 ms apart: each finds about a hundred rows, which
occupy the loop no longer than a slice.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Polling"]

SHORTEST: Final = 0.005
LONGEST: Final = 0.05
FEW: Final = 64
MANY: Final = 192
# Calls a second that must fit into the ring between two looks: more than any program makes.
FASTEST: Final = 1_000_000
# Of the linger: with a short linger, rows must be seen soon.
PART: Final = 0.1


class Polling:
    """For a ring of so many slots, and a linger in seconds; 0 with a spool, where rows must soon
    be on the disk."""

    __slots__ = ("_longest", "_seen", "_wait")

    def __init__(self, slots: int, *, linger: float) -> None:
        self._longest = max(SHORTEST, min(LONGEST, slots / FASTEST, PART * linger))
        self._wait = SHORTEST
        self._seen = 0

    def __repr__(self) -> str:
        return f"<Polling {self._wait} s>"

    def next(self, taken: int) -> float | None:
        """In how many seconds to look again, after the ring was emptied; ``taken`` is how many rows
        were taken so far. None if none were taken now: after the next wake."""
        rows = taken - self._seen
        self._seen = taken
        if not rows:
            return None
        if rows < FEW:
            self._wait = min(2 * self._wait, self._longest)
        elif rows > MANY:
            self._wait = max(self._wait / 2, SHORTEST)
        return self._wait
