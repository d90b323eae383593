"""How rows become final: the commands that say so, one for each outcome.

A block is final exactly once; where it is not stored, the reason is counted with it.
"""

from __future__ import annotations

from typing import TypedDict

from ..events import DeadLettered, Dropped, PossiblyStored, Settled, Spooled
from .accumulator import Block
from .commands import Finish, Outcome
from .parts import Parts

__all__ = ["dead_lettered", "dropped", "given_up", "possibly_stored", "stored"]


class RowsEnded(TypedDict):
    """What every notice of an end says: which rows, of which path, process and lane."""

    path: str
    rows: int
    first: int
    last: int
    life: str
    lane: int


def rows_ended(block: Block, parts: Parts) -> RowsEnded:
    """All rows of the block."""
    return RowsEnded(
        path=parts.path,
        rows=block.rows,
        first=block.first,
        last=block.last,
        life=parts.writer,
        lane=parts.serial,
    )


def stored(block: Block, parts: Parts, *, offset: int, created: str) -> Finish:
    """The block is in the current part, which was created at ``created``, its rows from ``offset``
    on."""
    notice = Settled(
        **rows_ended(block, parts),
        part=parts.name,
        created=created,
        offset=offset,
        length=len(block.data),
        crc=block.crc,
    )
    return Finish(Outcome.STORED, block.rows, "", notice, first=block.first)


def possibly_stored(block: Block, parts: Parts, *, reason: str) -> Finish:
    """It will never be known whether the block landed."""
    notice = PossiblyStored(
        **rows_ended(block, parts),
        part=parts.name,
        length=len(block.data),
        crc=block.crc,
        reason=reason,
    )
    return Finish(Outcome.POSSIBLY_STORED, block.rows, reason, notice, first=block.first)


def dead_lettered(block: Block, parts: Parts, *, reason: str) -> Finish:
    """The store never takes the block."""
    notice = DeadLettered(
        **rows_ended(block, parts),
        reason=reason,
    )
    return Finish(Outcome.DEAD_LETTERED, block.rows, reason, notice, block.data, block.first)


def dropped(block: Block, parts: Parts, *, reason: str) -> Finish:
    """The block was given up before it was sent, or surely did not land."""
    notice = Dropped(
        **rows_ended(block, parts),
        reason=reason,
    )
    return Finish(Outcome.DROPPED, block.rows, reason, notice, first=block.first)


def _spooled(block: Block, parts: Parts) -> Finish:
    """Another process goes on with the block: it is in the spool, with all that is known of it."""
    notice = Spooled(
        **rows_ended(block, parts),
    )
    return Finish(Outcome.SPOOLED, block.rows, "", notice, first=block.first)


def given_up(
    block: Block, parts: Parts, *, kept: bool | None, in_doubt: bool, reason: str
) -> Finish:
    """The block is left when the pipeline ends. ``kept``: it is in the spool; None: its write has
    not been answered, so another process may find it. ``in_doubt``: it may have landed."""
    if kept:
        return _spooled(block, parts)
    if in_doubt or kept is None:
        return possibly_stored(block, parts, reason=reason)
    return dropped(block, parts, reason=reason)
