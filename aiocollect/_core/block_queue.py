"""The blocks of the batch under way, in order: those that are not final yet.

A batch is one block until the store refuses it for its size; then it is halved. A lane holds one
batch at a time: all others wait in the backlog of its channel (_delivery/backlog.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .accumulator import Batch, Block
from .commands import Command, Finish, Release

__all__ = ["NO_BLOCKS", "BlockQueue"]


class BlockQueue:
    """Of ``batch``. False when all its blocks are final."""

    __slots__ = ("_batch", "_blocks")

    def __init__(self, batch: Batch | None = None) -> None:
        self._batch = batch
        self._blocks: tuple[Block, ...] = () if batch is None else (batch.block,)

    def __repr__(self) -> str:
        return f"<BlockQueue {len(self._blocks)} blocks, {self.rows} rows>"

    def __bool__(self) -> bool:
        return bool(self._blocks)

    @property
    def rows(self) -> int:
        """Rows that are not final."""
        return sum(block.rows for block in self._blocks)

    @property
    def born(self) -> float | None:
        """When the batch's first row was taken; None where there is no batch."""
        return self._batch.born if self._blocks and self._batch else None

    @property
    def first(self) -> Block:
        """The block under way."""
        return self._blocks[0]

    def halve(self) -> None:
        """Send the first half of the block alone; the other half comes after it."""
        self._blocks = (*self.first.halve(), *self._blocks[1:])

    def cut(self, rows: int) -> None:
        """Make the first ``rows`` rows of the block under way a block of their own."""
        if rows < self.first.rows:
            self._blocks = (*self.first.split(rows), *self._blocks[1:])

    def upto(self, last: int) -> bytes:
        """The bytes of the blocks up to the one that ends with the row ``last``."""
        return b"".join(block.data for block in self._blocks if block.last <= last)

    def end(self, finish: Finish) -> list[Command]:
        """The block under way is final, as ``finish`` says; if it was the last one, its batch is
        too."""
        assert self._batch is not None
        self._blocks = self._blocks[1:]
        return [finish] if self._blocks else [finish, Release(self._batch)]

    def end_all(self, finish: Callable[[Block], Finish]) -> list[Command]:
        """Every block is final, as ``finish`` says of each."""
        done: list[Command] = []
        while self._blocks:
            done += self.end(finish(self.first))
        return done


# Of all lanes that are idle, which are nearly all of them. Nothing is ever put into it.
NO_BLOCKS: Final = BlockQueue()
