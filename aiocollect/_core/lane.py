"""The lane: brings the batches of one (path, header) to their part, exactly once and in order.

Why it is right stands in states.py, above the table of states and events that this file carries
out. A lane has at most one request in flight; the engine does not start another (the lane is
muted). It changes its state and returns what is to be done; it never does it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import StoreError
from ..typing import Appended
from . import blind, finding, readback
from .accumulator import Batch, Block
from .backoff import Backoff
from .commands import (
    Answer,
    Append,
    Command,
    Create,
    Finish,
    LaneEvent,
    Open,
    Read,
    Release,
    Wait,
)
from .doubt import Doubt
from .finishes import dead_lettered, dropped, possibly_stored, spooled, stored
from .limits import BlockSizes
from .outbox import Outbox
from .parts import Parts
from .place import Place
from .retries import Waits
from .stand import Stand
from .states import TABLE, State
from .verdict import OVERLOOK

__all__ = ["Lane"]


class Lane:
    """The append lane of one path and header. ``on`` takes events and returns commands."""

    __slots__ = (
        *("_backoff", "_chance", "_doubt", "_kept", "_look_at", "_now", "_resume", "_sizes"),
        *("_waits",),
        *("blind", "out", "parts", "place", "state"),
    )

    def __init__(self, parts: Parts, *, backoff: Backoff, sizes: BlockSizes | None = None) -> None:
        """``sizes`` is for all lanes of one store."""
        self.state = State.IDLE
        self.parts = parts
        self.place = Place()
        self.out = Outbox()
        self.blind = False  # without the right to read
        self._doubt: Doubt | None = None  # what may have landed at the position
        self._backoff = backoff
        self._sizes = sizes or BlockSizes()
        self._waits: Waits | None = None  # what it has met since a block landed, if anything
        self._resume = State.OPENING  # what a wait is followed by
        self._chance = self._now = 0.0  # of the event that is being taken
        # For want of a right the lane went to its own blobs: when to see whether it is there now,
        # and, meanwhile, where it stands in them.
        self._look_at: float | None = None
        self._kept: Place | None = None

    def __repr__(self) -> str:
        doubt = " in doubt" if self.in_doubt else ""
        return (
            f"<Lane {self.state.value}{doubt} at {self.place.position} of {self.parts.name}, "
            f"{self.out!r}>"
        )

    # What the engine asks ---------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a batch is on its way: the lane is muted."""
        return self.state not in (State.IDLE, State.CLOSED)

    @property
    def waiting(self) -> bool:
        """Whether it goes on by a timer."""
        return self.state in (State.BACKING_OFF, State.HELD)

    @property
    def in_doubt(self) -> bool:
        """Whether what is under way may have landed."""
        return self._doubt is not None

    @property
    def sending(self) -> bool:
        """Whether rows are, or may be, on their way to its position."""
        return self.in_doubt or self.state is State.APPENDING

    @property
    def blocks_used(self) -> int:
        """Blocks that the path has used so far, as far as this lane knows."""
        return self.parts.index * self.parts.max_blocks + self.place.blocks

    @property
    def stand(self) -> Stand:
        """What a spool must know to go on from here in another life."""
        place = self.place
        return Stand(self.parts.index, self.parts.own, self.blind, place.position, place.created)

    def take_up(self, stand: Stand, *, in_doubt: bool) -> None:
        """Go on where another life stood. ``in_doubt``: the rows submitted first may have landed
        at its position; else, where the blob may be read, a look at it tells where to go on."""
        self.parts.own, self.parts.index = stand.own, stand.part
        self.blind = stand.blind
        if in_doubt or stand.blind:
            self.place = Place(position=stand.position, created=stand.created)
        self._doubt = Doubt(adopted=True) if in_doubt else None
        if stand.blind and stand.position is None:
            self._wait().unsure = True  # it may have been about to create it

    @property
    def held(self) -> str:
        """Why rows do not move: the store's code, or ours; "" where they do."""
        return self._waits.alarm if self._waits else ""

    @property
    def under_way(self) -> tuple[int, int]:
        """The rows that may be on their way: the first, and their number."""
        first, last = self.out.block.first, self.out.block.last
        return first, (self._doubt.last(self.out) if self._doubt else last) - first + 1

    # What the engine tells --------------------------------------------------------------------

    def submit(self, batch: Batch) -> list[Command]:
        """Take a sealed batch; it starts at once where the lane is idle."""
        self.out.add(batch)
        return self.on(LaneEvent.SUBMIT) if self.state is State.IDLE else []

    def drop(self, batch: Batch, *, reason: str) -> list[Command]:
        """Give up an unsent batch, or one that was never submitted."""
        self.out.remove(batch)
        return [dropped(batch.block, self.parts, reason=reason), Release(batch)]

    def on(
        self,
        event: LaneEvent,
        answer: Answer = None,
        *,
        chance: float = 0.5,
        now: float | None = None,
        reason: str = "closed",
        kept: Callable[[Block], bool] = lambda _: False,
    ) -> list[Command]:
        """Take an event with its answer or error; ``chance`` in [0, 1) spreads a wait, ``now`` are
        seconds that never go back, as of the last event where there are none.

        With GIVE_UP, ``reason`` is why rows are given up, but for those that are ``kept``.
        """
        step = TABLE.get((self.state, event))
        assert step is not None, f"our bug: {event.value} while {self.state.value}"
        if event is LaneEvent.GIVE_UP:
            return self._give_up(reason, kept)
        self._chance = chance
        self._now = self._now if now is None else now
        commands: list[Command] = getattr(self, step)(answer)
        if not self.busy and self._look_at is None:
            self._chance = self._now = 0.0  # an idle lane keeps no numbers: there are thousands
        return commands

    # Requests ---------------------------------------------------------------------------------

    def _open(self) -> list[Command]:
        self.state = State.OPENING
        return [Open(self.parts.name, self.parts.head)]

    def _create(self) -> list[Command]:
        self.state = State.CREATING
        return [Create(self.parts.name)]

    def _append(self) -> list[Command]:
        place = self.place
        assert place.position is not None
        self.state = State.APPENDING
        return [Append(self.parts.name, self._body(), place.position, place.etag)]

    def _read(self) -> list[Command]:
        position = self.place.position
        assert position is not None
        self.state = State.READING
        # From one byte before: a range that starts at a blob's end is an error to some servers.
        start = max(0, position - 1)
        length = position - start
        if self._doubt is not None:  # else whether a line ends there
            length += self._doubt.longest(self.out, self._header) + OVERLOOK
        return [Read(self.parts.name, start, length)]

    @property
    def _header(self) -> bytes:
        """What goes before the very first rows."""
        return b"" if self.place.position else self.parts.header

    def _body(self) -> bytes:
        return self._header + self.out.block.data

    def _next(self) -> list[Command]:
        """Go on with the next block, batch or part; or rest."""
        if not self.out.begin():
            self.state = State.IDLE
            return list(self._waits.rested()) if self._waits else []
        if self._look_at is not None and self._now >= self._look_at:
            return self._look_again()
        if self.place.position is None:
            return self._begin_part()
        return self._append() if self.place.sound else self._read()

    def _begin_part(self) -> list[Command]:
        """Look at the part or, where that is not allowed, make it; first the wait that is owed."""
        if self._waits and self._waits.owed:
            return self._hold(
                self._waits.owed, then=State.CREATING if self.blind else State.OPENING
            )
        return self._create() if self.blind else self._open()

    # Waits ------------------------------------------------------------------------------------

    def _wait(self) -> Waits:
        self._waits = self._waits or Waits(self.parts, backoff=self._backoff)
        return self._waits

    def _back_off(self, answer: Answer) -> list[Command]:
        if self.state is State.APPENDING and not self.place.probing:
            self._begin_doubt()
        if self.state is State.CREATING and self.blind:
            self._wait().unsure = True
        wait, notes = self._wait().unanswered(self._chance, answer)
        return [*notes, *self._again(wait)]

    def _again(self, seconds: float, state: State = State.BACKING_OFF) -> list[Command]:
        self._resume, self.state = self.state, state
        return [Wait(seconds)]

    def _on_refused(self, error: StoreError) -> list[Command]:
        return self._hold(error.code, wish=error.retry_after)

    def _hold(
        self, code: str, *, then: State | None = None, wish: float | None = None
    ) -> list[Command]:
        """Wait for an operator, and go on with the same again, or with ``then``."""
        self.state = then or self.state
        wait, notes = self._wait().refused(code, self._chance, wish=wish)
        return [*notes, *self._again(wait, State.HELD)]

    def _undecided(self, code: str, then: State) -> list[Command]:
        """A look has shown nothing new: go on with ``then``, after a wait."""
        self.state = then
        wait, notes = self._wait().undecided(code, self._chance)
        return [*notes, *self._again(wait, State.HELD if self.held else State.BACKING_OFF)]

    def _on_timer(self, _: Any) -> list[Command]:
        return {
            State.OPENING: self._open,
            State.CREATING: self._create,
            State.APPENDING: self._append,
            State.READING: self._read,
        }[self._resume]()

    # Finding the part -------------------------------------------------------------------------

    _on_submit = finding.on_submit
    _on_opened = finding.on_opened
    _on_open_missing = finding.on_open_missing
    _on_open_wrong_type = finding.on_open_wrong_type
    _on_created = finding.on_created
    _on_create_refused = finding.on_create_refused
    _roll = finding.roll
    _replaced = finding.replaced
    _on_gone = finding.on_gone

    # Without the right to read ----------------------------------------------------------------

    _on_open_no_right = blind.on_open_no_right
    _start_blind = blind.start_blind
    _look_again = blind.look_again
    _back_to_own = blind.back_to_own
    _on_blind_mismatch = blind.on_blind_mismatch
    _on_blind_full = blind.on_blind_full

    # Appending --------------------------------------------------------------------------------

    def _begin_doubt(self) -> Doubt:
        self._doubt = self._doubt or Doubt()
        return self._doubt

    def _on_appended(self, appended: Appended) -> list[Command]:
        self.place.confirmed = True
        self.place.see(appended.etag)
        self.place.blocks = appended.blocks
        return self._landed(appended.length)

    def _on_mismatch(self, error: StoreError) -> list[Command]:
        if self.blind:
            return self._on_blind_mismatch(error)
        self._begin_doubt().code = error.code
        return self._read()

    def _on_full(self, error: StoreError) -> list[Command]:
        if self.blind:
            return self._on_blind_full(error.code or "full")
        doubt = self._begin_doubt()
        doubt.full, doubt.code = True, error.code or "full"
        return self._read()

    def _on_append_missing(self, error: StoreError) -> list[Command]:
        if self.blind and not self.place.confirmed:
            # It was never there: this credential may not create it. Nothing can have landed.
            self._doubt = None
            self.place = Place()
            code = self._wait().creation or error.code
            return self._hold(code, then=State.CREATING)
        return self._replaced()

    def _on_rejected(self, error: StoreError) -> list[Command]:
        """Too large. An earlier attempt may still land, and then its half does not: so both are
        looked for. Where nobody may look, nothing can be said of either."""
        block, doubt = self.out.block, self._doubt
        if doubt is not None:
            doubt.code = error.code
            if self.blind:
                return self._hold(error.code)
            if block.rows == 1:
                return self._hold(error.code, then=State.READING)
            doubt.halved(block.last)
        if block.rows > 1:
            self.out.halve()
            return self._next()
        if not self._sizes.explain(len(self._body())):
            return self._hold(error.code)
        return [*self.out.end(dead_lettered(block, self.parts, reason=error.code)), *self._next()]

    # Reading back -----------------------------------------------------------------------------

    _on_range = readback.on_range
    _on_look_refused = readback.on_look_refused
    _on_end = readback.on_end
    _on_shorter = readback.on_shorter
    _rebase = readback.rebase

    # Becoming final ---------------------------------------------------------------------------

    def _landed(
        self, length: int, *, last: int | None = None, sound: bool | None = True
    ) -> list[Command]:
        """The rows up to ``last``, mostly the block under way, are in the blob, which is ``length``
        bytes long now. ``sound``: whether a line ends there, as far as it is known."""
        place, doubt = self.place, self._doubt
        assert place.position is not None
        done: list[Command] = []
        if self._waits:
            done += self._waits.rested()
            self._waits = None
        offset = place.position + len(self._header)
        self._sizes.landed(len(self._body()))
        last = self.out.block.last if last is None else last
        reached = -1
        while reached < last:
            block = self.out.block
            done += self.out.end(stored(block, self.parts, offset=offset))
            offset += len(block.data)
            reached = block.last
        self._doubt = None
        place.position = length
        place.sound = bool(sound)
        reason = doubt.code if doubt and doubt.full else "no_line_end" if sound is False else ""
        reason = reason or self.parts.full(length=length, blocks=place.blocks)
        return done + (self._roll(reason, landed=True) if reason else self._next())

    def _give_up(self, reason: str, kept: Callable[[Block], bool]) -> list[Command]:
        self.state = State.CLOSED
        doubt, self._doubt = self._doubt, None
        sent = -1  # the last row that may have landed
        if doubt is not None and self.out.begin():
            sent = doubt.last(self.out)

        def end(block: Block) -> Finish:
            if kept(block):
                return spooled(block, self.parts)
            end = possibly_stored if block.first <= sent else dropped
            return end(block, self.parts, reason=reason)

        return self.out.give_up(end)
