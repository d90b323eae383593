"""The states of a lane: the theory of exactly-once appends, and the table that follows from it.

Theory
------
An append blob only grows, and every append carries the position it must land at. So at most one
append ever lands at a position, and once the blob is longer than that, no attempt at the position
can land any more: a request that the network delivers late does no harm. What remains is to find
out *whose* append landed when the answer is lost:

1. An answer other than 201 decides nothing. The same bytes go to the same position again
   (UNKNOWN -> BACKING_OFF -> APPENDING). The batch is *in doubt* from then on.
2. "Condition failed" (MISMATCH) and "takes no more" (FULL) leave a doubt even on the first attempt:
   something on the way can have sent the request twice. The range is read back (READING), all of
   it, since two different batches can have a prefix in common.

   ===================  =====================================  ==================================
   length of the blob   after MISMATCH                         after FULL
   ===================  =====================================  ==================================
   beyond, equal bytes  it landed: settle                      it landed: settle, roll
   beyond, others       it never will: rebase to the length    it never will: roll, send again
   at the position      undecided: the same again              it did not land: roll, again [1]_
   below                an old view of it: look again          an old view of it: look again
   any, another blob    replaced: roll, send again             replaced: roll, send again
   ===================  =====================================  ==================================

   .. [1] If the view shows the end too, or is the same for five seconds; else it can be an old one.

   Equal bytes are proof only if no other writer can write the same bytes: in a shared blob every
   row carries an id; to a lane's own blob no other writer appends. An append blob cannot shrink, so
   a length below the position is an old view; unless it stays so for a minute, with an ETag that
   this lane never saw: then the blob was emptied (replaced).
   In a part that others append to, a lane looks where it ends before it sends anything (``crowded``
   in place.py). Nothing is in doubt then, so it may go to any later position, behind a line end.
3. Without the right to read (blind.py) the blob is the lane's own. So if the position does not fit
   any more, the lane's own earlier attempt has moved it: it landed. An ETag that does not fit says
   nothing by itself; the append is repeated with the position alone. A blob of its own that turns
   FULL stays in doubt for ever: possibly stored.
4. In doubt a lane neither rolls nor gives up a row as a dead letter. A doubt ends with its blob: a
   deleted blob holds nothing, and with If-Match no late append reaches its successor.
5. REFUSED (credential, container, lease, right, policy, and every unknown code) needs an operator:
   HELD, the doubt kept, the alarm given once, nothing dropped. The service never reads rows, so
   such an answer is never the fault of a row. A refused creation does not say whether the blob
   exists: the lane looks before it creates it again.
6. REJECTED is a refusal of this block's size. The block is halved until the row at fault is alone;
   that row becomes a dead letter, if the store takes other sizes. In doubt the whole block and its
   half can both land, but only one of them: the longest that is found is the one (doubt.py). A
   single row in doubt is held, and looked for.
7. Rows are appended only after a line end: a part that ends within a line was left so by others.
8. No cycle without a growing wait, a bound and an alarm (retries.py): parts that take nothing,
   conditions that never hold, creations that never show, views that are always old.

A lane has at most one batch, and one request in flight; no other is started (the lane is muted).
GIVE_UP ends it at close: a block in doubt becomes possibly stored; the others are left to the
spool, or dropped.

``TABLE`` lists every legal pair of state and event, with the step that takes it and the states that
it may lead to. Any other pair or next state raises "internal error": it is a bug. ARCHITECTURE.md
draws the table; the simulation demands that each of its pairs and next states was met.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from . import appending, blind, finding, readback
from .commands import Command, LaneEvent
from .giving_up import on_give_up
from .lane_data import LaneData, State
from .moves import on_refused, on_timer, on_unknown

__all__ = ["TABLE", "State", "Transition"]


class Transition(NamedTuple):
    """``step`` takes the event, with its answer, and leaves the lane in one of ``next``."""

    step: Callable[[LaneData, Any], list[Command]]
    next: frozenset[State]


def _to(step: Callable[[LaneData, Any], list[Command]], *states: State) -> Transition:
    return Transition(step, frozenset(states))


_IDLE, _OPENING, _CREATING = State.IDLE, State.OPENING, State.CREATING
_APPENDING, _READING = State.APPENDING, State.READING
_BACKING_OFF, _HELD, _CLOSED = State.BACKING_OFF, State.HELD, State.CLOSED
_UNKNOWN = _to(on_unknown, _BACKING_OFF)
_REFUSED = _to(on_refused, _HELD)
_GIVE_UP = _to(on_give_up, _CLOSED)
_TIMER = _to(on_timer, _OPENING, _CREATING, _APPENDING, _READING)

# Leaving a part leads to a look at the next one or, without the right to read, to its creation; and
# by way of HELD, where that is owed a wait.
TABLE: dict[tuple[State, LaneEvent], Transition] = {
    (_IDLE, LaneEvent.SUBMIT): _to(
        finding.on_submit, _OPENING, _CREATING, _APPENDING, _READING, _HELD
    ),
    (_IDLE, LaneEvent.REST): _to(finding.on_rest, _IDLE),
    (_OPENING, LaneEvent.OPENED): _to(finding.on_opened, _OPENING, _APPENDING, _READING, _HELD),
    (_OPENING, LaneEvent.MISSING): _to(finding.on_open_missing, _OPENING, _CREATING, _HELD),
    (_OPENING, LaneEvent.WRONG_TYPE): _to(finding.on_open_wrong_type, _OPENING, _HELD),
    (_OPENING, LaneEvent.NO_RIGHT): _to(blind.on_open_no_right, _CREATING, _APPENDING, _HELD),
    (_OPENING, LaneEvent.REFUSED): _REFUSED,
    (_OPENING, LaneEvent.UNKNOWN): _UNKNOWN,
    (_OPENING, LaneEvent.GIVE_UP): _GIVE_UP,
    (_CREATING, LaneEvent.CREATED): _to(finding.on_created, _OPENING, _CREATING, _APPENDING, _HELD),
    (_CREATING, LaneEvent.REFUSED): _to(
        finding.on_create_refused, _OPENING, _CREATING, _APPENDING, _HELD
    ),
    (_CREATING, LaneEvent.UNKNOWN): _UNKNOWN,
    (_CREATING, LaneEvent.GIVE_UP): _GIVE_UP,
    (_APPENDING, LaneEvent.APPENDED): _to(
        appending.on_appended, _IDLE, _OPENING, _CREATING, _APPENDING
    ),
    (_APPENDING, LaneEvent.MISMATCH): _to(
        appending.on_mismatch, _IDLE, _OPENING, _CREATING, _APPENDING, _READING, _HELD
    ),
    (_APPENDING, LaneEvent.FULL): _to(
        appending.on_full, _IDLE, _OPENING, _CREATING, _READING, _HELD
    ),
    (_APPENDING, LaneEvent.MISSING): _to(appending.on_missing, _OPENING, _CREATING, _HELD),
    (_APPENDING, LaneEvent.WRONG_TYPE): _to(appending.on_gone, _OPENING, _CREATING, _HELD),
    (_APPENDING, LaneEvent.REJECTED): _to(
        appending.on_rejected, _IDLE, _OPENING, _APPENDING, _HELD
    ),
    (_APPENDING, LaneEvent.REFUSED): _REFUSED,
    (_APPENDING, LaneEvent.UNKNOWN): _UNKNOWN,
    (_APPENDING, LaneEvent.GIVE_UP): _GIVE_UP,
    (_READING, LaneEvent.RANGE): _to(
        readback.on_range, _IDLE, _OPENING, _APPENDING, _READING, _BACKING_OFF, _HELD
    ),
    (_READING, LaneEvent.MISSING): _to(appending.on_gone, _OPENING, _HELD),
    (_READING, LaneEvent.WRONG_TYPE): _to(appending.on_gone, _OPENING, _HELD),
    (_READING, LaneEvent.REFUSED): _to(readback.on_look_refused, _HELD),
    (_READING, LaneEvent.UNKNOWN): _UNKNOWN,
    (_READING, LaneEvent.GIVE_UP): _GIVE_UP,
    (_BACKING_OFF, LaneEvent.TIMER): _TIMER,
    (_BACKING_OFF, LaneEvent.GIVE_UP): _GIVE_UP,
    (_HELD, LaneEvent.TIMER): _TIMER,
    (_HELD, LaneEvent.GIVE_UP): _GIVE_UP,
}
