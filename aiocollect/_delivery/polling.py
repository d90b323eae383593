"""Polling: how soon the pump looks at the ring again while there is load.

A look costs about as much as seventy rows: by then the processor's caches hold the host's code. So
it comes as seldom as the load allows, between 5 and 50 ms: so that it finds about a hundred rows,
and they still hold the loop for no more than a slice does.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Polling"]

SHORTEST: Final = 0.005
LONGEST: Final = 0.05
FEW: Final = 64
MANY: Final = 192
# Calls a second that a ring must be able to wait for: more than any host makes.
FASTEST: Final = 1_000_000
# Of the linger: rows that shall soon be stored must soon be seen.
PART: Final = 0.1


class Polling:
    """For a ring of so many slots, and a linger in seconds; 0 where rows shall soon be in the
    spool."""

    __slots__ = ("_longest", "_seen", "_wait")

    def __init__(self, slots: int, *, linger: float) -> None:
        self._longest = max(SHORTEST, min(LONGEST, slots / FASTEST, PART * linger))
        self._wait = SHORTEST
        self._seen = 0

    def __repr__(self) -> str:
        return f"<Polling {self._wait} s>"

    def next(self, taken: int) -> float | None:
        """When to look again, in seconds, after the ring was emptied; ``taken`` is how many rows
        came out of it so far. None where there were none: not before a call wakes the pump."""
        rows = taken - self._seen
        self._seen = taken
        if not rows:
            return None
        if rows < FEW:
            self._wait = min(2 * self._wait, self._longest)
        elif rows > MANY:
            self._wait = max(self._wait / 2, SHORTEST)
        return self._wait
