"""The step that ends a lane at close: everything that it holds becomes final."""

from __future__ import annotations

from .accumulator import Block
from .commands import Command, Finish, GiveUp
from .finishes import dropped, possibly_stored, spooled
from .lane_data import LaneData, State

__all__ = ["on_give_up"]


def on_give_up(lane: LaneData, left: GiveUp) -> list[Command]:
    """What is in doubt becomes possibly stored, all else is dropped; but not what is kept."""
    lane.state = State.CLOSED
    doubt, lane.doubt = lane.doubt, None
    sent = -1  # the last row that may have landed
    if doubt is not None and lane.out.begin():
        sent = doubt.last(lane.out)

    def end(block: Block) -> Finish:
        if left.kept(block):
            return spooled(block, lane.parts)
        finish = possibly_stored if block.first <= sent else dropped
        return finish(block, lane.parts, reason=left.reason)

    return lane.out.give_up(end)
