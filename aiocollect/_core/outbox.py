"""The outbox of a lane: its sealed batches, in order; the first one is under way, block by block.

A batch is one block until the store refuses it; then it is halved. Only the first block was ever
sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice

from .accumulator import Batch, Block
from .commands import Command, Finish, Release

__all__ = ["Outbox"]


class Outbox:
    """Begins empty."""

    __slots__ = ("_batches", "_blocks")

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque()
        self._blocks: deque[Block] = deque()  # of the first batch, not final yet

    def __repr__(self) -> str:
        return f"<Outbox {len(self._batches)} batches>"

    @property
    def rows(self) -> int:
        """Rows that are not final."""
        return sum(b.rows for b in self._blocks) + sum(b.block.rows for b in self.unsent)

    @property
    def unsent(self) -> list[Batch]:
        """The batches of which nothing was ever sent, in order."""
        # The first is in blocks, once it has been begun.
        return list(islice(self._batches, 1 if self._blocks else 0, None))

    def add(self, batch: Batch) -> None:
        """The batch is the last one now."""
        self._batches.append(batch)

    def take_back(self) -> list[Batch]:
        """Give all unsent batches back, in order."""
        batches = self.unsent
        for _ in batches:
            self._batches.pop()
        return batches

    def remove(self, batch: Batch) -> None:
        """The batch, of which nothing was sent, is somebody else's."""
        if batch in self.unsent:
            self._batches.remove(batch)

    def begin(self) -> bool:
        """Have a block under way. False: there is none left."""
        if not self._blocks:
            if not self._batches:
                return False
            self._blocks.append(self._batches[0].block)
        return True

    @property
    def block(self) -> Block:
        """What is under way."""
        return self._blocks[0]

    @property
    def under_way(self) -> tuple[int, int]:
        """The rows that are under way: the first, and their number."""
        return self._blocks[0].first, self._blocks[0].rows

    def halve(self) -> None:
        """Send the first half of the block alone; the other one comes after it."""
        self._blocks.extendleft(reversed(self._blocks.popleft().halve()))

    def end(self, finish: Finish) -> list[Command]:
        """The block under way is final, as ``finish`` says; with it its batch, where it was the
        last of it."""
        self._blocks.popleft()
        return [finish] if self._blocks else [finish, Release(self._batches.popleft())]

    def give_up(self, end: Callable[[Block], Finish]) -> list[Command]:
        """Everything is final, as ``end`` says of each block in turn."""
        done: list[Command] = []
        while self.begin():
            done += self.end(end(self.block))
        return done
