"""The steps by which a lane finds its part: it looks, creates, and walks on.

They are methods of Lane, which has them in a room of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import StoreError
from ..events import BlobReplaced, Resumed, Rolled
from ..typing import Created, Opened
from .commands import Command, Note
from .place import NO_ETAG, Place
from .states import State

if TYPE_CHECKING:
    from .lane import Lane


def on_submit(lane: Lane, _: Any) -> list[Command]:
    if lane.in_doubt and not lane.blind:  # another life's doubt: nothing was asked in this one
        lane.out.begin()
        return lane._read()
    return lane._next()


def on_opened(lane: Lane, opened: Opened) -> list[Command]:
    notes: list[Command] = []
    if lane._kept is not None:  # the right to read has come
        lane._kept = None
        notes.append(Note(Resumed(path=lane.parts.path, part=lane.parts.name)))
    lane.place.open(opened)
    objection = lane.parts.objection(opened)
    if opened.length and lane.place.sound and not opened.head.endswith(b"\n"):
        objection = objection or "no_line_end"
    return notes + (lane._roll(objection) if objection else lane._next())


def on_open_missing(lane: Lane, _: Any) -> list[Command]:
    if lane.place.made:  # by us or somebody else, and not there: an old view, or by turns
        lane.place.made = False
        lane._wait().turned("NotFoundAfterCreate")
        return lane._begin_part()
    return lane._create()


def on_open_wrong_type(lane: Lane, _: Any) -> list[Command]:
    return lane._roll("wrong_type")


def on_created(lane: Lane, created: Created | bool) -> list[Command]:
    if not lane.blind:
        # Whoever made it: only a look gives its ETag and time, and shows what others wrote.
        lane.place.made = True
        lane.place.confirmed = created is not False
        return lane._open()
    if created is False or (lane._waits and lane._waits.unsure):
        # Its ETag is unknown, or another creation of it is under way, which could make it anew.
        return lane._roll("creation_in_doubt")
    lane._start_blind((created.etag or None) if isinstance(created, Created) else None)
    lane.place.confirmed = True
    return lane._next()


def on_create_refused(lane: Lane, error: StoreError) -> list[Command]:
    """It may stand nevertheless: some credentials hear so about a blob that does."""
    waits = lane._wait()
    if lane.blind:
        waits.creation = error.code
        lane._start_blind(NO_ETAG)  # the one look that is left
        return lane._next()
    if lane._kept is not None:
        return lane._back_to_own()
    if waits.creation:
        return lane._hold(error.code, then=State.OPENING, wish=error.retry_after)
    waits.creation = error.code
    return lane._open()


def roll(lane: Lane, reason: str, *, landed: bool = False) -> list[Command]:
    """Go on to the next part, with whatever is not final yet; ``landed``: not in vain."""
    assert not lane.in_doubt, "our bug: a lane rolled while in doubt"
    place = lane.place
    empty = place.fresh or place.made
    if lane.state is State.CREATING or (empty and (place.confirmed or place.probing)):
        lane._wait().turned(reason)  # off a part that we made, and that took nothing
    elif not landed:
        lane._wait().walked()  # past one that stands there
    if landed and lane._look_at is not None:
        lane._look_at = lane._now
    if lane._waits:
        lane._waits.left()
    lane.parts.roll()
    lane.place = Place()
    note = Note(Rolled(path=lane.parts.path, part=lane.parts.name, reason=reason))
    return [note, *lane._next()]


def replaced(lane: Lane) -> list[Command]:
    """The blob is gone, and the doubt with it."""
    lane._doubt = None
    note = Note(BlobReplaced(path=lane.parts.path, part=lane.parts.name))
    return [note, *lane._roll("replaced")]


def on_gone(lane: Lane, _: Any) -> list[Command]:
    return lane._replaced()
