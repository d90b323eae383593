"""What a lane asks for (commands), and what happens to it (events).

A lane has at most one request in flight, so it returns any number of things to note and at most one
request or wait, which comes last.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..errors import (
    BlobFull,
    OffsetMismatch,
    Refusal,
    StoreError,
    StoreRefused,
)
from ..events import Event as Notice
from ..typing import Appended, Created, Opened, Range
from .accumulator import Batch, Block

__all__ = [
    "Answer",
    "Append",
    "Command",
    "Create",
    "Finish",
    "GiveUp",
    "LaneEvent",
    "Note",
    "Open",
    "Outcome",
    "Read",
    "Release",
    "Request",
    "Wait",
    "classify",
]


# Requests -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Open:
    """Look at a part: its state, and its first ``head`` bytes."""

    part: str
    head: int


@dataclass(frozen=True, slots=True)
class Create:
    """Create a part, if it does not exist."""

    part: str


@dataclass(frozen=True, slots=True)
class Append:
    """Append ``data`` at ``offset``, if the ETag is still ``etag`` (None: any)."""

    part: str
    data: bytes
    offset: int
    etag: str | None

    def __repr__(self) -> str:
        return f"<Append {len(self.data)} bytes at {self.offset} of {self.part}>"


@dataclass(frozen=True, slots=True)
class Read:
    """Read back ``length`` bytes at ``offset``."""

    part: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Come back with the event TIMER after ``seconds``."""

    seconds: float


# Things to note -------------------------------------------------------------------------------


class Outcome(enum.Enum):
    """How rows become final."""

    STORED = "stored"
    POSSIBLY_STORED = "possibly_stored"
    DEAD_LETTERED = "dead_lettered"
    DROPPED = "dropped"
    SPOOLED = "spooled"  # not final: another process brings them to the store


@dataclass(frozen=True, slots=True)
class Finish:
    """``rows`` rows are final; ``reason`` says why if they are not stored. ``content``: what a dead
    letter holds, as lines of bytes or as rows. ``first``: the number of the first row in its lane;
    -1 if it never came to one."""

    outcome: Outcome
    rows: int
    reason: str
    notice: Notice
    content: Any = None
    first: int = -1


@dataclass(frozen=True, slots=True)
class Release:
    """All rows of the batch are final: its bytes go back to the budget."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class Note:
    """Something a hook should know."""

    notice: Notice


Request: TypeAlias = Open | Create | Append | Read
Command: TypeAlias = Request | Wait | Finish | Release | Note


# Events ---------------------------------------------------------------------------------------


class LaneEvent(enum.Enum):
    """What can happen to a lane."""

    SUBMIT = "submit"
    OPENED = "opened"
    CREATED = "created"
    APPENDED = "appended"
    RANGE = "range"
    MISMATCH = "mismatch"
    FULL = "full"
    MISSING = "missing"
    WRONG_TYPE = "wrong_type"
    NO_RIGHT = "no_right"
    REJECTED = "rejected"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    TIMER = "timer"
    REST = "rest"
    GIVE_UP = "give_up"

    # Members are dictionary keys on every step; hashing by identity is the fastest.
    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class GiveUp:
    """What comes with GIVE_UP. ``kept`` says whether a block is in the spool; None: its disk has
    not answered yet. ``reason`` is why the others are given up."""

    reason: str
    kept: Callable[[Block], bool | None] = lambda _: False


Answer: TypeAlias = Opened | Appended | Range | Created | bool | StoreError | Batch | GiveUp | None

# The refusals after which a lane can go on by itself. The service never reads rows, so only a
# refusal of a block's size can be the fault of a row; every other reason needs an operator.
_REFUSALS = {
    Refusal.BLOB_MISSING: LaneEvent.MISSING,
    Refusal.WRONG_TYPE: LaneEvent.WRONG_TYPE,
    Refusal.NO_RIGHT: LaneEvent.NO_RIGHT,
    Refusal.TOO_LARGE: LaneEvent.REJECTED,
}

# Which of these each request understands. Any other refusal is held, and nothing is lost; any other
# failure means only that nothing is decided.
_MEANINGFUL: dict[type[Request], frozenset[LaneEvent]] = {
    Open: frozenset(
        {LaneEvent.MISSING, LaneEvent.WRONG_TYPE, LaneEvent.NO_RIGHT, LaneEvent.REFUSED}
    ),
    Create: frozenset({LaneEvent.REFUSED}),
    Append: frozenset(
        {
            LaneEvent.MISMATCH,
            LaneEvent.FULL,
            LaneEvent.MISSING,
            LaneEvent.WRONG_TYPE,
            LaneEvent.REJECTED,
            LaneEvent.REFUSED,
        }
    ),
    Read: frozenset({LaneEvent.MISSING, LaneEvent.WRONG_TYPE, LaneEvent.REFUSED}),
}


def classify(request: Request, error: StoreError) -> LaneEvent:
    """The event that a failed request is for the lane: append-blob's error table, by class."""
    match error:
        case OffsetMismatch():
            event = LaneEvent.MISMATCH
        case BlobFull():
            event = LaneEvent.FULL
        case StoreRefused():
            event = _REFUSALS.get(error.reason, LaneEvent.REFUSED)
        case _:
            event = LaneEvent.UNKNOWN
    if event in _MEANINGFUL[type(request)]:
        return event
    return LaneEvent.REFUSED if isinstance(error, StoreRefused) else LaneEvent.UNKNOWN
