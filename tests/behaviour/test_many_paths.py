"""What is asked of a pipeline with many paths costs what it does with few: O(1), or slices."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from aiocollect import MemoryStore
from aiocollect._engine.status import report
from aiocollect.events import Dropped, Event
from aiocollect.testing import Fault, FaultKind, VirtualLoop, run_virtual
from tests.support.virtual import make_pipeline

FEW, MANY = 20, 1000


def calls(question: Callable[[], object]) -> int:
    """How many functions are called for an answer."""
    number = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal number
        number += event in ("call", "c_call")

    before = sys.getprofile()
    gc.disable()  # a collection would call what other tests have left
    sys.setprofile(count)
    try:
        question()
    finally:
        sys.setprofile(before)
        gc.enable()
    return number


def price(paths: int, kind: FaultKind | None, question: Callable[[Any], object]) -> int:
    """Of a question to a pipeline with so many paths, each of which waits for the store or has
    stored its row."""

    async def main(loop: VirtualLoop) -> int:
        faults = None if kind is None else lambda *_: Fault(kind)
        pipeline = make_pipeline(MemoryStore(faults=faults), loop, linger=0.1)
        for number in range(paths):
            collector = pipeline.collector(f"m{number}", feature_names=["a"])
            collector.collect(1.0)
            collector.collect([[2.0]])
        await asyncio.sleep(5)
        question(pipeline)  # what is remembered until something changes
        found = calls(lambda: question(pipeline))
        await pipeline.aclose(0.1)
        return found

    return run_virtual(main)


QUESTIONS: dict[str, Callable[[Any], object]] = {
    "stats": lambda pipeline: pipeline.stats(),
    "healthy": lambda pipeline: pipeline.healthy(),
    "report": lambda pipeline: report(pipeline._engine, 0.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [None, FaultKind.HANG, FaultKind.BUSY])
@pytest.mark.parametrize("name", list(QUESTIONS))
def test_a_question_costs_the_same_with_many_paths(name: str, kind: FaultKind | None) -> None:
    """But for those that are held, which are named."""
    few, many = (price(paths, kind, QUESTIONS[name]) for paths in (FEW, MANY))
    held = 4 * MANY if kind is FaultKind.BUSY else 0
    assert many <= few + 10 + held


@pytest.mark.slow
def test_sums_are_what_is_there() -> None:
    """In memory by the sums, and counted where the rows are: after every step."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(
            MemoryStore(faults=lambda *_: Fault(FaultKind.BUSY)),
            loop,
            linger=0.1,
            max_batch_bytes=1024,
            max_memory_bytes=32_768,
            when_full="shed_oldest",
        )
        engine = pipeline._engine

        def check() -> None:
            rows = engine.ring.rows
            assert engine.delivery.in_memory(rows) == engine.delivery.counted_in_memory(rows)

        loop.after_step = check
        collectors = [pipeline.collector(f"m{n}", feature_names=["a"]) for n in range(30)]
        for turn in range(300):
            collectors[turn % 30].collect([[float(turn)]] * 5)
            await asyncio.sleep(0.2)
        assert pipeline.stats().dropped["shed_oldest"]
        await pipeline.aclose(0.5)
        check()

    run_virtual(main)


@pytest.mark.slow
def test_shedding_takes_slices() -> None:
    """Of a thousand paths the oldest rows go first, a few in each step of the loop, down to the
    low mark."""
    steps: list[int] = []
    dropped: list[str] = []

    async def main(loop: VirtualLoop) -> None:
        def hook(event: Event) -> None:
            if isinstance(event, Dropped) and event.reason == "shed_oldest":
                dropped.append(event.path)
                steps[-1] += 1

        store = MemoryStore(faults=lambda *_: Fault(FaultKind.HANG))
        pipeline = make_pipeline(
            store,
            loop,
            linger=3600.0,
            max_batch_bytes=65_536,
            max_memory_bytes=8 << 20,
            when_full="shed_oldest",
            hooks=[hook],
        )
        loop.after_step = lambda: steps.append(0)
        for number in range(MANY):
            collector = pipeline.collector(f"m{number:04}", feature_names=["a"])
            collector.collect([["x" * 1000]] * 5)
            await asyncio.sleep(0.1)
        collector = pipeline.collector("last", feature_names=["a"])
        for _ in range(400):
            collector.collect([["x" * 1000]] * 5)
            await asyncio.sleep(0.01)
        assert 200 < len(dropped) < MANY
        order = [path.split("/")[-7] for path in dropped]
        assert order == sorted(order)
        await pipeline.aclose(0.1)

    run_virtual(main)
    assert max(steps) <= 64


def test_a_name_of_ones_own_is_not_given_to_another_header() -> None:
    """Lanes of own blobs that were forgotten, and are opened in another order for late rows, go on
    under their own names, in the next part."""

    async def main(loop: VirtualLoop) -> dict[str, list[bytes]]:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop, writer="own", linger=0.1)
        one = pipeline.collector("m", feature_names=["a"])
        other = pipeline.collector("m", feature_names=["b"])
        first = pipeline._engine.clock.time_ns() / 1e9
        for order in ((one, other), (other, one)):
            for number, collector in enumerate(order):
                assert collector.collect([[float(number)]], at=first)
                await asyncio.sleep(1)
            await asyncio.sleep(5 * 86_400)
            assert one.collect([[9.0]])  # another day's, with which the old ones are let go of
            await asyncio.sleep(1)
        await pipeline.aclose()
        day = next(path for path in store.blobs).rpartition("/")[0]
        return {
            path.rpartition("/")[2]: data.splitlines()
            for path, data in store.blobs.items()
            if path.startswith(day)
        }

    blobs = run_virtual(main)
    headers = {name: lines[0][:1] for name, lines in blobs.items()}
    assert len(blobs) == 4
    for dashes, header in ((1, b"a"), (2, b"b")):
        found = [headers[name] for name in headers if name.count("-") == dashes]
        assert found == [header, header]
