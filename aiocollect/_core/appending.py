"""The steps that follow on the answer to an append."""

from __future__ import annotations

from typing import Any

from ..errors import StoreError
from ..typing import Appended
from . import blind
from .commands import Command
from .finishes import dead_lettered
from .lane_data import LaneData, State
from .moves import hold, landed, next_block, read_back, replaced
from .place import Place

__all__ = ["on_appended", "on_full", "on_gone", "on_mismatch", "on_missing", "on_rejected"]


def on_appended(lane: LaneData, appended: Appended) -> list[Command]:
    """It landed."""
    lane.place.confirmed = True
    lane.place.see(appended.etag)
    lane.place.blocks = appended.blocks
    return landed(lane, appended.length)


def on_mismatch(lane: LaneData, error: StoreError) -> list[Command]:
    """The position or the ETag does not fit: whose append landed there?"""
    if lane.blind:
        return blind.on_mismatch(lane, error)
    lane.begin_doubt().code = error.code
    return read_back(lane)


def on_full(lane: LaneData, error: StoreError) -> list[Command]:
    """The part takes no more: was the last one that it took ours?"""
    if lane.blind:
        return blind.on_full(lane, error.code or "full")
    doubt = lane.begin_doubt()
    doubt.full, doubt.code = True, error.code or "full"
    return read_back(lane)


def on_missing(lane: LaneData, error: StoreError) -> list[Command]:
    """The blob is not there."""
    if lane.blind and not lane.place.confirmed:
        # It was never there: this credential may not create it. Nothing can have landed.
        lane.doubt = None
        lane.place = Place()
        code = lane.begin_retries().creation or error.code
        return hold(lane, code, then=State.CREATING)
    return replaced(lane)


def on_gone(lane: LaneData, _: Any) -> list[Command]:
    """The blob that rows were sent to is not there any more, or is another one."""
    return replaced(lane)


def on_rejected(lane: LaneData, error: StoreError) -> list[Command]:
    """Too large. An earlier attempt can still land, and then its half does not: so both are
    looked for. Without the right to read neither can be found."""
    block, doubt = lane.block, lane.doubt
    if doubt is not None:
        doubt.code = error.code
        if lane.blind:
            return hold(lane, error.code)
        if block.rows == 1:
            return hold(lane, error.code, then=State.READING)
        doubt.halved(block.last)
    if block.rows > 1:
        lane.blocks.halve()
        return next_block(lane)
    if not lane.sizes.explain(len(lane.body)):
        return hold(lane, error.code)
    finish = dead_lettered(block, lane.parts, reason=error.code)
    return [*lane.blocks.end(finish), *next_block(lane)]
