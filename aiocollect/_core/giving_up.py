"""The step that ends a lane at close: all that it holds becomes final."""

from __future__ import annotations

from .accumulator import Block
from .block_queue import NO_BLOCKS
from .commands import Command, Finish, GiveUp
from .finishes import given_up
from .lane_data import LaneData, State

__all__ = ["on_give_up"]


def on_give_up(lane: LaneData, left: GiveUp) -> list[Command]:
    """The deadline has passed, or the pipeline ends."""
    blocks, doubt = lane.blocks, lane.doubt
    sent = doubt.last(blocks) if doubt else -1  # the last row that may have landed

    def end(block: Block) -> Finish:
        kept, in_doubt = left.kept(block), block.first <= sent
        return given_up(block, lane.parts, kept=kept, in_doubt=in_doubt, reason=left.reason)

    lane.state, lane.doubt, lane.blocks = State.CLOSED, None, NO_BLOCKS
    return blocks.end_all(end)
