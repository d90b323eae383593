"""The accumulator: coalesces the encoded rows of one lane into batches.

A batch is open while rows are added to it, and frozen when it is sealed. Rows are never split, and
keep the order they came in. A lane numbers its rows 0, 1, 2 …, so the batches of a path and writer
form one sequence without gaps.
"""

from __future__ import annotations

from typing import Final

from .limits import BatchLimits
from .lines import Lines, OpenLines
from .ring import Account

__all__ = ["Accumulator", "Batch", "Block"]


class Block:
    """The rows that one append carries: a whole batch, or a part of a halved one. Immutable."""

    __slots__ = ("first", "lines")

    def __init__(self, lines: Lines, *, first: int) -> None:
        self.lines = lines
        self.first = first

    def __repr__(self) -> str:
        return f"<Block rows {self.first} to {self.last}, {self.lines.size} bytes>"

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self.lines.data

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return len(self.lines)

    @property
    def last(self) -> int:
        """The sequence number of its last row."""
        return self.first + len(self.lines) - 1

    @property
    def crc(self) -> int:
        """The CRC-32 of its bytes."""
        return self.lines.crc

    def halve(self) -> tuple[Block, Block]:
        """Two blocks of whole rows, in order. Needs at least two rows."""
        return self.split(self.rows // 2)

    def split(self, rows: int) -> tuple[Block, Block]:
        """The first ``rows`` rows, and the others. Both have some."""
        lines = self.lines
        return (
            Block(lines.cut(0, rows), first=self.first),
            Block(lines.cut(rows, len(lines)), first=self.first + rows),
        )

    def common(self, data: bytes) -> int:
        """With how many of this block's first rows ``data`` begins."""
        rows = end = 0
        for line in self.lines:
            if not data.startswith(line, end):
                break
            rows, end = rows + 1, end + len(line)
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


# Shared by all empty accumulators; nothing is ever added to it.
_NO_CHARGES: Final[dict[Account, int]] = {}


class Accumulator:
    """The open batch of one lane. ``kept``: its rows are in the spool; all of them, or none."""

    __slots__ = ("_charges", "_limits", "_next", "_open", "born", "kept", "rows", "size")

    def __init__(self, limits: BatchLimits) -> None:
        self._limits = limits
        self._next = 0
        self.kept = False
        self._empty()

    def __repr__(self) -> str:
        return f"<Accumulator {self.rows} rows, {self.size} bytes>"

    def _empty(self) -> None:
        # Most are empty at any time: what holds rows is made with the first row.
        self._open: OpenLines | None = None
        self._charges: dict[Account, int] = _NO_CHARGES
        self.rows = 0  # which wait to be sealed
        self.size = 0
        self.born = 0.0

    @property
    def next(self) -> int:
        """The number that the next row will have in its lane."""
        return self._next + self.rows

    def add(self, lines: Lines, *, account: Account, now: float) -> int:
        """Take as many of the lines as fit; returns how many. None fit: seal first."""
        if self._open is None:
            self._open, self._charges = OpenLines(self._limits.max_bytes), {}
            self.born = now
        taken = self._open.add(lines)
        self.rows += taken
        size = self._open.size
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

    def lines(self) -> Lines:
        """The rows that wait to be sealed. There must be some."""
        assert self._open is not None
        return self._open.lines()

    def let_go(self) -> tuple[int, int, int, float, tuple[tuple[Account, int], ...]]:
        """Forget the open batch, whose rows are on the disk too. Returns the first row's number,
        how many rows and bytes, and ``born`` and ``charges`` as of Batch. It must have a row."""
        assert self.rows, "internal error: an empty batch was let go of"
        gone = self._next, self.rows, self.size, self.born, tuple(self._charges.items())
        self._next += self.rows
        self._empty()
        return gone

    def seal(self, *, serial: int) -> Batch:
        """Freeze the open batch and begin the next one. There must be a row in it."""
        assert self._open is not None, "internal error: an empty batch was sealed"
        block = Block(self._open.close(), first=self._next)
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
