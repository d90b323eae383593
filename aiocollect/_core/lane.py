"""The lane: brings the batches of one (path, header) to their part, exactly once and in order.

states.py says why it is right, above the table of states and events that this file carries out. A
lane has one batch at a time, and at most one request in flight (then it is muted). It changes its
state and returns what is to be done; it never does it.
"""

from __future__ import annotations

from .accumulator import Batch
from .backoff import Backoff
from .commands import Answer, Command, LaneEvent
from .doubt import Doubt
from .first_parts import FirstParts
from .lane_data import LaneData
from .limits import BlockSizes
from .parts import Parts
from .place import Place
from .stand import Stand
from .states import TABLE, State

__all__ = ["Lane"]


class Lane:
    """The append lane of one path and header. ``on`` takes events and returns commands."""

    __slots__ = ("_data",)

    def __init__(
        self,
        parts: Parts,
        *,
        backoff: Backoff,
        sizes: BlockSizes | None = None,
        firsts: FirstParts | None = None,
    ) -> None:
        """``sizes`` and ``firsts`` are for all lanes of one store."""
        self._data = LaneData(
            parts,
            backoff=backoff,
            sizes=sizes or BlockSizes(),
            firsts=firsts or FirstParts(),
        )

    def __repr__(self) -> str:
        doubt = " in doubt" if self.in_doubt else ""
        return (
            f"<Lane {self.state.value}{doubt} at {self.place.position} of {self.parts.name}, "
            f"{self.rows} rows under way>"
        )

    # What it is asked -------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """What it is waiting for."""
        return self._data.state

    @property
    def parts(self) -> Parts:
        """Its path, and the part it is in."""
        return self._data.parts

    @property
    def place(self) -> Place:
        """Its place in the part."""
        return self._data.place

    @property
    def blind(self) -> bool:
        """Whether it has no right to read."""
        return self._data.blind

    @property
    def busy(self) -> bool:
        """Whether it has a batch."""
        return self._data.state not in (State.IDLE, State.CLOSED)

    @property
    def waiting(self) -> bool:
        """Whether it goes on by a timer."""
        return self._data.state in (State.BACKING_OFF, State.HELD)

    @property
    def in_doubt(self) -> bool:
        """Whether what is under way may have landed."""
        return self._data.doubt is not None

    @property
    def sending(self) -> bool:
        """Whether rows are, or may be, on their way to its position."""
        return self.in_doubt or self._data.state is State.APPENDING

    @property
    def blocks_used(self) -> int:
        """Blocks that the path has used so far, as far as this lane knows."""
        return self.parts.index * self.parts.max_blocks + self.place.blocks

    @property
    def stand(self) -> Stand:
        """What a spool keeps, so that another process can go on from here."""
        parts, place = self.parts, self.place
        return Stand(parts.index, parts.own, self.blind, place.position, place.created)

    @property
    def held(self) -> str:
        """Why rows do not move: the store's code, or ours; "" where they do."""
        retries = self._data.retries
        return retries.alarm if retries else ""

    @property
    def rows(self) -> int:
        """Rows of the batch under way that are not final."""
        return self._data.blocks.rows

    @property
    def born(self) -> float | None:
        """When the oldest row of the batch under way was taken; None without one."""
        return self._data.blocks.born

    @property
    def under_way(self) -> tuple[int, int]:
        """The rows that may be on their way: the first, and their number."""
        data = self._data
        first, last = data.block.first, data.block.last
        return first, (data.doubt.last(data.blocks) if data.doubt else last) - first + 1

    # What happens to it -----------------------------------------------------------------------

    def take_up(self, stand: Stand, *, in_doubt: bool) -> None:
        """Go on where another process was. ``in_doubt``: the rows submitted first can have landed
        at its position. Otherwise, if the blob can be read, a look at it shows where to go on."""
        data = self._data
        data.parts.own, data.parts.index = stand.own, stand.part
        data.blind = stand.blind
        if in_doubt or stand.blind:
            data.place = Place(position=stand.position, created=stand.created)
        data.doubt = Doubt(adopted=True) if in_doubt else None
        if stand.blind and stand.position is None:
            data.begin_retries().unsure = True  # it may have been about to create it

    def submit(self, batch: Batch) -> list[Command]:
        """Send a sealed batch. The lane must be idle."""
        return self.on(LaneEvent.SUBMIT, batch)

    def on(
        self,
        event: LaneEvent,
        answer: Answer = None,
        *,
        chance: float = 0.5,
        now: float | None = None,
    ) -> list[Command]:
        """Take an event with its answer or error. ``chance`` in [0, 1) spreads waits; ``now`` are
        seconds of a clock that never goes back, None: as at the last event."""
        data, before = self._data, self._data.state
        transition = TABLE.get((before, event))
        assert transition is not None, f"internal error: {event.value} while {before.value}"
        data.chance = chance
        data.now = data.now if now is None else now
        commands = transition.step(data, answer)
        assert data.state in transition.next, (
            f"internal error: {event.value} has led from {before.value} to {data.state.value}"
        )
        if not self.busy and data.look_at is None:
            data.chance = data.now = 0.0  # an idle lane keeps no numbers: there are thousands
        return commands
