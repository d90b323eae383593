"""Spike (a): the append rule as a model, explored exhaustively.

The real lane against a tiny world: every order in which up to N faults can hit its requests is
tried (lost before, lost after, late, sent twice, refused for its size, an old view; the blob
replaced, deleted, torn by a stranger), and every end is checked.
Run: ``python loadtest/spikes/lane_model.py``; some hundred thousand states, some minutes.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiocollect._core.accumulator import Batch, Block
from aiocollect._core.backoff import Backoff
from aiocollect._core.commands import Append, Create, LaneEvent, Open, Read, Wait, classify
from aiocollect._core.lane import Lane
from aiocollect._core.limits import PartLimits
from aiocollect._core.lines import Lines
from aiocollect._core.parts import Parts
from aiocollect._core.place import Place
from aiocollect.errors import OffsetMismatch, OutcomeUnknown, Refusal, StoreError, StoreRefused
from aiocollect.typing import Appended, Created, Opened, Range

HEADER = b"h\n"
TORN = b"~"
# What may happen to a request: lost, late or sent twice; refused for its size; an old view.
USUAL = frozenset({"lost"})


@dataclass
class World:
    """Blobs, lanes, their pending requests, and appends that are late."""

    readable: bool = True
    if_match: bool = True
    faults: int = 0
    kinds: frozenset[str] = USUAL
    replacements: int = 0
    deletions: int = 0
    tears: int = 0
    # What it holds, which one it is, and its length after each change.
    blobs: dict[str, tuple[bytes, int, tuple[int, ...]]] = field(default_factory=dict)
    gone: list[bytes] = field(default_factory=list)
    made: int = 0
    lanes: list[Lane] = field(default_factory=list)
    waiting: list[list[Batch]] = field(default_factory=list)  # for their lane
    pending: list[Any] = field(default_factory=list)
    late: list[Append | Create] = field(default_factory=list)

    def key(self) -> Any:
        """Equal for worlds that have the same futures."""
        lanes = tuple(
            (
                *(lane.state, lane.place.position, lane.place.etag, lane.place._before),
                *(lane.place.created, lane.place.sound, lane.place.made, lane.place.confirmed),
                *_doubt(lane),
                *(
                    lane._data.resume,
                    lane.parts.name,
                    lane.blind,
                    len(batches),
                    tuple(block.data for block in lane._data.blocks._blocks),
                    lane._data.look_at is None,
                    _at(lane._data.own_place),
                ),
            )
            for lane, batches in zip(self.lanes, self.waiting, strict=True)
        )
        late = tuple(sorted(map(_told, self.late)))
        pending = tuple(map(repr, self.pending))
        state = (tuple(sorted(self.blobs.items())), tuple(self.gone), lanes, pending, late)
        return (*state, self.faults, self.replacements, self.deletions, self.tears)

    def apply(self, request: Any) -> Any:
        """What the service does with a request, at the moment it arrives."""
        blob = self.blobs.get(request.part)
        if isinstance(request, Create):
            if blob is not None:
                return False
            self.make(request.part)
            return Created(f"{self.made}.0")
        if not isinstance(request, Append) and not self.readable:
            raise StoreRefused(Refusal.NO_RIGHT)
        if blob is None:
            raise StoreRefused(Refusal.BLOB_MISSING)
        data, made, lengths = blob
        version = len(lengths)
        if not isinstance(request, Append):
            return self.view(request, version)
        etag = f"{made}.{version}"
        if self.if_match and request.etag not in (None, etag):
            raise OffsetMismatch("ConditionNotMet")
        if request.offset != len(data):
            raise OffsetMismatch("AppendPositionConditionNotMet")
        self.change(request.part, request.data)
        return Appended(len(data + request.data), version + 1, f"{made}.{version + 1}")

    def view(self, request: Open | Read, version: int) -> Opened | Range:
        """The blob as it was after so many changes."""
        data, made, lengths = self.blobs[request.part]
        data = data[: lengths[version - 1] if version else 0]
        etag = f"{made}.{version}"
        if isinstance(request, Open):
            return Opened(len(data), version, str(made), etag, data[: request.head])
        found = data[request.offset : request.offset + request.length]
        return Range(found, len(data), etag, str(made))

    def make(self, part: str) -> None:
        """A new, empty blob."""
        self.made += 1
        self.blobs[part] = (b"", self.made, ())

    def change(self, part: str, more: bytes) -> None:
        """Bytes at its end."""
        data, made, lengths = self.blobs[part]
        self.blobs[part] = (data + more, made, (*lengths, len(data + more)))

    def destroy(self, part: str) -> None:
        """It is no more."""
        self.gone.append(self.blobs.pop(part)[0])

    def tell(self, number: int, event: LaneEvent, answer: Any) -> None:
        """Give a lane its answer and keep its next request; waits pass at once."""
        lane = self.lanes[number]
        commands = lane.on(event, answer)
        while commands and isinstance(commands[-1], Wait):
            commands = lane.on(LaneEvent.TIMER)
        if not lane.busy and self.waiting[number]:
            commands = lane.submit(self.waiting[number].pop(0))
        self.pending[number] = commands[-1] if commands and is_request(commands[-1]) else None

    def ask(self, number: int) -> tuple[LaneEvent, Any]:
        """Let the lane's request arrive; returns what the answer would be."""
        request = self.pending[number]
        try:
            answer = self.apply(request)
        except StoreError as error:
            return classify(request, error), error
        return _event(answer), answer


def _event(answer: Any) -> LaneEvent:
    match answer:
        case Opened():
            return LaneEvent.OPENED
        case Appended():
            return LaneEvent.APPENDED
        case Range():
            return LaneEvent.RANGE
        case _:
            return LaneEvent.CREATED


def _told(request: Append | Create) -> tuple[str, int, bytes, str]:
    """A late request, in a form that can be sorted."""
    if isinstance(request, Create):
        return request.part, -1, b"", ""
    return request.part, request.offset, request.data, str(request.etag)


def _at(place: Place | None) -> tuple[int | None, str | None] | None:
    return (place.position, place.etag) if place else None


def _doubt(lane: Lane) -> tuple[Any, ...]:
    doubt, waits = lane._data.doubt, lane._data.retries
    return (
        *((doubt._lasts, doubt.code, doubt.full) if doubt else ()),
        *((waits.creation, waits.unsure, waits.doubtful, bool(waits.owed)) if waits else ()),
    )


def is_request(command: Any) -> bool:
    """Whether a command is one that the store answers."""
    return isinstance(command, Append | Create | Open | Read)


def futures(world: World) -> Iterator[World]:
    """Every next state."""
    unknown = OutcomeUnknown("lost")
    for number, request in enumerate(world.pending):
        if request is None:
            continue
        healthy = copy.deepcopy(world)
        healthy.tell(number, *healthy.ask(number))
        yield healthy
        if not world.faults:
            continue
        if "size" in world.kinds and isinstance(request, Append):
            narrow = copy.deepcopy(world)  # the store takes no block of this size, at the moment
            narrow.faults -= 1
            error = StoreRefused(Refusal.TOO_LARGE)
            narrow.tell(number, classify(request, error), error)
            yield narrow
        if "old" in world.kinds and isinstance(request, Open | Read):
            _, _, lengths = world.blobs.get(request.part, (b"", 0, ()))
            for version in range(len(lengths)):  # a cache shows what was
                old = copy.deepcopy(world)
                old.faults -= 1
                answer = old.view(request, version)
                old.tell(number, _event(answer), answer)
                yield old
        if "lost" not in world.kinds:
            continue
        before = copy.deepcopy(world)  # lost on its way
        before.faults -= 1
        before.tell(number, LaneEvent.UNKNOWN, unknown)
        yield before
        after = copy.deepcopy(world)  # its answer is lost
        after.faults -= 1
        after.ask(number)
        after.tell(number, LaneEvent.UNKNOWN, unknown)
        yield after
        if isinstance(request, Append | Create):
            late = copy.deepcopy(world)  # it arrives at any later moment
            late.faults -= 1
            late.late.append(request)
            late.tell(number, LaneEvent.UNKNOWN, unknown)
            yield late
        if isinstance(request, Append):
            twice = copy.deepcopy(world)  # something in between sends it twice
            twice.faults -= 1
            twice.ask(number)
            twice.tell(number, *twice.ask(number))
            yield twice
    for index in range(len(world.late)):
        arrived = copy.deepcopy(world)
        with suppress(StoreError):
            arrived.apply(arrived.late.pop(index))
        yield arrived
    for part in world.blobs:
        if world.replacements:
            replaced = copy.deepcopy(world)
            replaced.replacements -= 1
            replaced.destroy(part)
            replaced.make(part)
            yield replaced
        if world.deletions:
            deleted = copy.deepcopy(world)
            deleted.deletions -= 1
            deleted.destroy(part)
            yield deleted
        if world.tears:
            torn = copy.deepcopy(world)  # a stranger appends bytes without a line end
            torn.tears -= 1
            torn.change(part, TORN)
            yield torn


def explore(title: str, batches: list[list[bytes]], *, own: bool = False, **options: Any) -> None:
    """Try everything, and say how often rows were lost or doubled at the end. A batch may be of
    many rows."""
    world = World(**options)
    for number, lines in enumerate(batches):
        limits = PartLimits(max_blocks=100, max_bytes=1 << 20)
        parts = Parts("d.csv", header=HEADER, limits=limits, writer=f"{number:010x}", own=own)
        lane = Lane(parts, backoff=Backoff(base=1, cap=1, hold=1))
        world.lanes.append(lane)
        waiting: list[Batch] = []
        first = 0
        for serial, line in enumerate(lines):
            rows = line.splitlines(keepends=True)
            block = Block(Lines.of(rows), first=first)
            first += len(rows)
            waiting.append(Batch(block, serial=serial, born=0.0, charges=()))
        world.pending.append(lane.submit(waiting.pop(0))[-1])
        world.waiting.append(waiting)
    expected = sorted(line for lines in batches for line in b"".join(lines).splitlines(True))
    seen = {world.key()}
    todo = [world]
    ends = lost = doubled = 0
    began = time.perf_counter()
    while todo:
        world = todo.pop()
        following = list(futures(world))
        if not any(world.pending) and not world.late:
            ends += 1
            # A row on a stranger's line begins with it: it is found by nobody.
            stored = [line for data, _, _ in world.blobs.values() for line in data.splitlines(True)]
            found = [line for line in stored if line not in (HEADER, TORN)]
            gone = [line for data in world.gone for line in data.splitlines(True)]
            lost += any((found + gone).count(line) < expected.count(line) for line in expected)
            doubled += any(found.count(line) > expected.count(line) for line in expected)
            continue
        for state in following:
            key = state.key()
            if key not in seen:
                seen.add(key)
                todo.append(state)
    seconds = time.perf_counter() - began
    print(
        f"{title:58} {len(seen):7} states {ends:6} ends, lost in {lost:4}, doubled in {doubled:4}"
        f"  ({seconds:.0f} s)",
        flush=True,
    )


def main() -> None:
    """The rule, and what each part of it is for."""
    unique = [[b"a1\n", b"a2\n"], [b"b1\n"]]
    explore("one writer, two batches, any four faults", [unique[0]], faults=4)
    explore("two writers on one blob, any three faults", unique, faults=3)
    explore("one writer, a replaced blob, any two faults", [[b"a1\n"]], faults=2, replacements=1)
    explore("the same without If-Match", [[b"a1\n"]], faults=2, replacements=1, if_match=False)
    explore("own blob, no right to read, any three faults", [unique[0]], readable=False, faults=3)
    blind: Any = {"readable": False, "faults": 3, "deletions": 1}
    explore("the same, and the blob is deleted", [[b"a1\n"]], **blind)
    explore("the same without If-Match", [[b"a1\n"]], **blind, if_match=False)
    sizes: Any = {"kinds": USUAL | {"size"}, "faults": 3}
    explore("refused for its size in doubt, any three faults", [[b"a1\na2\n"]], **sizes)
    shared = [[b"a1\na2\n"], [b"b1\n"]]
    explore("the same, two writers, any two faults", shared, **{**sizes, "faults": 2})
    views: Any = {"kinds": USUAL | {"old"}, "faults": 3}
    explore("old views, two batches, any three faults", [unique[0]], **views)
    explore("old views, two writers, any two faults", unique, **{**views, "faults": 2})
    explore("a stranger's torn line, any two faults", [unique[0]], faults=2, tears=1)
    same = [[b"x\n", b"x\n"]]
    explore("own blob, two identical batches, any four faults", same, own=True, faults=4)
    explore("two writers, identical rows: ids are needed", [[b"x\n"], [b"x\n"]], faults=1)


if __name__ == "__main__":
    main()
