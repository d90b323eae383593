"""The lane: brings the batches of one (path, header) to their part, exactly once and in order.

Why it is right stands in states.py, above the table of states and events that this file carries
out. A lane has at most one request in flight; the engine does not start another (the lane is
muted). It changes its state and returns what is to be done; it never does it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import StoreError
from ..records import BlobReplaced, Rolled, WriterTurnedOwn
from ..typing import Appended, Opened, Range
from .accumulator import Batch, Block
from .backoff import Backoff
from .commands import (
    Answer,
    Append,
    Command,
    Create,
    Event,
    Finish,
    Note,
    Open,
    Read,
    Release,
    Wait,
)
from .final import dead_lettered, dropped, possibly_stored, spooled, stored
from .outbox import Outbox
from .parts import Parts
from .states import TABLE, State
from .trail import Stand
from .verdict import Verdict, judge
from .waits import Waits

__all__ = ["Lane"]


class Lane:
    """The append lane of one path and header. ``on`` takes events and returns commands."""

    __slots__ = (
        *("_backoff", "_block_count", "_confirmed", "_created", "_ended", "_etag"),
        *("_position", "_resume", "_waits", "blind", "in_doubt", "out", "parts", "state"),
    )

    def __init__(self, parts: Parts, *, backoff: Backoff) -> None:
        self.state = State.IDLE
        self.parts = parts
        self.blind = False  # without the right to read
        self.in_doubt = False
        self._backoff = backoff
        self._waits: Waits | None = None  # until it must wait for the first time
        self.out = Outbox()
        self._position: int | None = None  # None: the part was not opened yet
        self._created = ""
        self._etag: str | None = None
        self._block_count = 0
        self._confirmed = False  # a blind part that surely exists
        self._ended = ""  # why the part takes no more, while that is being read back
        self._resume = State.OPENING  # what a wait is followed by

    def __repr__(self) -> str:
        doubt = " in doubt" if self.in_doubt else ""
        return (
            f"<Lane {self.state.value}{doubt} at {self._position} of {self.parts.name}, "
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
    def sending(self) -> bool:
        """Whether rows are, or may be, on their way to its position."""
        return self.in_doubt or self.state is State.APPENDING

    @property
    def blocks_used(self) -> int:
        """Blocks that the path has used so far, as far as this lane knows."""
        return self.parts.index * self.parts.max_blocks + self._block_count

    @property
    def stand(self) -> Stand:
        """What a spool must know to go on from here in another life."""
        return Stand(self.parts.index, self.parts.own, self.blind, self._position, self._created)

    def take_up(self, stand: Stand, *, in_doubt: bool) -> None:
        """Go on where another life stood. ``in_doubt``: the rows submitted first may have landed
        at its position; else, where the blob may be read, a look at it tells where to go on."""
        self.parts.own, self.parts.index = stand.own, stand.part
        self.blind = stand.blind
        if in_doubt or stand.blind:
            self._position, self._created = stand.position, stand.created
        self.in_doubt = in_doubt

    @property
    def held(self) -> str:
        """Why an operator must act; "" where none must."""
        return self._waits.alarm if self._waits else ""

    # What the engine tells --------------------------------------------------------------------

    def submit(self, batch: Batch) -> list[Command]:
        """Take a sealed batch; it starts at once where the lane is idle."""
        self.out.add(batch)
        return self.on(Event.SUBMIT) if self.state is State.IDLE else []

    def drop(self, batch: Batch, *, reason: str) -> list[Command]:
        """Give up an unsent batch, or one that was never submitted."""
        self.out.remove(batch)
        return [dropped(batch.block, self.parts, reason=reason), Release(batch)]

    def on(
        self,
        event: Event,
        answer: Answer = None,
        *,
        chance: float = 0.5,
        reason: str = "closed",
        kept: Callable[[Block], bool] = lambda _: False,
    ) -> list[Command]:
        """Take an event with its answer or error; ``chance`` in [0, 1) spreads a wait.

        With GIVE_UP, ``reason`` is why rows are given up, but for those that are ``kept``.
        """
        step = TABLE.get((self.state, event))
        assert step is not None, f"our bug: {event.value} while {self.state.value}"
        if event is Event.UNKNOWN:
            return self._back_off(chance, answer)
        if event is Event.GIVE_UP:
            return self._give_up(reason, kept)
        if event is Event.REFUSED:
            assert isinstance(answer, StoreError)
            return self._hold_on(answer.code)
        notes: list[Note] = []
        if self._waits and event not in (Event.SUBMIT, Event.TIMER):
            notes = self._waits.decided(resumed=event is not Event.NO_RIGHT)
        return [*notes, *getattr(self, step)(answer)]

    # Requests ---------------------------------------------------------------------------------

    def _open(self) -> list[Command]:
        self.state = State.OPENING
        return [Open(self.parts.name, self.parts.head)]

    def _create(self) -> list[Command]:
        self.state = State.CREATING
        return [Create(self.parts.name)]

    def _append(self) -> list[Command]:
        assert self._position is not None
        self.state = State.APPENDING
        return [Append(self.parts.name, self._body(), self._position, self._etag)]

    def _read(self) -> list[Command]:
        assert self._position is not None
        self.state = State.READING
        # From one byte before: a range that starts at a blob's end is an error to some servers.
        start = max(0, self._position - 1)
        length = self._position - start + len(self._body())
        return [Read(self.parts.name, start, length)]

    def _body(self) -> bytes:
        """What goes to the position: rows, and before the very first ones the header."""
        data = self.out.block.data
        return data if self._position else self.parts.header + data

    def _next(self) -> list[Command]:
        """Go on with the next block, batch or part; or rest."""
        if not self.out.begin():
            self.state = State.IDLE
            return []
        if self._position is not None:
            return self._append()
        return self._create() if self.blind else self._open()

    # Waits ------------------------------------------------------------------------------------

    def _back_off(self, chance: float, answer: Answer) -> list[Command]:
        if self.state is State.APPENDING:
            self.in_doubt = True
        wait, notes = self._wait().unanswered(chance, answer)
        return [*notes, *self._again(wait)]

    def _wait(self) -> Waits:
        self._waits = self._waits or Waits(self.parts, backoff=self._backoff)
        return self._waits

    def _again(self, seconds: float, state: State = State.BACKING_OFF) -> list[Command]:
        self._resume, self.state = self.state, state
        return [Wait(seconds)]

    def _hold_on(self, reason: str) -> list[Command]:
        wait, notes = self._wait().refused(reason)
        return [*notes, *self._again(wait, State.HELD)]

    def _on_timer(self, _: Any) -> list[Command]:
        return {
            State.OPENING: self._open,
            State.CREATING: self._create,
            State.APPENDING: self._append,
            State.READING: self._read,
        }[self._resume]()

    # Finding the part -------------------------------------------------------------------------

    def _on_submit(self, _: Any) -> list[Command]:
        if self.in_doubt and not self.blind:  # another life's doubt: nothing was asked in this one
            self.out.begin()
            return self._read()
        return self._next()

    def _on_opened(self, opened: Opened) -> list[Command]:
        objection = self.parts.objection(opened)
        if objection:
            return self._roll(objection)
        self._position = opened.length
        self._created = opened.created
        self._etag = opened.etag
        self._block_count = opened.blocks
        return self._next()

    def _on_open_missing(self, _: Any) -> list[Command]:
        return self._create()

    def _on_open_wrong_type(self, _: Any) -> list[Command]:
        return self._roll("wrong_type")

    def _on_open_no_right(self, _: Any) -> list[Command]:
        self.blind = True
        notes: list[Command] = []
        if not self.parts.own:
            self.parts.turn_own()
            notes.append(Note(WriterTurnedOwn(path=self.parts.path, part=self.parts.name)))
        return notes + self._create()

    def _on_created(self, created: bool) -> list[Command]:
        if not self.blind:
            # Whoever made it: only a look gives its ETag and time, and shows what others wrote.
            return self._open()
        self._confirmed = True
        return self._start_blind()

    def _on_create_no_right(self, error: StoreError) -> list[Command]:
        if not self.blind:
            return self._hold_on(error.code)
        # The answer to making a blob that stands already, where overwriting is not allowed.
        return self._start_blind()

    def _start_blind(self) -> list[Command]:
        self._position = 0
        self._block_count = 0
        return self._next()

    def _roll(self, reason: str) -> list[Command]:
        """Go on to the next part, with whatever is not final yet."""
        assert not self.in_doubt, "our bug: a lane rolled while in doubt"
        self.parts.roll()
        self._position = None
        self._etag = None
        self._block_count = 0
        self._confirmed = False
        note = Note(Rolled(path=self.parts.path, part=self.parts.name, reason=reason))
        return [note, *self._next()]

    def _replaced(self) -> list[Command]:
        """The blob is gone, and the doubt with it."""
        self.in_doubt = False
        self._ended = ""
        note = Note(BlobReplaced(path=self.parts.path, part=self.parts.name))
        return [note, *self._roll("replaced")]

    # Appending --------------------------------------------------------------------------------

    def _on_appended(self, appended: Appended) -> list[Command]:
        self._confirmed = True
        self._etag = None if self.blind else appended.etag
        self._block_count = appended.blocks
        return self._landed(appended.length)

    def _on_mismatch(self, _: Any) -> list[Command]:
        self.in_doubt = True
        if self.blind:
            assert self._position is not None
            self._confirmed = True
            self._block_count += 1
            return self._landed(self._position + len(self._body()))
        return self._read()

    def _on_full(self, error: StoreError) -> list[Command]:
        self.in_doubt = True
        if self.blind:
            return self._doubt_for_ever(error.code)
        self._ended = error.code or "full"
        return self._read()

    def _on_append_missing(self, error: StoreError) -> list[Command]:
        if self.blind and not self._confirmed:
            # It was never there: this credential may not create it. Nothing can have landed.
            self.in_doubt = False
            self._position = None
            self.state = State.CREATING
            return self._hold_on(error.code)
        return self._replaced()

    def _on_rejected(self, error: StoreError) -> list[Command]:
        if self.in_doubt:
            # An earlier attempt may still land, so its bytes must not change.
            return self._again(self._backoff.hold)
        block = self.out.block
        if block.rows > 1:
            self.out.halve()
            return self._next()
        return self._finish(dead_lettered(block, self.parts, reason=error.code))

    # Reading back -----------------------------------------------------------------------------

    def _on_range(self, found: Range) -> list[Command]:
        assert self._position is not None
        verdict = judge(found, position=self._position, body=self._body(), created=self._created)
        if verdict is Verdict.LANDED:
            self._etag = found.etag
            self._block_count += 1
            return self._landed(found.length)
        if verdict is Verdict.REPLACED:
            return self._replaced()
        if verdict is Verdict.UNDECIDED and not self._ended:
            # An attempt may be under way, or only the ETag has moved.
            self._etag = found.etag
            self.state = State.APPENDING
            return self._again(self._backoff.base)
        self.in_doubt = False
        return self._roll(self._take_ended()) if self._ended else self._rebase(found)

    def _rebase(self, found: Range) -> list[Command]:
        """Somebody else was first: go to the end that they left."""
        if self._position == 0:
            # They wrote the header, and it may not be ours.
            self._position = None
        else:
            self._position = found.length
            self._etag = found.etag
            self._block_count += 1
        return self._next()

    def _take_ended(self) -> str:
        ended, self._ended = self._ended, ""
        return ended

    def _on_gone(self, _: Any) -> list[Command]:
        return self._replaced()

    # Becoming final ---------------------------------------------------------------------------

    def _landed(self, length: int) -> list[Command]:
        """The first block is in the blob, which is ``length`` bytes long now."""
        assert self._position is not None
        header = 0 if self._position else len(self.parts.header)
        offset = self._position + header
        end = stored(self.out.block, self.parts, offset=offset)
        self.in_doubt = False
        self._position = length
        reason = self._take_ended() or self.parts.full(length=length, blocks=self._block_count)
        return self._finish(end, roll=reason)

    def _finish(self, end: Finish, *, roll: str = "") -> list[Command]:
        """The block under way is final: go on with the next one."""
        return self.out.end(end) + (self._roll(roll) if roll else self._next())

    def _doubt_for_ever(self, reason: str) -> list[Command]:
        """A blob that may not be read takes no more: nobody can say what it holds."""
        self.in_doubt = False
        doubt = possibly_stored(self.out.block, self.parts, reason=reason)
        return self._finish(doubt, roll=reason or "full")

    def _give_up(self, reason: str, kept: Callable[[Block], bool]) -> list[Command]:
        self.state = State.CLOSED

        def end(block: Block) -> Finish:
            doubt, self.in_doubt = self.in_doubt, False  # only the first block was ever sent
            if kept(block):
                return spooled(block, self.parts)
            return (possibly_stored if doubt else dropped)(block, self.parts, reason=reason)

        return self.out.give_up(end)
