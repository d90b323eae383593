"""The outbox of a lane: its sealed batches, in order; the first one is under way, block by block.

A batch is one block until the store refuses it; then it is halved. Only the first batch was ever
sent. Both are tuples, since nearly all lanes are idle at any time: an empty one takes no memory,
and what is put into one is a whole batch, not a row.
"""

from __future__ import annotations

from collections.abc import Callable

from .accumulator import Batch, Block
from .commands import Command, Finish, Release

__all__ = ["Outbox"]


class Outbox:
    """Begins empty."""

    __slots__ = ("_batches", "_blocks")

    def __init__(self) -> None:
        self._batches: tuple[Batch, ...] = ()
        self._blocks: tuple[Block, ...] = ()  # of the first batch, not final yet

    def __repr__(self) -> str:
        return f"<Outbox {len(self._batches)} batches>"

    def __bool__(self) -> bool:
        return bool(self._batches)

    @property
    def rows(self) -> int:
        """Rows that are not final."""
        return sum(b.rows for b in self._blocks) + sum(b.block.rows for b in self.unsent)

    @property
    def unsent(self) -> tuple[Batch, ...]:
        """The batches of which nothing was ever sent, in order."""
        # The first is in blocks, once it has been begun.
        return self._batches[1:] if self._blocks else self._batches

    def add(self, batch: Batch) -> None:
        """The batch is the last one now."""
        self._batches += (batch,)

    def take_back(self) -> tuple[Batch, ...]:
        """Give all unsent batches back, in order."""
        batches = self.unsent
        self._batches = self._batches[:1] if self._blocks else ()
        return batches

    def remove(self, batch: Batch) -> None:
        """The batch, of which nothing was sent, is somebody else's."""
        if batch in self.unsent:
            self._batches = tuple([one for one in self._batches if one is not batch])

    def begin(self) -> bool:
        """Have a block under way. False: there is none left."""
        if not self._blocks:
            if not self._batches:
                return False
            self._blocks = (self._batches[0].block,)
        return True

    @property
    def block(self) -> Block:
        """What is under way."""
        return self._blocks[0]

    def halve(self) -> None:
        """Send the first half of the block alone; the other one comes after it."""
        self._blocks = (*self.block.halve(), *self._blocks[1:])

    def cut(self, rows: int) -> None:
        """Have the first ``rows`` rows of the block under way be a block of their own."""
        if rows < self.block.rows:
            self._blocks = (*self.block.split(rows), *self._blocks[1:])

    def upto(self, last: int) -> bytes:
        """The bytes of the blocks up to the one that ends with the row ``last``."""
        return b"".join(block.data for block in self._blocks if block.last <= last)

    def end(self, finish: Finish) -> list[Command]:
        """The block under way is final, as ``finish`` says; with it its batch, where it was the
        last of it."""
        self._blocks = self._blocks[1:]
        if self._blocks:
            return [finish]
        batch = self._batches[0]
        self._batches = self._batches[1:]
        return [finish, Release(batch)]

    def give_up(self, end: Callable[[Block], Finish]) -> list[Command]:
        """Everything is final, as ``end`` says of each block in turn."""
        done: list[Command] = []
        while self.begin():
            done += self.end(end(self.block))
        return done
