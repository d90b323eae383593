"""The steps that follow on a look at what stands at a lane's position.

They are methods of Lane, which has them in a room of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import StoreError
from ..typing import Range
from .commands import Command
from .place import Place
from .retries import FULL_FOR, NOT_STALE
from .states import State
from .verdict import Verdict, ends_a_line, judge

if TYPE_CHECKING:
    from .lane import Lane


def on_range(lane: Lane, found: Range) -> list[Command]:
    place, doubt = lane.place, lane._doubt
    assert place.position is not None
    last = -1
    if doubt is not None:
        verdict, last = doubt.judge(found, lane.out, place=place, header=lane._header)
    else:
        verdict, _ = judge(found, position=place.position, bodies=(), created=place.created)
    sound = ends_a_line(found, start=max(0, place.position - 1))
    if verdict is Verdict.REPLACED:
        return lane._replaced()
    if verdict is Verdict.SHORTER:
        return lane._on_shorter(found)
    if doubt is None:
        return lane._on_end(found)
    if verdict is Verdict.LANDED:
        place.see(found.etag)
        place.blocks += 1
        return lane._landed(found.length, last=last, sound=sound)
    if verdict is Verdict.UNDECIDED and not doubt.full:
        # An attempt may be under way, or only the ETag has moved.
        place.see(found.etag)
        lane._wait().whole()
        return lane._undecided(doubt.code, State.APPENDING)
    undecided = verdict is Verdict.UNDECIDED and not found.ended
    if undecided and lane._wait().standing(lane._now) < FULL_FOR:
        return lane._again(lane._wait().looking(lane._chance))
    lane._doubt = None
    return lane._roll(doubt.code) if doubt.full else lane._rebase(found, sound, doubt.code)


def on_look_refused(lane: Lane, error: StoreError) -> list[Command]:
    """Nobody says what stands there; but the same again may land, which would end the doubt too."""
    then = State.APPENDING if lane.in_doubt else State.READING
    return lane._hold(error.code, then=then, wish=error.retry_after)


def on_end(lane: Lane, found: Range) -> list[Command]:
    """What stands before the position was looked at."""
    lane.place.sound = found.data.startswith(b"\n")
    return lane._next() if lane.place.sound else lane._roll("no_line_end")


def on_shorter(lane: Lane, found: Range) -> list[Command]:
    """An old view of the blob; or somebody has emptied it, which stays."""
    waits = lane._wait()
    waits.doubtful = True
    if lane.place.knows(found.etag):
        waits.whole()
    elif waits.standing(lane._now) >= NOT_STALE:
        return lane._replaced()
    return lane._undecided("StaleRead", State.READING)


def rebase(lane: Lane, found: Range, sound: bool | None, code: str) -> list[Command]:
    """Somebody else was first: go to the end that they left."""
    if lane.place.fresh or (lane._waits and lane._waits.doubtful):
        # They wrote the header, and it may not be ours.
        lane.place = Place()
        lane._wait().turned(code)
        return lane._next()
    lane.place.move(found, sound=sound)
    return lane._roll("no_line_end") if sound is False else lane._next()
