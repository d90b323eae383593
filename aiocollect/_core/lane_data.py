"""What a lane knows: its state, its part, its place there, and what may have landed at it.

Plain data. The steps take it and change it; whether a step may be taken, and where it may lead, is
said by the table (states.py). So the steps need not know the lane, which knows them.
"""

from __future__ import annotations

import enum

from .accumulator import Block
from .backoff import Backoff
from .block_queue import NO_BLOCKS, BlockQueue
from .doubt import Doubt
from .first_parts import FirstParts
from .limits import BlockSizes
from .parts import Parts
from .place import Place
from .retries import Retries

__all__ = ["LaneData", "State"]


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

    # See commands.LaneEvent.
    __hash__ = object.__hash__


class LaneData:
    """Of one lane. ``blocks`` are those of the batch under way. ``doubt``: what may have landed at
    its position. ``retries``: what it has met since a block landed, if anything.

    ``resume`` is the state that a wait is followed by; ``chance`` and ``now`` belong to the event
    that is being taken.

    ``blind``: it has no right to read. A lane that was refused that right writes to blobs of its
    own. ``look_at`` is when it asks again for the right; ``own_place`` is its place in its own
    blobs while it asks.
    """

    __slots__ = (
        *("backoff", "blind", "blocks", "chance", "doubt", "firsts", "look_at", "now"),
        *("own_place", "parts", "place", "resume", "retries", "sizes", "state"),
    )

    def __init__(
        self, parts: Parts, *, backoff: Backoff, sizes: BlockSizes, firsts: FirstParts
    ) -> None:
        self.state = State.IDLE
        self.parts = parts
        self.place = Place()
        self.blocks: BlockQueue = NO_BLOCKS
        self.blind = False
        self.doubt: Doubt | None = None
        self.backoff = backoff
        self.sizes = sizes
        self.firsts = firsts
        self.retries: Retries | None = None
        self.resume = State.OPENING
        self.chance = self.now = 0.0
        self.look_at: float | None = None
        self.own_place: Place | None = None

    def __repr__(self) -> str:
        doubt = " in doubt" if self.doubt else ""
        return f"<LaneData {self.state.value}{doubt} at {self.place.position} of {self.parts.name}>"

    @property
    def header(self) -> bytes:
        """What goes before the very first rows of a part, and before no others."""
        return b"" if self.place.position else self.parts.header

    @property
    def body(self) -> bytes:
        """What the next append carries."""
        return self.header + self.block.data

    @property
    def block(self) -> Block:
        """What is under way."""
        return self.blocks.first

    def begin_doubt(self) -> Doubt:
        """What is under way may have landed."""
        self.doubt = self.doubt or Doubt()
        return self.doubt

    def begin_retries(self) -> Retries:
        """Most lanes never need them: they are made when they are first asked for."""
        self.retries = self.retries or Retries(self.parts, backoff=self.backoff)
        return self.retries
