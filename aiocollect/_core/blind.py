"""The steps of a lane without the right to read: in a blob of its own, by conditions alone.

They are methods of Lane, which has them in a room of their own. What holds here:

- An append carries its position, and the ETag that the creation or the append before it answered.
- A part is used only where its one creation was answered: one that is still on its way could make
  the blob anew after a deletion, under an append that is late too.
- Whether a refused creation means that the blob stands is found out by an append that cannot land.
- The right to read is looked for again and again: it may only be late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..errors import StoreError
from ..events import WriterTurnedOwn
from .commands import Command, Note
from .finishes import possibly_stored
from .place import Place

if TYPE_CHECKING:
    from .lane import Lane

# The answer to If-Match may be any other 412; this one speaks of the length alone.
POSITION: Final = "AppendPositionConditionNotMet"
# A right that is given late is found after so long at most: role assignments take minutes.
LOOK_AGAIN: Final = 600.0


def on_open_no_right(lane: Lane, _: Any) -> list[Command]:
    lane.blind = True
    if lane._kept is not None:
        return lane._back_to_own()
    notes: list[Command] = []
    if not lane.parts.own:
        lane.parts.turn(own=True)
        lane._look_at = lane._now + LOOK_AGAIN
        notes.append(Note(WriterTurnedOwn(path=lane.parts.path, part=lane.parts.name)))
    return notes + lane._begin_part()


def start_blind(lane: Lane, etag: str | None) -> None:
    lane.place = Place(position=0, etag=etag)


def look_again(lane: Lane) -> list[Command]:
    """See whether the right to read is there now, and share again."""
    lane._kept, lane.place = lane.place, Place()
    lane._look_at = None
    lane.parts.turn(own=False)
    lane.blind = False
    return lane._open()


def back_to_own(lane: Lane) -> list[Command]:
    assert lane._kept is not None
    lane.place, lane._kept = lane._kept, None
    lane._look_at = lane._now + LOOK_AGAIN
    lane.parts.turn(own=True)
    lane.blind = True
    return lane._next()


def on_blind_mismatch(lane: Lane, error: StoreError) -> list[Command]:
    place = lane.place
    assert place.position is not None
    if place.probing:  # it stands, and nobody can say what its ETag is
        return lane._roll("creation_in_doubt")
    lane._begin_doubt()
    by_etag, place.etag = place.etag is not None and error.code != POSITION, None
    if by_etag:
        # The ETag moved: by an attempt of ours, by others' metadata, or by its end. The
        # position alone tells, and a blob made anew may have these rows as well.
        return lane._append()
    place.confirmed = True
    place.blocks += 1
    return lane._landed(place.position + len(lane._body()))


def on_blind_full(lane: Lane, code: str) -> list[Command]:
    """A blob that may not be read takes no more: nobody can say what it holds."""
    done: list[Command] = []
    if not lane.place.probing:
        done = lane.out.end(possibly_stored(lane.out.block, lane.parts, reason=code))
    lane._doubt = None
    return done + lane._roll(code)
