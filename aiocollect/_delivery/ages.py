"""Ages: which batches are the oldest, without looking at every channel.

Batches are begun in the order of the pump's turns, or nearly so. Entries of batches that have ended
are removed when they come to the top, or when they are the majority.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import Final

from .channel import Channel

__all__ = ["Ages"]

# From so many entries on, entries of ended batches are removed when their number has doubled.
MANY: Final = 256


class Ages:
    """Channels by when a batch of theirs was begun, as long as ``counts`` is true of the batch."""

    def __init__(self, counts: Callable[[Channel, float], bool]) -> None:
        self._counts = counts
        self._heap: list[tuple[float, int, Channel]] = []
        self._tie = count()
        self._clean_at = MANY

    def __repr__(self) -> str:
        return f"<Ages of {len(self._heap)} batches>"

    def add(self, born: float, channel: Channel) -> None:
        """A batch of the channel was begun."""
        if len(self._heap) >= self._clean_at:
            self._heap = self._left()
            self._clean_at = max(MANY, 2 * len(self._heap))
        heapq.heappush(self._heap, (born, next(self._tie), channel))

    def _left(self) -> list[tuple[float, int, Channel]]:
        left = [entry for entry in self._heap if self._counts(entry[2], entry[0])]
        heapq.heapify(left)
        return left

    @property
    def oldest(self) -> float | None:
        """When the oldest batch was begun, or None."""
        heap = self._heap
        while heap:
            born, _, channel = heap[0]
            if self._counts(channel, born):
                return born
            heapq.heappop(heap)
        return None

    def pop(self) -> tuple[float, Channel] | None:
        """Remove and return the oldest batch, or None."""
        if self.oldest is None:
            return None
        born, _, channel = heapq.heappop(self._heap)
        return born, channel

    def channels(self) -> list[Channel]:
        """All channels, each once."""
        return list(dict.fromkeys(channel for _, _, channel in self._left()))
