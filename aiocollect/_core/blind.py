"""The steps of a lane without the right to read: in a blob of its own, by conditions alone.

- An append carries its position, and the ETag that the creation or the append before it answered.
- A part is used only if its one creation was answered. A creation that is still on its way could
  make the blob again after a deletion, and an append that is late too could land there.
- Whether a blob exists whose creation was refused is found out by an append that cannot land.
- The right to read is asked for again and again: it can come late.
"""

from __future__ import annotations

from typing import Any, Final

from ..errors import StoreError
from ..events import WriterTurnedOwn
from .commands import Command, Note
from .finishes import possibly_stored
from .lane_data import LaneData
from .moves import append, begin_part, landed, next_block, roll
from .place import Place

__all__ = ["back_to_own", "on_full", "on_mismatch", "on_open_no_right", "start"]

# If-Match can be answered by any other 412; this code is about the length alone.
POSITION: Final = "AppendPositionConditionNotMet"
# After so many seconds a right that was given late is found: role assignments take minutes.
LOOK_AGAIN: Final = 600.0


def on_open_no_right(lane: LaneData, _: Any) -> list[Command]:
    """The lane may not read: from now on it writes to blobs of its own."""
    lane.blind = True
    lane.firsts.missing = False  # a lane must know that it may read before it makes a shared part
    if lane.own_place is not None:
        return back_to_own(lane)
    notes: list[Command] = []
    if not lane.parts.own:
        lane.parts.turn(own=True)
        lane.look_at = lane.now + LOOK_AGAIN
        notes.append(Note(WriterTurnedOwn(path=lane.parts.path, part=lane.parts.name)))
    return notes + begin_part(lane)


def start(lane: LaneData, etag: str | None) -> None:
    """At the beginning of a part that was made, or may be there (NO_ETAG)."""
    lane.place = Place(position=0, etag=etag)


def back_to_own(lane: LaneData) -> list[Command]:
    """The right to read has not come: go on in the lane's own blobs."""
    assert lane.own_place is not None
    lane.place, lane.own_place = lane.own_place, None
    lane.look_at = lane.now + LOOK_AGAIN
    lane.parts.turn(own=True)
    lane.blind = True
    return next_block(lane)


def on_mismatch(lane: LaneData, error: StoreError) -> list[Command]:
    """The ETag or the position does not fit."""
    place = lane.place
    assert place.position is not None
    if place.probing:  # the blob exists, and its ETag is unknown
        return roll(lane, "creation_in_doubt")
    lane.begin_doubt()
    by_etag, place.etag = place.etag is not None and error.code != POSITION, None
    if by_etag:
        # The ETag has changed: by an earlier attempt, by metadata, or because the blob was
        # deleted. Only the position decides; a blob that replaced it may get these rows too.
        return append(lane)
    place.confirmed = True
    place.blocks += 1
    return landed(lane, place.position + len(lane.body))


def on_full(lane: LaneData, code: str) -> list[Command]:
    """A blob that may not be read takes no more: what it holds will never be known."""
    done: list[Command] = []
    if not lane.place.probing:
        done = lane.blocks.end(possibly_stored(lane.block, lane.parts, reason=code))
    lane.doubt = None
    return done + roll(lane, code)
