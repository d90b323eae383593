"""When a batch is full, when a part is, and how long rows may linger.

A part ends at 49,000 blocks or the size limit (Limits in options.py): the service refuses the
50,001st block (Append Block, "Remarks"), and other writers may be on their way.
"""

from __future__ import annotations

__all__ = ["BatchLimits", "BlockSizes", "PartLimits"]


class BatchLimits:
    """``max_bytes`` of one block, and the ``linger`` in seconds before it is sealed anyway."""

    __slots__ = ("_stretch_blocks", "linger", "max_bytes")

    def __init__(self, *, max_bytes: int, linger: float, max_blocks: int) -> None:
        self.max_bytes = max_bytes
        self.linger = linger
        # A day of 86,400 s at one block per 2 s takes 43,200 blocks. Several writers on one blob
        # take as many each, so the linger grows with the blocks that the path has used: sixteen
        # writers then need 3 parts a day instead of 14.
        self._stretch_blocks = max(1, max_blocks // 4)

    def fits(self, held: int, more: int) -> bool:
        """Whether ``more`` bytes go with ``held`` ones. The first row always fits."""
        return held == 0 or held + more <= self.max_bytes

    def deadline(self, born: float, *, blocks_used: int, last_fill: int) -> float:
        """When a batch born at ``born`` is sealed. ``last_fill``: of the last block, in percent."""
        if last_fill >= 50:
            return born + self.linger
        return born + self.linger * (1 + blocks_used / self._stretch_blocks)


class PartLimits:
    """``max_blocks`` and ``max_bytes`` of one part."""

    __slots__ = ("max_blocks", "max_bytes")

    def __init__(self, *, max_blocks: int, max_bytes: int) -> None:
        self.max_blocks = max_blocks
        self.max_bytes = max_bytes

    def full(self, *, length: int, blocks: int) -> bool:
        """Whether this lane appends no more to a part of this length and block count."""
        return blocks >= self.max_blocks or length >= self.max_bytes


# In bytes: every service and every proxy takes blocks of this size. So a refused block above it can
# be too large.
ANYBODY_TAKES = 64 * 1024


class BlockSizes:
    """The largest block that a store has taken: whether it refuses a block for its size, or refuses
    all. A proxy that answers 413 to everything must not cost a row.
    """

    __slots__ = ("_largest",)

    def __init__(self) -> None:
        self._largest = 0

    def __repr__(self) -> str:
        return f"<BlockSizes up to {self._largest} bytes>"

    def landed(self, size: int) -> None:
        """A block of this size was taken."""
        self._largest = max(self._largest, size)

    def explain(self, size: int) -> bool:
        """Whether a block is refused for its size: none as large was ever taken, and it is above
        64 KiB, or more than twice the largest that was."""
        large = size > ANYBODY_TAKES or 0 < self._largest < size / 2
        return large and size > self._largest
