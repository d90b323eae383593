"""The steps that follow on a look at what is at a lane's position."""

from __future__ import annotations

from ..errors import StoreError
from ..typing import Range
from .commands import Command
from .lane_data import LaneData, State
from .moves import append, hold, landed, next_block, replaced, roll, undecided, wait
from .place import Place
from .retries import FULL_FOR, NOT_STALE
from .verdict import Sighting, ends_a_line, judge

__all__ = ["on_look_refused", "on_range"]


def on_range(lane: LaneData, found: Range) -> list[Command]:
    """What is there decides (states.py has the table of cases)."""
    place, doubt = lane.place, lane.doubt
    assert place.position is not None
    last = -1
    if doubt is not None:
        verdict, last = doubt.judge(found, lane.blocks, place=place, header=lane.header)
    else:
        verdict, _ = judge(found, position=place.position, bodies=(), created=place.created)
    sound = ends_a_line(found, start=max(0, place.position - 1))
    if verdict is Sighting.REPLACED:
        return replaced(lane)
    if verdict is Sighting.SHORTER:
        return _shorter(lane, found)
    if doubt is None:
        return _to_the_end(lane, found, sound)
    if verdict is Sighting.LANDED:
        place.see(found.etag)
        place.blocks += 1
        return landed(lane, found.length, last=last, sound=sound)
    if verdict is Sighting.UNDECIDED and not doubt.full:
        # An attempt can be under way, or only the ETag has changed.
        place.see(found.etag)
        lane.begin_retries().whole()
        return undecided(lane, doubt.code, State.APPENDING)
    if verdict is Sighting.UNDECIDED and not found.ended:
        retries = lane.begin_retries()
        if retries.standing(lane.now) < FULL_FOR:
            return wait(lane, retries.looking(lane.chance))
    lane.doubt = None
    return roll(lane, doubt.code) if doubt.full else _rebase(lane, found, sound, doubt.code)


def on_look_refused(lane: LaneData, error: StoreError) -> list[Command]:
    """It cannot be read; but the same append again may land, which would end the doubt too."""
    appendable = lane.doubt is not None or lane.place.sound
    then = State.APPENDING if appendable else State.READING
    return hold(lane, error.code, then=then, wish=error.retry_after)


def _to_the_end(lane: LaneData, found: Range, sound: bool | None) -> list[Command]:
    """Nothing of ours was sent: append behind what others wrote; rows only after a line end."""
    place = lane.place
    assert place.position is not None
    if place.crowded:
        grown = found.length > place.position
        # The first look brings it to where the part ended then; the next one, for the line end,
        # only to an end that it shows, so that the end is not chased for ever.
        if grown and (place.sound or sound is not None):
            place.move(found, sound=sound)
            return roll(lane, "no_line_end") if sound is False else next_block(lane)
        if not grown and place.sound:
            place.crowded = False
            place.see(found.etag)
    place.sound = found.data.startswith(b"\n")
    return append(lane) if place.sound else roll(lane, "no_line_end")


def _shorter(lane: LaneData, found: Range) -> list[Command]:
    """An old view of the blob; or it was emptied, which stays so."""
    retries = lane.begin_retries()
    retries.doubtful = True
    if lane.place.knows(found.etag):
        retries.whole()
    elif retries.standing(lane.now) >= NOT_STALE:
        return replaced(lane)
    return undecided(lane, "StaleRead", State.READING)


def _rebase(lane: LaneData, found: Range, sound: bool | None, code: str) -> list[Command]:
    """Another writer was first: go to the end of what it wrote."""
    if lane.place.fresh or (lane.retries and lane.retries.doubtful):
        # It wrote the header, which can be another one than this lane's.
        lane.place = Place()
        lane.begin_retries().turned(code)
        return next_block(lane)
    lane.place.move(found, sound=sound)
    return roll(lane, "no_line_end") if sound is False else next_block(lane)
