"""The steps by which a lane finds its part: it looks, creates, and walks on."""

from __future__ import annotations

from typing import Any

from ..errors import StoreError
from ..events import Resumed
from ..typing import Created, Opened
from . import blind
from .accumulator import Batch
from .block_queue import BlockQueue
from .commands import Command, Note
from .lane_data import LaneData, State
from .moves import begin_part, create, hold, look, next_block, read_back, roll
from .place import NO_ETAG

__all__ = [
    "on_create_refused",
    "on_created",
    "on_open_missing",
    "on_open_wrong_type",
    "on_opened",
    "on_rest",
    "on_submit",
]


def on_submit(lane: LaneData, batch: Batch) -> list[Command]:
    """There is a batch to send."""
    lane.blocks = BlockQueue(batch)
    if lane.doubt is not None and not lane.blind:
        # Another process's doubt: this one has asked nothing yet.
        return read_back(lane)
    if lane.place.crowded:
        # Sent to where it was at its last append, the block would be sent in vain.
        return read_back(lane)
    return next_block(lane)


def on_rest(lane: LaneData, _: Any) -> list[Command]:
    """No batch waits for it: so no alarm is left."""
    return list(lane.retries.rested()) if lane.retries else []


def on_opened(lane: LaneData, opened: Opened) -> list[Command]:
    """The part exists: it is this lane's, or the next one is looked at."""
    notes: list[Command] = []
    _learn(lane, missing=False)
    if lane.own_place is not None:  # the right to read has come
        lane.own_place = None
        notes.append(Note(Resumed(path=lane.parts.path, part=lane.parts.name)))
    lane.place.open(opened)
    objection = lane.parts.objection(opened)
    if opened.length and lane.place.sound and not opened.head.endswith(b"\n"):
        objection = objection or "no_line_end"
    return notes + (roll(lane, objection) if objection else next_block(lane))


def on_open_missing(lane: LaneData, _: Any) -> list[Command]:
    """The part does not exist."""
    if lane.place.made:  # created, and not there: an old view, or it comes and goes
        lane.place.made = False
        lane.begin_retries().turned("NotFoundAfterCreate")
        return begin_part(lane)
    _learn(lane, missing=True)
    return create(lane)


def on_open_wrong_type(lane: LaneData, _: Any) -> list[Command]:
    """The part is not an append blob."""
    return roll(lane, "wrong_type")


def on_created(lane: LaneData, created: Created | bool) -> list[Command]:
    """The part exists now; False: another writer was faster."""
    if not lane.blind:
        # Whoever made it: only a look gives its ETag and time, and shows what others wrote.
        if created is False:
            _learn(lane, missing=False)
        lane.place.made = True
        lane.place.confirmed = created is not False
        return look(lane)
    if created is False or (lane.retries and lane.retries.unsure):
        # Its ETag is unknown, or another creation of it is under way, which could replace it.
        return roll(lane, "creation_in_doubt")
    blind.start(lane, (created.etag or None) if isinstance(created, Created) else None)
    lane.place.confirmed = True
    return next_block(lane)


def on_create_refused(lane: LaneData, error: StoreError) -> list[Command]:
    """It can exist nevertheless: some credentials get this answer for a blob that exists."""
    retries = lane.begin_retries()
    if lane.blind:
        retries.creation = error.code
        blind.start(lane, NO_ETAG)  # the one look that is left
        return next_block(lane)
    if lane.own_place is not None:
        return blind.back_to_own(lane)
    if retries.creation:
        return hold(lane, error.code, then=State.OPENING, wish=error.retry_after)
    retries.creation = error.code
    return look(lane)


def _learn(lane: LaneData, *, missing: bool) -> None:
    """The first part was, or was not, there before this lane made it."""
    if not lane.parts.index and not lane.place.made:
        lane.firsts.missing = missing
