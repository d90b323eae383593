"""Ages: which batches are the oldest, without looking at every channel.

Batches are born in the order of the pump's turns, or nearly so. What has ended meanwhile is taken
out when it comes to the top, or is the most of what there is.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import Final

from .channel import Channel

__all__ = ["Ages"]

# From so many entries on it is looked whether most of them have ended.
MANY: Final = 256


class Ages:
    """Channels by when a batch of theirs was born, as long as ``counts`` says that it counts."""

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
        """When the oldest one was born, or None."""
        heap = self._heap
        while heap:
            born, _, channel = heap[0]
            if self._counts(channel, born):
                return born
            heapq.heappop(heap)
        return None

    def pop(self) -> tuple[float, Channel] | None:
        """The oldest one, which is not looked for any more."""
        if self.oldest is None:
            return None
        born, _, channel = heapq.heappop(self._heap)
        return born, channel

    def channels(self) -> list[Channel]:
        """All of them, each once."""
        return list(dict.fromkeys(channel for _, _, channel in self._left()))
