"""Lane and parts as a state machine that hypothesis drives, against a store of a few lines.

The rules are what the world may do: rows come, requests are answered, lost before or after they
were carried out, carried out late, refused, or answered by an old view; other writers append, roll,
seal, delete, empty, and leave half a line; the engine sheds. Whatever the order, at the end the
world heals, and every row that was not given up stands in the store exactly once, in order, in a
part with the right header.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aiocollect._core.accumulator import Batch, Block
from aiocollect._core.commands import (
    Append,
    Command,
    Create,
    Finish,
    LaneEvent,
    Open,
    Outcome,
    Read,
    Wait,
    classify,
)
from aiocollect._core.lane import Lane
from aiocollect._core.lines import Lines
from aiocollect.errors import (
    BlobFull,
    OffsetMismatch,
    OutcomeUnknown,
    Refusal,
    StoreError,
    StoreRefused,
)
from aiocollect.events import DeadLettered, Settled
from aiocollect.typing import Appended, Created, Opened, Range
from tests.support.lanes import HEADER, make_lane

MAX_BLOCKS = 8
View = tuple[int, int, int, bool]
LATE = 4  # requests that may still be on their way
TORN = b"~"  # what a stranger leaves without a line end
MEDDLING = ["seal", "touch", "delete", "replace", "tear", "empty"]
REFUSALS = [Refusal.INVALID, Refusal.CREDENTIAL, Refusal.UNSUPPORTED, Refusal.IMMUTABLE]


@dataclass
class Blob:
    """One append blob of the oracle's store."""

    created: str
    data: bytes = b""
    blocks: int = 0
    etag: int = 0
    sealed: bool = False
    emptied: bool = False
    views: list[View] = field(default_factory=list)

    def note(self) -> None:
        """How it looks from now on."""
        self.views.append(self.view())

    def view(self) -> View:
        """How it looks: length, blocks, ETag, and whether it takes no more."""
        ended = self.sealed or self.blocks >= MAX_BLOCKS
        return len(self.data), self.blocks, self.etag, ended


@dataclass
class World:
    """The store: what each request does, and nothing about lanes."""

    blobs: dict[str, Blob] = field(default_factory=dict)
    gone: list[bytes] = field(default_factory=list)  # what deleted blobs held
    made: int = 0

    def perform(self, request: Any) -> tuple[LaneEvent, Any]:
        blob = self.blobs.get(request.part)
        match request:
            case Create():
                if blob is not None:
                    return LaneEvent.CREATED, False
                self.blobs[request.part] = blob = self.new_blob()
                return LaneEvent.CREATED, Created(f"{blob.etag}")
            case _ if blob is None:
                raise StoreRefused(Refusal.BLOB_MISSING, "BlobNotFound")
            case Open() | Read():
                return self.look(request, blob.view())
            case Append():
                return LaneEvent.APPENDED, self._append(blob, request)
        raise AssertionError(request)

    def look(self, request: Any, view: View) -> tuple[LaneEvent, Any]:
        """What it is, or was, to one who looks."""
        blob = self.blobs[request.part]
        length, blocks, etag, ended = view
        if isinstance(request, Open):
            head = blob.data[: min(request.head, length)]
            return LaneEvent.OPENED, Opened(length, blocks, blob.created, f"{etag}", head)
        data = blob.data[request.offset : min(request.offset + request.length, length)]
        return LaneEvent.RANGE, Range(data, length, f"{etag}", blob.created, ended)

    def new_blob(self) -> Blob:
        """No two blobs ever have an ETag in common: the service makes them of the time."""
        self.made += 1
        return Blob(f"made-{self.made}", etag=1000 * self.made)

    def _append(self, blob: Blob, request: Append) -> Appended:
        if request.etag is not None and request.etag != f"{blob.etag}":
            raise OffsetMismatch("ConditionNotMet")
        if request.offset != len(blob.data):
            raise OffsetMismatch("AppendPositionConditionNotMet")
        if blob.sealed or blob.blocks >= MAX_BLOCKS:
            raise BlobFull("BlobIsSealed" if blob.sealed else "BlockCountExceedsLimit")
        blob.note()
        blob.data += request.data
        blob.blocks += 1
        blob.etag += 1
        return Appended(len(blob.data), blob.blocks, f"{blob.etag}")


class LaneMachine(RuleBasedStateMachine):
    """One lane, its world, and what became of each row."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        # Below, at or above what the store takes would be three machines; this one finds out late.
        self.lane: Lane = make_lane(max_blocks=MAX_BLOCKS + 2)
        self.request: Any = None
        self.waiting = False
        self.late: list[Any] = []
        self.rows = 0
        self.batches = 0
        self.waiting_batches: deque[Batch] = deque()  # for the lane
        self.stored: list[int] = []
        self.dropped: set[int] = set()
        self.others = 0
        self.now = 0.0

    # What the lane commands ----------------------------------------------------------------------

    def obey(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, Wait):
                self.waiting = True
                self.now += command.seconds  # until the timer, nothing else happens to the lane
            elif isinstance(command, Open | Create | Append | Read):
                assert self.request is None, "two requests in flight"
                self.request = command
            elif isinstance(command, Finish):
                notice = command.notice
                assert isinstance(notice, Settled | DeadLettered), notice
                found = range(notice.first, notice.last + 1)
                if command.outcome is Outcome.STORED:
                    self.stored.extend(found)
                else:
                    self.dropped.update(found)
            else:
                assert command is not None

    def answer(self, event: LaneEvent, answer: Any = None) -> None:
        self.request = None
        self.obey(self.lane.on(event, answer, now=self.now))
        self.go_on()

    def carry_out(self) -> None:
        request = self.request
        try:
            event, answer = self.world.perform(request)
        except StoreError as error:
            event, answer = classify(request, error), error
        self.answer(event, answer)

    # What the world does -------------------------------------------------------------------------

    @rule(count=st.integers(1, 3))
    def rows_come(self, count: int) -> None:
        lines = [b"row,%d\n" % (self.rows + n) for n in range(count)]
        self.batches += 1
        block = Block(Lines.of(lines), first=self.rows)
        self.rows += count
        batch = Batch(block, serial=self.batches, born=0.0, charges=())
        self.waiting_batches.append(batch)
        self.go_on()

    def go_on(self) -> None:
        """A lane that is idle gets the next batch."""
        while self.waiting_batches and not self.lane.busy:
            self.obey(self.lane.submit(self.waiting_batches.popleft()))

    @precondition(lambda self: self.request is not None)
    @rule()
    def it_is_answered(self) -> None:
        self.carry_out()

    @precondition(lambda self: self.request is not None)
    @rule(applied=st.booleans())
    def its_answer_is_lost(self, applied: bool) -> None:
        if applied:
            with suppress(StoreError):
                self.world.perform(self.request)
        self.answer(LaneEvent.UNKNOWN, OutcomeUnknown("Lost"))

    @precondition(lambda self: self.request is not None)
    @rule(reason=st.sampled_from(REFUSALS))
    def it_is_refused(self, reason: Refusal) -> None:
        """For a reason that says nothing of rows, nor of whether a blob stands."""
        error = StoreRefused(reason)
        self.answer(classify(self.request, error), error)

    @precondition(lambda self: isinstance(self.request, Append))
    @rule()
    def it_is_too_large(self) -> None:
        """At this moment; also where an earlier attempt was not."""
        error = StoreRefused(Refusal.TOO_LARGE)
        self.answer(classify(self.request, error), error)

    @precondition(lambda self: isinstance(self.request, Open | Read) and self.views())
    @rule(data=st.data())
    def it_is_shown_an_old_view(self, data: st.DataObject) -> None:
        view = data.draw(st.sampled_from(self.views()))
        self.answer(*self.world.look(self.request, view))

    def views(self) -> list[View]:
        blob = self.world.blobs.get(self.request.part)
        return blob.views if blob else []

    @precondition(lambda self: self.request is not None and len(self.late) < LATE)
    @rule()
    def it_will_arrive_late(self) -> None:
        self.late.append(self.request)
        self.answer(LaneEvent.UNKNOWN, OutcomeUnknown("TimedOut"))

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def it_arrives(self, data: st.DataObject) -> None:
        request = self.late.pop(data.draw(st.integers(0, len(self.late) - 1)))
        with suppress(StoreError):
            self.world.perform(request)

    @precondition(lambda self: self.request is not None)
    @rule()
    def it_is_sent_twice(self) -> None:
        """By the network or a client library: the second answer is the one that is seen."""
        with suppress(StoreError):
            self.world.perform(self.request)
        self.carry_out()

    @precondition(lambda self: self.waiting)
    @rule()
    def time_passes(self) -> None:
        self.waiting = False
        self.obey(self.lane.on(LaneEvent.TIMER, now=self.now))

    @precondition(lambda self: self.world.blobs)
    @rule(data=st.data(), header=st.booleans())
    def another_writer_appends(self, data: st.DataObject, header: bool) -> None:
        blob = self.world.blobs[data.draw(st.sampled_from(sorted(self.world.blobs)))]
        if blob.sealed or blob.blocks >= MAX_BLOCKS or blob.data.endswith(TORN):
            return
        self.others += 1
        blob.note()
        header = header or blob.emptied  # of what was emptied only the length is known to the lane
        start = b"" if blob.data else (HEADER if header else b"other\n")
        blob.data += start + b"other,%d\n" % self.others
        blob.blocks += 1
        blob.etag += 1

    @precondition(lambda self: self.world.blobs)
    @rule(data=st.data(), what=st.sampled_from(MEDDLING))
    def somebody_meddles(self, data: st.DataObject, what: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.world.blobs)))
        blob = self.world.blobs[name]
        if what == "seal":
            blob.note()
            blob.sealed = True
            blob.etag += 1
        elif what == "touch":
            blob.etag += 100
        elif what == "tear":
            blob.note()
            blob.data += TORN
            blob.etag += 1
        else:
            self.world.gone.append(blob.data)
            if what == "empty":
                blob.data, blob.blocks, blob.etag, blob.views = b"", 0, blob.etag + 100, []
                blob.emptied = True
                return
            del self.world.blobs[name]
            if what == "replace":
                self.world.blobs[name] = self.world.new_blob()

    @precondition(lambda self: self.waiting_batches)
    @rule()
    def the_oldest_is_shed(self) -> None:
        block = self.waiting_batches.popleft().block
        self.dropped.update(range(block.first, block.last + 1))

    # What must hold ------------------------------------------------------------------------------

    def standing(self) -> list[bytes]:
        data = [blob.data for blob in self.world.blobs.values()]
        return [line for one in data for line in one.splitlines(keepends=True)]

    @invariant()
    def nothing_is_doubled_or_torn(self) -> None:
        # What a deleted blob took with it may stand again in the next part: that ends the doubt.
        ours = [line for line in self.standing() if line.startswith(b"row,")]
        assert len(ours) == len(set(ours))
        assert all(line.endswith(b"\n") or not line.strip(TORN) for line in self.standing())

    @invariant()
    def what_is_settled_stands_in_the_store(self) -> None:
        found = {line for one in self.world.gone for line in one.splitlines(keepends=True)}
        found.update(self.standing())
        assert all(b"row,%d\n" % row in found for row in self.stored)
        assert not any(b"row,%d\n" % row in found for row in self.dropped)
        assert self.stored == sorted(self.stored)

    def teardown(self) -> None:
        """The world heals: all that is left is stored, below a header that is ours."""
        for _ in range(500):
            if self.request is not None:
                self.carry_out()
            elif self.waiting:
                self.time_passes()
            else:
                break
        for request in self.late:
            with suppress(StoreError):
                self.world.perform(request)
        assert not self.lane.busy
        assert sorted([*self.stored, *self.dropped]) == list(range(self.rows))
        self.nothing_is_doubled_or_torn()
        self.what_is_settled_stands_in_the_store()
        for blob in self.world.blobs.values():
            if b"row," in blob.data:
                assert blob.data.startswith(HEADER)


LaneMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestLane = LaneMachine.TestCase
