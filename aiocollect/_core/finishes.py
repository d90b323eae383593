"""How rows become final: the commands that say so, one for each outcome.

A block is final exactly once; where it is not stored, the reason is counted with it.
"""

from __future__ import annotations

from ..events import DeadLettered, Dropped, PossiblyStored, Settled, Spooled
from .accumulator import Block
from .commands import Finish, Outcome
from .parts import Parts

__all__ = ["dead_lettered", "dropped", "possibly_stored", "spooled", "stored"]


def stored(block: Block, parts: Parts, *, offset: int) -> Finish:
    """The block stands in the current part, its rows from ``offset`` on."""
    notice = Settled(
        path=parts.path,
        part=parts.name,
        offset=offset,
        length=len(block.data),
        rows=block.rows,
        first=block.first,
        last=block.last,
        crc=block.crc,
    )
    return Finish(Outcome.STORED, block.rows, "", notice, first=block.first)


def possibly_stored(block: Block, parts: Parts, *, reason: str) -> Finish:
    """Nobody can say any more whether the block landed."""
    notice = PossiblyStored(
        path=parts.path,
        part=parts.name,
        rows=block.rows,
        first=block.first,
        last=block.last,
        reason=reason,
    )
    return Finish(Outcome.POSSIBLY_STORED, block.rows, reason, notice, first=block.first)


def dead_lettered(block: Block, parts: Parts, *, reason: str) -> Finish:
    """The store refuses the block for good."""
    notice = DeadLettered(
        path=parts.path, rows=block.rows, first=block.first, last=block.last, reason=reason
    )
    return Finish(Outcome.DEAD_LETTERED, block.rows, reason, notice, block.data, block.first)


def dropped(block: Block, parts: Parts, *, reason: str) -> Finish:
    """The block was given up, and surely did not land."""
    notice = Dropped(
        path=parts.path, rows=block.rows, first=block.first, last=block.last, reason=reason
    )
    return Finish(Outcome.DROPPED, block.rows, reason, notice, first=block.first)


def spooled(block: Block, parts: Parts) -> Finish:
    """The block is left to another life: it is in the spool, and whatever is known of it."""
    notice = Spooled(path=parts.path, rows=block.rows, first=block.first, last=block.last)
    return Finish(Outcome.SPOOLED, block.rows, "", notice, first=block.first)
