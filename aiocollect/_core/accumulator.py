"""The accumulator: coalesces the encoded rows of one lane into batches.

A batch is open while rows are added to it, and frozen when it is sealed. Rows are never split, and
keep the order they came in. A lane numbers its rows 0, 1, 2 …, so the batches of a path and writer
form one sequence without gaps.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final
from zlib import crc32

from .limits import BatchLimits
from .ring import Account

__all__ = ["Accumulator", "Batch", "Block"]


class Block:
    """The rows that one append carries: a whole batch, or a part of a halved one. Immutable."""

    __slots__ = ("_lengths", "data", "first")

    def __init__(self, data: bytes, *, lengths: array[int], first: int) -> None:
        self.data = data
        self._lengths = lengths
        self.first = first

    def __repr__(self) -> str:
        return f"<Block rows {self.first} to {self.last}, {len(self.data)} bytes>"

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return len(self._lengths)

    @property
    def lengths(self) -> array[int]:
        """The bytes of each row."""
        return self._lengths

    @property
    def last(self) -> int:
        """The sequence number of its last row."""
        return self.first + len(self._lengths) - 1

    @property
    def crc(self) -> int:
        """The CRC-32 of its bytes."""
        return crc32(self.data)

    def halve(self) -> tuple[Block, Block]:
        """Two blocks of whole rows, in order. Needs at least two rows."""
        return self.split(len(self._lengths) // 2)

    def split(self, rows: int) -> tuple[Block, Block]:
        """The first ``rows`` rows, and the others. Both have some."""
        cut = sum(self._lengths[:rows])
        return (
            Block(self.data[:cut], lengths=self._lengths[:rows], first=self.first),
            Block(self.data[cut:], lengths=self._lengths[rows:], first=self.first + rows),
        )

    def common(self, data: bytes) -> int:
        """With how many of this block's first rows ``data`` begins."""
        rows = end = 0
        for length in self._lengths:
            if data[end : end + length] != self.data[end : end + length]:
                break
            rows, end = rows + 1, end + length
        return rows


class Batch:
    """A sealed run of rows of one lane. Becomes final exactly once, block by block.

    ``serial`` orders the batches of a pipeline by sealing, ``born`` is when its first row was
    taken, ``charges`` are the bytes that each account holds for it. ``kept``: its rows are in the
    spool.
    """

    __slots__ = ("block", "born", "charges", "kept", "serial")

    def __init__(
        self,
        block: Block,
        *,
        serial: int,
        born: float,
        charges: tuple[tuple[Account, int], ...],
        kept: bool = False,
    ) -> None:
        self.block = block
        self.serial = serial
        self.born = born
        self.charges = charges
        self.kept = kept

    def __repr__(self) -> str:
        return f"<Batch {self.serial}: {self.block!r}>"


# Shared by all empty accumulators; nothing is ever added to these.
_NO_LINES: Final[list[bytes]] = []
_NO_LENGTHS: Final[array[int]] = array("I")
_NO_CHARGES: Final[dict[Account, int]] = {}


class Accumulator:
    """The open batch of one lane. ``kept``: its rows are in the spool; all of them, or none."""

    __slots__ = ("_charges", "_lengths", "_limits", "_lines", "_next", "born", "kept", "size")

    def __init__(self, limits: BatchLimits) -> None:
        self._limits = limits
        self._next = 0
        self.kept = False
        self._empty()

    def __repr__(self) -> str:
        return f"<Accumulator {self.rows} rows, {self.size} bytes>"

    def _empty(self) -> None:
        # Most are empty at any time: lists for rows are made with the first row.
        self._lines: list[bytes] = _NO_LINES
        self._lengths: array[int] = _NO_LENGTHS
        self._charges: dict[Account, int] = _NO_CHARGES
        self.size = 0
        self.born = 0.0

    def _begin(self, now: float) -> None:
        self._lines, self._lengths, self._charges = [], array("I"), {}
        self.born = now

    @property
    def rows(self) -> int:
        """How many rows wait to be sealed."""
        return len(self._lines)

    @property
    def lines(self) -> list[bytes]:
        """The rows that wait to be sealed. Do not change the list."""
        return self._lines

    @property
    def next(self) -> int:
        """The number that the next row will have in its lane."""
        return self._next + len(self._lines)

    def add(self, lines: Sequence[bytes], *, account: Account, now: float) -> int:
        """Take as many of the lines as fit; returns how many. None fit: seal first."""
        if not self._lines:
            self._begin(now)
        size, limits = self.size + sum(map(len, lines)), self._limits
        fitting, taken = lines, len(lines)
        if size > limits.max_bytes:
            size, taken = self.size, 0
            for line in lines:
                if not limits.fits(size, len(line)):
                    break
                size += len(line)
                taken += 1
            fitting = lines[:taken]
        self._lines += fitting
        self._lengths.extend(map(len, fitting))
        self._charges[account] = self._charges.get(account, 0) + size - self.size
        self.size = size
        return taken

    def bear(self, cost: int, *, account: Account) -> None:
        """Charge something besides the rows with the open batch, in bytes."""
        self._charges[account] = self._charges.get(account, 0) + cost

    def deadline(self, *, blocks_used: int, last_fill: int) -> float:
        """When the open batch is to be sealed, full or not."""
        return self._limits.deadline(self.born, blocks_used=blocks_used, last_fill=last_fill)

    @property
    def fill(self) -> int:
        """How full the open batch is, in percent; above 100 with a row above the limit."""
        return 100 * self.size // self._limits.max_bytes

    def let_go(self) -> tuple[int, int, int, float, tuple[tuple[Account, int], ...]]:
        """Forget the open batch, whose rows are on the disk too. Returns the first row's number,
        how many rows and bytes, and ``born`` and ``charges`` as of Batch. It must have a row."""
        assert self._lines, "internal error: an empty batch was let go of"
        gone = self._next, self.rows, self.size, self.born, tuple(self._charges.items())
        self._next += self.rows
        self._empty()
        return gone

    def seal(self, *, serial: int) -> Batch:
        """Freeze the open batch and begin the next one. There must be a row in it."""
        assert self._lines, "internal error: an empty batch was sealed"
        block = Block(b"".join(self._lines), lengths=self._lengths, first=self._next)
        batch = Batch(
            block,
            serial=serial,
            born=self.born,
            charges=tuple(self._charges.items()),
            kept=self.kept,
        )
        self._next += block.rows
        self._empty()
        return batch
