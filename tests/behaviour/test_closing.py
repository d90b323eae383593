"""Flush, close and hosts in virtual time: deadlines kept, every row accounted for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from aiocollect import (
    FlushTimeout,
    MemoryStore,
    Pipeline,
    Retry,
)
from aiocollect.events import Event
from aiocollect.testing import Fault, FaultKind, VirtualLoop, run_virtual
from tests.support.virtual import RTT, make_pipeline


def test_flush_times_out_with_a_report() -> None:
    """A flush into a dead store ends when it was told to, and nothing is lost by it."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=lambda *_: Fault(FaultKind.HANG))
        pipeline = make_pipeline(store, loop)
        collector = pipeline.collector("m", feature_names=["a"])
        collector.collect([[1.0], [2.0]])
        began = loop.time()
        with pytest.raises(FlushTimeout) as caught:
            await pipeline.flush(timeout=3.0)
        assert loop.time() - began == pytest.approx(3.0)
        assert caught.value.report.in_memory == 2
        store.faults = None
        assert (await pipeline.flush()).stored == 2
        await pipeline.aclose()

    run_virtual(main)


def test_flush_waits_for_what_came_before_only() -> None:
    """Rows that arrive during a flush do not hold it up for ever."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(latency=RTT), loop)
        collector = pipeline.collector("m", feature_names=["a"])

        async def produce() -> None:
            while collector.collect(1.0) is not None:
                await asyncio.sleep(0.001)

        producer = asyncio.ensure_future(produce())
        await asyncio.sleep(0.5)
        began = loop.time()
        await pipeline.flush()
        assert loop.time() - began < 1.0
        await pipeline.aclose()
        await producer

    run_virtual(main)


def test_closing_a_dead_store_keeps_the_deadline_and_counts() -> None:
    """At the deadline what was sent is possibly stored, what was not is dropped: all is counted."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(latency=RTT)
        pipeline = make_pipeline(store, loop, max_in_flight=1)
        first, second = (pipeline.collector(name, feature_names=["a"]) for name in ("m1", "m2"))
        first.collect(1.0)
        await pipeline.flush()
        store.faults = lambda *_: Fault(FaultKind.HANG)
        first.collect([[2.0]] * 3)
        second.collect([[3.0]] * 5)
        began = loop.time()
        report = await pipeline.aclose(2.0)
        assert loop.time() - began == pytest.approx(2.0)
        assert (report.accepted, report.stored, report.in_memory) == (9, 1, 0)
        assert (report.possibly_stored, report.dropped) == (3, {"closed": 5})
        assert not report.complete

    run_virtual(main)


def test_closing_is_idempotent_and_survives_cancellation() -> None:
    """A host that cancels its shutdown does not stop the close; all callers get its report."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(latency=RTT), loop)
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        impatient = asyncio.ensure_future(pipeline.aclose())
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        report = await pipeline.aclose()
        assert report.stored == 1
        assert await pipeline.aclose() is report

    run_virtual(main)


def test_waits_are_cut_short_at_close() -> None:
    """A lane that would sleep for minutes is woken, and what can be stored is."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=lambda *_: Fault(FaultKind.CREDENTIAL))
        pipeline = make_pipeline(store, loop, retry=Retry(hold=600.0))
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        await asyncio.sleep(5)
        assert set(pipeline.stats().held.values()) == {"AuthenticationFailed"}
        assert not pipeline.healthy()
        store.faults = None
        report = await pipeline.aclose()
        assert report.complete
        assert report.seconds < 1

    run_virtual(main)


def test_a_stranger_cancels_all_tasks() -> None:
    """Cancelled requests are tried again by the next one that wakes the lane."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(latency=10.0)
        pipeline = make_pipeline(store, loop, retry=Retry(base=0.1, attempt_timeout=100.0))
        collector = pipeline.collector("m", feature_names=["a"])
        collector.collect(1.0)
        await asyncio.sleep(2.5)
        me = asyncio.current_task()
        for task in asyncio.all_tasks():
            if task is not me:
                task.cancel()
        store.latency = 0.01
        assert (await pipeline.flush()).stored == 1
        await pipeline.aclose()

    run_virtual(main)


def test_hosts_start_and_close_it() -> None:
    """lifespan and cleanup_ctx start the pipeline, and store all when the host stops."""

    async def by_lifespan(pipeline: Pipeline) -> None:
        async with pipeline.lifespan(None):
            pipeline.collector("m", feature_names=["a"]).collect(1.0)

    async def by_cleanup_ctx(pipeline: Pipeline) -> None:
        context = pipeline.cleanup_ctx(None)
        await anext(context)
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        with pytest.raises(StopAsyncIteration):
            await anext(context)

    async def main(loop: VirtualLoop) -> None:
        host: Any
        for host in (by_lifespan, by_cleanup_ctx):
            pipeline = make_pipeline(MemoryStore(), loop)
            running: Coroutine[Any, Any, None] = host(pipeline)
            await running
            assert (await pipeline.aclose()).stored == 1

    run_virtual(main)


def test_a_hook_that_raises_stops_nothing() -> None:
    """It is counted, and the rows are stored."""

    def hook(event: Event) -> None:
        raise ValueError("a user's bug")

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, hooks=[hook])
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        assert (await pipeline.aclose()).stored == 1
        assert pipeline.stats().hook_errors > 0

    run_virtual(main)


def test_a_stranger_cancels_the_pump() -> None:
    """The next call starts it again, and nothing is lost."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop)
        collector = pipeline.collector("m", feature_names=["a"])
        collector.collect(1.0)
        for moment in (0.0, 0.001, 1.0, 5.0):
            await asyncio.sleep(moment)
            me = asyncio.current_task()
            for task in asyncio.all_tasks():
                if task is not me:
                    task.cancel()
            await asyncio.sleep(0)
            collector.collect(2.0)
        assert (await pipeline.flush()).stored == 5
        await pipeline.aclose()

    run_virtual(main)


class DeafStore(MemoryStore):
    """Swallows cancellations, and never closes."""

    async def append(self, *arguments: Any, **options: Any) -> Any:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                continue

    async def aclose(self) -> None:
        await asyncio.Event().wait()


def test_a_store_that_hears_nothing_cannot_hold_up_the_close() -> None:
    """The close ends soon after its deadline, and counts what was sent as possibly stored."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(DeafStore(), loop)
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        report = await pipeline.aclose(2.0)
        assert report.seconds < 10
        assert (report.possibly_stored, report.in_memory) == (1, 0)

    loop = VirtualLoop()
    loop.run_until_complete(main(loop))
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.close()


def test_flush_during_close_returns() -> None:
    """A flush that waits when the pipeline is closed ends with it."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=lambda *_: Fault(FaultKind.HANG))
        pipeline = make_pipeline(store, loop)
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        flushing = asyncio.ensure_future(pipeline.flush())
        await asyncio.sleep(1)
        await pipeline.aclose(1.0)
        assert (await flushing).in_memory == 0

    run_virtual(main)
