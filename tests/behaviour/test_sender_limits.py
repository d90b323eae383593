"""Places among the senders: any number of paths that hang harm nobody else, whatever the host's
tasks are like, and a path that has begun goes on before another one begins."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from aiocollect import MemoryStore, Retry
from aiocollect._delivery.channel import Standing
from aiocollect._delivery.turns import Turns
from aiocollect.events import Event, Settled
from aiocollect.remedies import explain
from aiocollect.testing import Fault, FaultKind, Operation, VirtualLoop, run_virtual
from aiocollect.typing import Appended
from tests.support.eager import eager
from tests.support.virtual import make_pipeline

DEFAULTS = Retry()


@pytest.mark.slow
@pytest.mark.parametrize("hanging", [79, 90, 300])
@pytest.mark.parametrize("places", [1, 16])
def test_a_path_that_answers_always_finds_a_place(hanging: int, places: int) -> None:
    """However many paths hang: they are asked once, and then have places of their own."""
    stored: list[float] = []

    async def main(loop: VirtualLoop) -> tuple[int, int]:
        def faults(operation: Operation, path: str) -> Fault | None:
            return None if "/healthy/" in path else Fault(FaultKind.HANG)

        def hook(event: Event) -> None:
            if isinstance(event, Settled):
                stored.append(loop.time())

        store = MemoryStore(faults=faults, latency=0.02)
        pipeline = make_pipeline(
            store, loop, retry=DEFAULTS, max_in_flight=places, linger=0.1, hooks=[hook]
        )
        others = [pipeline.collector(f"m{n}", feature_names=["a"]) for n in range(hanging)]
        healthy = pipeline.collector("healthy", feature_names=["a"])
        if places == 1:  # where they take turns by the half second, it comes before them
            healthy.collect(-1.0)
            await asyncio.sleep(1)
        for turn in range(450):
            for other in others if turn % 10 == 0 else []:
                other.collect(1.0)
            healthy.collect(float(turn))
            await asyncio.sleep(0.1)
            assert pipeline.stats().in_flight <= 5 * places + places
        found = pipeline.stats().stored
        await pipeline.aclose(0.1)
        return found, len(stored)

    found, blocks = run_virtual(main)
    assert found > 430
    # The first time, the hanging ones stand before it; from then on it is in time.
    late = [b - a for a, b in pairwise(stored) if b - a > 0.5 + 0.5 / places]
    assert stored[0] < 2 + hanging / places * DEFAULTS.overdue * 1.1
    assert len(late) <= 1
    assert blocks > 100


def test_a_request_that_hung_too_long_is_ended_and_lost_nothing() -> None:
    """Its outcome is unknown: the same bytes go to the same position again."""

    async def main(loop: VirtualLoop) -> Counter[int]:
        sick = True

        def faults(operation: Operation, path: str) -> Fault | None:
            return Fault(FaultKind.HANG_APPLIED) if sick else None

        store = MemoryStore(faults=faults, latency=0.02)
        pipeline = make_pipeline(store, loop, retry=DEFAULTS, max_in_flight=2, linger=0.1)
        collectors = [pipeline.collector(f"m{n}", feature_names=["a"]) for n in range(40)]
        for collector in collectors:
            collector.collect(1.0)
        await asyncio.sleep(60)
        sick = False
        report = await pipeline.aclose(60.0)
        assert report.complete
        return Counter(data.count(b"\n") for data in store.blobs.values())

    assert run_virtual(main) == {2: 40}  # the header, and the row once


def test_tasks_that_begin_at_once() -> None:
    """asyncio.eager_task_factory: one path hangs, the others are stored."""

    async def main(loop: VirtualLoop) -> int:
        loop.set_task_factory(eager)

        def faults(operation: Operation, path: str) -> Fault | None:
            return Fault(FaultKind.HANG) if "/m0/" in path else None

        pipeline = make_pipeline(MemoryStore(faults=faults), loop, max_in_flight=2, linger=0.1)
        collectors = [pipeline.collector(f"m{n}", feature_names=["a"]) for n in range(20)]
        for collector in collectors:
            collector.collect(1.0)
        await asyncio.sleep(3)
        stored = pipeline.stats().stored
        await pipeline.aclose(0.1)
        return stored

    assert run_virtual(main) == 19


class Odd(BaseException):
    """A task factory of a host that refuses."""


def test_tasks_of_a_host_are_its_own() -> None:
    """A task factory that raises is not asked for the senders' tasks."""

    async def main(loop: VirtualLoop) -> int:
        pipeline = make_pipeline(MemoryStore(), loop, linger=0.1)
        pipeline.collector("m", feature_names=["a"]).collect(1.0)

        def refuse(*_: Any, **__: Any) -> Any:
            raise Odd

        loop.set_task_factory(refuse)
        await asyncio.sleep(1)
        loop.set_task_factory(None)
        report = await pipeline.aclose()
        return report.stored

    assert run_virtual(main) == 1


def test_paths_are_stored_in_turn() -> None:
    """Of 500 paths that all have rows the first is stored long before the last is opened."""
    order: list[str] = []

    async def main(loop: VirtualLoop) -> None:
        def hook(event: Event) -> None:
            if isinstance(event, Settled):
                order.append("stored")

        def faults(operation: Operation, path: str) -> Fault | None:
            order.append(operation.value)
            return None

        store = MemoryStore(faults=faults, latency=0.02)
        pipeline = make_pipeline(store, loop, max_in_flight=4, linger=0.1, hooks=[hook])
        collector = pipeline.collector("m", feature_names=["a"], layout="hour")
        for hour in range(500):
            collector.collect(1.0, at=3600.0 * hour)
        report = await pipeline.aclose(60.0)
        assert report.complete

    run_virtual(main)
    opened = 0
    for turn, what in enumerate(order):
        opened += what == "open"
        stored = order[:turn].count("stored")
        # Twice each: it is looked for, made, and looked at.
        assert opened <= 2 * (stored + 4 + 4), (turn, opened, stored)


class Channel:
    """As much of one as its turn needs."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing


def test_turns() -> None:
    """Steps that follow go first, then proven paths, and every fourth turn a new one; late ones
    stand apart; nobody waits for ever."""
    turns: Any = Turns()
    new, proven, late = (Channel(standing) for standing in Standing)
    for number in range(8):
        turns.add(proven, ("proven", number), goes_on=False)
        turns.add(new, ("new", number), goes_on=False)
        turns.add(late, ("late", number), goes_on=number == 7)
    for number in range(20):
        turns.add(proven, ("step", number), goes_on=True)
    taken = [turns.take()[1][0] for _ in range(36)]
    assert taken[:15] == ["step"] * 15
    assert taken[15] == "proven"
    assert Counter(taken) == {"step": 20, "proven": 8, "new": 8}
    assert taken[17:].index("new") <= 8
    assert turns.take() is None
    assert [turns.take_late()[1][1] for _ in range(8)] == [7, 0, 1, 2, 3, 4, 5, 6]
    assert turns.take_late() is None


EXITS = [GeneratorExit, KeyboardInterrupt, SystemExit]


class Panic(BaseException):
    """What a native library's panic is to Python."""


class Panicking(MemoryStore):
    """A store that raises, after the append has landed or before."""

    def __init__(self, kind: type[BaseException], *, after: bool) -> None:
        super().__init__()
        self.kind = kind
        self.after = after
        self.left = 2

    async def append(self, path: str, data: bytes, **options: Any) -> Appended:
        if "/m0/" not in path or not self.left:
            return await super().append(path, data, **options)
        self.left -= 1
        if self.after:
            await super().append(path, data, **options)
        raise self.kind


class Broken(MemoryStore):
    """A user's, which breaks its contract at each append."""

    def __init__(self, breaks: Callable[[], object]) -> None:
        super().__init__()
        self.breaks = breaks

    async def append(self, *args: Any, **kwargs: Any) -> Any:
        """Appends nothing."""
        return self.breaks()


def raise_type_error() -> object:
    raise TypeError("a secret, perhaps")


@pytest.mark.parametrize(
    ("breaks", "code"),
    [
        (raise_type_error, "StoreRaisedTypeError"),
        (lambda: [][0], "StoreRaisedIndexError"),
        (lambda: None, "StoreReturnedNoneType"),
        (lambda: 7, "StoreReturnedint"),
    ],
)
def test_a_store_that_breaks_its_contract_is_told_so(
    breaks: Callable[[], object], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By the class of what it raised or returned, never by its text; in log and ``held``."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(Broken(breaks), loop, linger=0.1)
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        await asyncio.sleep(60)
        assert list(pipeline.stats().held.values()) == [code]
        assert pipeline.stats().in_memory == 1
        await pipeline.aclose(0.1)

    run_virtual(main)
    assert f"({code}: {explain(code).meaning}" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", [Panic, asyncio.CancelledError, *EXITS])
def test_a_store_may_raise_anything(kind: type[BaseException], after: bool) -> None:
    """Its outcome is unknown: the same again, until it says; what ends a program goes on its way
    out of the loop, and the rows are stored where the loop runs on."""
    store = Panicking(kind, after=after)
    loop = VirtualLoop()
    exits = 0
    try:
        pipeline = make_pipeline(store, loop, linger=0.1)

        async def live() -> None:
            for number in range(3):
                pipeline.collector(f"m{number}", feature_names=["a"]).collect(float(number))
            await asyncio.sleep(10)

        living = loop.create_task(live())
        while not living.done():
            try:
                loop.run_until_complete(living)
            except (KeyboardInterrupt, SystemExit):
                exits += 1
        report = loop.run_until_complete(pipeline.aclose())
    finally:
        loop.close()
    # Where it had landed, the second attempt finds that out.
    assert exits == ((1 if after else 2) if kind in (KeyboardInterrupt, SystemExit) else 0)
    assert report.stored == 3
    assert Counter(data.count(b"\n") for data in store.blobs.values()) == {2: 3}
