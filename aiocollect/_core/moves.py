"""The moves that several steps of a lane have in common: ask, wait, go on, leave a part.

A move brings the lane into its next state and returns what is to be done. Steps (finding.py,
appending.py, readback.py, blind.py) end in one of them.
"""

from __future__ import annotations

from typing import Any

from ..errors import StoreError
from ..events import BlobReplaced, Rolled
from .block_queue import NO_BLOCKS
from .commands import Answer, Append, Command, Create, Note, Open, Read, Wait
from .finishes import stored
from .lane_data import LaneData, State
from .place import Place
from .verdict import CROWD, OVERLOOK

__all__ = [
    "append",
    "begin_part",
    "create",
    "hold",
    "landed",
    "look",
    "next_block",
    "on_refused",
    "on_timer",
    "on_unknown",
    "read_back",
    "replaced",
    "roll",
    "undecided",
    "wait",
]


# Requests -------------------------------------------------------------------------------------


def look(lane: LaneData) -> list[Command]:
    """Ask what the part looks like."""
    lane.state = State.OPENING
    return [Open(lane.parts.name, lane.parts.head)]


def create(lane: LaneData) -> list[Command]:
    """Have the part made."""
    lane.state = State.CREATING
    return [Create(lane.parts.name)]


def append(lane: LaneData) -> list[Command]:
    """Send the block under way to the position."""
    place = lane.place
    assert place.position is not None
    lane.state = State.APPENDING
    return [Append(lane.parts.name, lane.body, place.position, place.etag)]


def read_back(lane: LaneData) -> list[Command]:
    """Look at what is at the position. Without a doubt: whether a line ends there, and
    in a crowd what others have appended since."""
    position = lane.place.position
    assert position is not None
    lane.state = State.READING
    # From one byte before: a range that starts at a blob's end is an error to some servers.
    start = max(0, position - 1)
    length = position - start
    if lane.doubt is not None:
        length += lane.doubt.longest(lane.blocks, lane.header) + OVERLOOK
    elif lane.place.crowded:
        length += CROWD
    return [Read(lane.parts.name, start, length)]


# Going on -------------------------------------------------------------------------------------


def next_block(lane: LaneData) -> list[Command]:
    """Go on with the next block, in this part or the next one; without one, be idle."""
    if not lane.blocks:
        lane.blocks = NO_BLOCKS
        lane.state = State.IDLE
        return []
    if lane.look_at is not None and lane.now >= lane.look_at:
        return _look_for_the_right(lane)
    if lane.place.position is None:
        return begin_part(lane)
    return append(lane) if lane.place.sound else read_back(lane)


def begin_part(lane: LaneData) -> list[Command]:
    """Look at the part; make it, where that is not allowed, or where the latest path was new too.
    First the wait that is owed."""
    if lane.retries and lane.retries.owed:
        return hold(lane, lane.retries.owed, then=State.CREATING if lane.blind else State.OPENING)
    # A lane that has met anything looks: the bounds of its ways are those of looking first.
    new = lane.firsts.missing and not lane.parts.index and lane.retries is None
    return create(lane) if lane.blind or new else look(lane)


def _look_for_the_right(lane: LaneData) -> list[Command]:
    """See whether the right to read is there now: then the lane shares blobs again."""
    lane.own_place, lane.place = lane.place, Place()
    lane.look_at = None
    lane.parts.turn(own=False)
    lane.blind = False
    return look(lane)


def roll(lane: LaneData, reason: str, *, landed: bool = False) -> list[Command]:
    """Go on in the next part with what is not final yet. ``landed``: a block landed in this one."""
    assert lane.doubt is None, "internal error: a lane rolled while in doubt"
    place = lane.place
    empty = place.fresh or place.made
    if lane.state is State.CREATING or (empty and (place.confirmed or place.probing)):
        lane.begin_retries().turned(reason)  # off a part that we made, and that took nothing
    elif not landed:
        lane.begin_retries().walked()  # past a part that exists
    if landed and lane.look_at is not None:
        lane.look_at = lane.now
    if lane.retries:
        lane.retries.left()
    lane.parts.roll()
    lane.place = Place()
    note = Note(Rolled(path=lane.parts.path, part=lane.parts.name, reason=reason))
    return [note, *next_block(lane)]


def replaced(lane: LaneData) -> list[Command]:
    """The blob is gone, and the doubt with it."""
    lane.doubt = None
    note = Note(BlobReplaced(path=lane.parts.path, part=lane.parts.name))
    return [note, *roll(lane, "replaced")]


def landed(
    lane: LaneData, length: int, *, last: int | None = None, sound: bool | None = True
) -> list[Command]:
    """The rows up to ``last`` (mostly the block under way) are in the blob, which is ``length``
    bytes long now. ``sound``: whether a line ends there; None: unknown."""
    place, doubt, blocks = lane.place, lane.doubt, lane.blocks
    assert place.position is not None
    done: list[Command] = []
    if lane.retries:
        done += lane.retries.rested()
        lane.retries = None
    offset = place.position + len(lane.header)
    lane.sizes.landed(len(lane.body))
    last = lane.block.last if last is None else last
    reached = -1
    while reached < last:
        block = blocks.first
        done += blocks.end(stored(block, lane.parts, offset=offset, created=place.created))
        offset += len(block.data)
        reached = block.last
    lane.doubt = None
    place.position = length
    place.sound = bool(sound)
    reason = doubt.code if doubt and doubt.full else "no_line_end" if sound is False else ""
    reason = reason or lane.parts.full(length=length, blocks=place.blocks)
    return done + (roll(lane, reason, landed=True) if reason else next_block(lane))


# Waiting --------------------------------------------------------------------------------------


def wait(
    lane: LaneData, seconds: float, *, then: State | None = None, held: bool = False
) -> list[Command]:
    """Wait, and then do what the lane was doing, or ``then``."""
    lane.resume = then or lane.state
    lane.state = State.HELD if held else State.BACKING_OFF
    return [Wait(seconds)]


def hold(
    lane: LaneData, code: str, *, then: State | None = None, wish: float | None = None
) -> list[Command]:
    """Wait for an operator, and then try the same again, or go on with ``then``."""
    seconds, notes = lane.begin_retries().refused(code, lane.chance, wish=wish)
    return [*notes, *wait(lane, seconds, then=then, held=True)]


def undecided(lane: LaneData, code: str, then: State) -> list[Command]:
    """A look has shown nothing new: go on with ``then``, after a wait."""
    retries = lane.begin_retries()
    seconds, notes = retries.undecided(code, lane.chance)
    return [*notes, *wait(lane, seconds, then=then, held=bool(retries.alarm))]


def on_unknown(lane: LaneData, answer: Answer) -> list[Command]:
    """Nothing is decided: the same again, after a wait. What was sent is in doubt from now on."""
    if lane.state is State.APPENDING and not lane.place.probing:
        lane.begin_doubt()
    if lane.state is State.CREATING and lane.blind:
        lane.begin_retries().unsure = True
    seconds, notes = lane.begin_retries().unanswered(lane.chance, answer)
    return [*notes, *wait(lane, seconds)]


def on_refused(lane: LaneData, error: StoreError) -> list[Command]:
    """An operator must act; then the same again."""
    return hold(lane, error.code, wish=error.retry_after)


def on_timer(lane: LaneData, _: Any) -> list[Command]:
    """The wait is over."""
    return _AFTER_A_WAIT[lane.resume](lane)


_AFTER_A_WAIT = {
    State.OPENING: look,
    State.CREATING: create,
    State.APPENDING: append,
    State.READING: read_back,
}
