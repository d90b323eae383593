"""The engine in virtual time: concurrency, coalescing, idleness, to the millisecond."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Any

import pytest

from aiocollect import (
    FlushTimeout,
    MemoryStore,
    Pipeline,
    Retry,
)
from aiocollect.events import Event, Settled
from aiocollect.testing import Fault, FaultKind, Operation, VirtualLoop, run_virtual
from tests.support.virtual import RTT, SLICE, make_pipeline


async def warm_up(pipeline: Pipeline, paths: int) -> list[Any]:
    """Collectors of which each has its blob, so that one round trip is one append."""
    collectors = [pipeline.collector(f"m{n}", feature_names=["a"]) for n in range(paths)]
    for collector in collectors:
        collector.collect(1.0)
    await pipeline.flush()
    return collectors


def hang_on(name: str) -> Any:
    """A script under which the appends to one model are never answered."""

    def script(operation: Operation, path: str) -> Fault | None:
        hangs = operation is Operation.APPEND and f"/{name}/" in path
        return Fault(FaultKind.HANG) if hangs else None

    return script


def settle_times(events: list[tuple[float, Event]], since: float) -> dict[str, float]:
    return {event.path: at - since for at, event in events if isinstance(event, Settled)}


def test_appends_to_different_blobs_run_at_once() -> None:
    """64 paths of 20 ms each, 16 in flight: settled in 80 ms and a slice."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(latency=RTT), loop, max_in_flight=16)
        collectors = await warm_up(pipeline, 64)
        began = loop.time()
        for collector in collectors:
            collector.collect(2.0)
        await pipeline.flush()
        assert 4 * RTT <= loop.time() - began <= 4 * RTT + SLICE
        assert pipeline.stats().stored == 128
        await pipeline.aclose()

    run_virtual(main)


@pytest.mark.parametrize("hung_first", [True, False])
def test_one_hung_path_changes_no_other_paths_time(hung_first: bool) -> None:
    """A path that hangs holds a place at first, and none once it is overdue."""

    async def times(loop: VirtualLoop, hangs: bool) -> dict[str, float]:
        store = MemoryStore(latency=RTT)
        events: list[tuple[float, Event]] = []
        pipeline = make_pipeline(
            store,
            loop,
            max_in_flight=16,
            hooks=[lambda event: events.append((loop.time(), event))],
        )
        collectors = await warm_up(pipeline, 65)
        victim = collectors.pop(0 if hung_first else 64)
        if hangs:
            store.faults = hang_on("m0" if hung_first else "m64")
            victim.collect(1.0)
            await asyncio.sleep(2.5)  # sealed after its linger, sent, and overdue by now
        events.clear()
        began = loop.time()
        for collector in collectors:
            collector.collect(2.0)
        with pytest.raises(FlushTimeout) if hangs else nullcontext():
            await pipeline.flush(timeout=1.0)
        found = settle_times(events, began)
        store.faults = None
        await pipeline.aclose()
        return found

    healthy = run_virtual(lambda loop: times(loop, False))
    beside_a_hung_one = run_virtual(lambda loop: times(loop, True))
    assert len(healthy) == 64
    assert beside_a_hung_one == pytest.approx(healthy, abs=SLICE)


def test_lingers_then_sends() -> None:
    """A row waits for the linger to fill a block, and not longer."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop, linger=2.0)
        collector = pipeline.collector("m", feature_names=["a"])
        async with pipeline:
            collector.collect(1.0)
            await asyncio.sleep(1.9)
            assert pipeline.stats().stored == 0
            await asyncio.sleep(0.2)
            assert pipeline.stats().stored == 1
            assert pipeline.stats().appends == 1

    run_virtual(main)


def test_a_busy_lane_coalesces() -> None:
    """While one append is under way all that comes goes into one further block."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(latency=10.0)
        pipeline = make_pipeline(store, loop, linger=0.1, retry=Retry(attempt_timeout=100.0))
        collector = pipeline.collector("m", feature_names=["a"])
        async with pipeline:
            for number in range(200):
                collector.collect(float(number))
                await asyncio.sleep(0.1)
            await pipeline.flush()
            assert pipeline.stats().stored == 200
            assert pipeline.stats().appends <= 5

    run_virtual(main)


def test_idle_costs_nothing() -> None:
    """Without rows there are no requests and no timers."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop)
        await warm_up(pipeline, 1)
        await asyncio.sleep(10)  # the log has told of the row
        steps = 0

        def count() -> None:
            nonlocal steps
            steps += 1

        loop.after_step = count
        appends = pipeline.stats().appends
        await asyncio.sleep(3600)
        loop.after_step = None
        assert steps <= 2  # of the sleep itself
        assert pipeline.stats().appends == appends
        await pipeline.aclose()

    run_virtual(main)
