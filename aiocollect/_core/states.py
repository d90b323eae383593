"""The states of a lane: the theory of exactly-once appends, and the table that follows from it.

Theory
------
An append blob only grows, and every append carries the position it must land at. So for each
position at most one append ever lands, and once the length is beyond a position no attempt at it
can land any more: a request that the network delivers late does no harm. What remains is to find
out *whose* append landed where the answer is lost:

1. An answer other than 201 decides nothing. The same bytes go to the same position again
   (UNKNOWN -> BACKING_OFF -> APPENDING). The batch is *in doubt* from then on.
2. "Condition failed" (MISMATCH) and "takes no more" (FULL) are in doubt even on the first attempt:
   something between us and the store may have sent the request twice. The range is read back
   (READING), all of it, since a prefix may be common to two different batches.

   ===================  =====================================  ==================================
   length of the blob   after MISMATCH                         after FULL
   ===================  =====================================  ==================================
   beyond, equal bytes  it landed: settle                      it landed: settle, roll
   beyond, others       it never will: rebase to the length    it never will: roll, send again
   at the position      undecided: the same again              it did not land: roll, again [1]_
   below                an old view of it: look again          an old view of it: look again
   any, made anew       replaced: roll, send again             replaced: roll, send again
   ===================  =====================================  ==================================

   .. [1] Where the view shows the end as well, or has stood for five seconds: else it may be old.

   Equal bytes are proof only where nobody else can write the same bytes: in a shared blob every
   row carries an id, in a blob of our own nobody else writes. An append blob cannot shrink, so a
   length below the position is an old view; unless it stands for a minute, under an ETag that is
   none of ours: then somebody has emptied it (replaced).
3. Without the right to read (blind.py), the blob is our own, so a position that no longer fits can
   only have been moved by our own earlier attempt: it landed. An ETag that no longer fits says
   nothing by itself; the position is asked for alone. A blob of our own that turns FULL stays a
   doubt for ever: possibly stored.
4. While in doubt, no roll and no dead letter. A doubt ends with the blob it was about: a deleted
   blob holds nothing, and with If-Match no late append reaches its successor.
5. REFUSED (credential, container, lease, right, policy, and every code that is not known) needs an
   operator: HELD, the doubt kept, the alarm given once, nothing dropped. The service never reads
   rows, so no such answer is the fault of one. A refused creation says nothing about whether the
   blob stands: it is looked at before it is created again.
6. REJECTED is a refusal of this block's size. It is halved until the culprit stands alone; that row
   is dead-lettered, if other sizes are taken. In doubt both the whole and its half may land, at
   most one of them: the longest that is found there is the one (doubt.py). A lone row in doubt is
   held, and looked for.
7. Rows go behind a line end only: a part that ends within a line is somebody else's.
8. No way round without a growing wait, a bound and an alarm (retries.py): parts that take
   nothing, conditions that never hold, creations that are never seen, views that are always old.

A lane has at most one request in flight; the engine does not start another (the lane is muted).
GIVE_UP ends it at close: a block in doubt becomes possibly stored, all others are dropped.

``TABLE`` lists every legal pair of state and event, with the method of Lane that takes it. Any
other pair is our bug, and says so. ARCHITECTURE.md draws the same table; the simulation demands
that each of its pairs was met.
"""

from __future__ import annotations

import enum

from .commands import LaneEvent

__all__ = ["TABLE", "State"]


class State(enum.Enum):
    """What a lane is waiting for."""

    IDLE = "idle"  # a batch
    OPENING = "opening"  # what the part looks like
    CREATING = "creating"  # a part to be made
    APPENDING = "appending"  # the answer to an append
    READING = "reading"  # the range that an append may have filled
    BACKING_OFF = "backing_off"  # the timer, then the same again
    HELD = "held"  # the timer, and an operator
    CLOSED = "closed"  # nothing: given up

    # See commands.Event.
    __hash__ = object.__hash__


TABLE: dict[tuple[State, LaneEvent], str] = {
    (State.IDLE, LaneEvent.SUBMIT): "_on_submit",
    (State.OPENING, LaneEvent.OPENED): "_on_opened",
    (State.OPENING, LaneEvent.MISSING): "_on_open_missing",
    (State.OPENING, LaneEvent.WRONG_TYPE): "_on_open_wrong_type",
    (State.OPENING, LaneEvent.NO_RIGHT): "_on_open_no_right",
    (State.OPENING, LaneEvent.REFUSED): "_on_refused",
    (State.OPENING, LaneEvent.UNKNOWN): "_back_off",
    (State.OPENING, LaneEvent.GIVE_UP): "_give_up",
    (State.CREATING, LaneEvent.CREATED): "_on_created",
    (State.CREATING, LaneEvent.REFUSED): "_on_create_refused",
    (State.CREATING, LaneEvent.UNKNOWN): "_back_off",
    (State.CREATING, LaneEvent.GIVE_UP): "_give_up",
    (State.APPENDING, LaneEvent.APPENDED): "_on_appended",
    (State.APPENDING, LaneEvent.MISMATCH): "_on_mismatch",
    (State.APPENDING, LaneEvent.FULL): "_on_full",
    (State.APPENDING, LaneEvent.MISSING): "_on_append_missing",
    (State.APPENDING, LaneEvent.WRONG_TYPE): "_on_gone",
    (State.APPENDING, LaneEvent.REJECTED): "_on_rejected",
    (State.APPENDING, LaneEvent.REFUSED): "_on_refused",
    (State.APPENDING, LaneEvent.UNKNOWN): "_back_off",
    (State.APPENDING, LaneEvent.GIVE_UP): "_give_up",
    (State.READING, LaneEvent.RANGE): "_on_range",
    (State.READING, LaneEvent.MISSING): "_on_gone",
    (State.READING, LaneEvent.WRONG_TYPE): "_on_gone",
    (State.READING, LaneEvent.REFUSED): "_on_look_refused",
    (State.READING, LaneEvent.UNKNOWN): "_back_off",
    (State.READING, LaneEvent.GIVE_UP): "_give_up",
    (State.BACKING_OFF, LaneEvent.TIMER): "_on_timer",
    (State.BACKING_OFF, LaneEvent.GIVE_UP): "_give_up",
    (State.HELD, LaneEvent.TIMER): "_on_timer",
    (State.HELD, LaneEvent.GIVE_UP): "_give_up",
}
