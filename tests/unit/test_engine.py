"""The engine in virtual time: concurrency, waiting, flushing and closing, to the millisecond."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import nullcontext
from typing import Any

import pytest

from aiocollect import (
    FlushTimeout,
    Limits,
    MemoryStore,
    Pipeline,
    PipelineClosed,
    Retry,
    RingFull,
)
from aiocollect.records import Event, HighWater, LowWater, Refused, Settled
from aiocollect.testing import Fault, FaultKind, Operation, VirtualClock, VirtualLoop, run_virtual

RTT = 0.020
SLICE = 0.001


def make_pipeline(store: Any, loop: VirtualLoop, **options: Any) -> Pipeline:
    return Pipeline(
        store,
        **{
            "clock": VirtualClock(loop),
            "chance": lambda: 0.5,
            "writer_id": "00000000aa",
            "retry": Retry(base=0.1, cap=1.0, attempt_timeout=5.0, overdue=0.1),
            **options,
        },
    )


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
        await asyncio.sleep(0.1)
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


# Back-pressure ------------------------------------------------------------------------------------


def small(store: Any, loop: VirtualLoop, **options: Any) -> Pipeline:
    return make_pipeline(store, loop, max_batch_bytes=1024, max_memory_bytes=8192, **options)


def fill(collector: Any) -> int:
    """Collect until it is refused; returns how many were accepted."""
    accepted = 0
    while collector.collect(1.0) is not None:
        accepted += 1
    return accepted


async def choke(collector: Any) -> int:
    """Fill up until the encoded rows, smaller than their estimates, leave no room either."""
    accepted = more = fill(collector)
    while more:
        await asyncio.sleep(0.1)
        more = fill(collector)
        accepted += more
    return accepted


def test_sheds_the_newest_and_counts_it() -> None:
    """Above the budget collect() refuses, counts the rows, and tells the hook why."""

    async def main(loop: VirtualLoop) -> None:
        events: list[Event] = []
        pipeline = small(MemoryStore(), loop, hooks=[events.append])
        collector = pipeline.collector("m", feature_names=["a"])
        accepted = fill(collector)
        stats = pipeline.stats()
        assert stats.refused == {"full": 1}
        assert (stats.accepted, stats.in_memory) == (accepted, accepted)
        assert stats.budget_used <= stats.budget
        (refused,) = [event for event in events if isinstance(event, Refused)]
        assert isinstance(refused.error, RingFull)
        report = await pipeline.aclose()
        assert report.stored == accepted

    run_virtual(main)


def test_the_ring_of_few_slots_refuses() -> None:
    """A full ring is refused like a full budget."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, limits=Limits(ring_slots=4))
        assert fill(pipeline.collector("m", feature_names=["a"])) == 4
        await pipeline.aclose()

    run_virtual(main)


def test_the_marks_make_one_event_each() -> None:
    """Above the high mark once, below the low mark once, and healthy() follows."""

    async def main(loop: VirtualLoop) -> None:
        events: list[Event] = []
        store = MemoryStore(faults=lambda *_: Fault(FaultKind.BUSY))
        pipeline = small(store, loop, hooks=[events.append])
        collector = pipeline.collector("m", feature_names=["a"])
        await choke(collector)
        assert not pipeline.healthy()
        store.faults = None
        await pipeline.flush()
        assert pipeline.healthy()
        marks = [type(event) for event in events if isinstance(event, HighWater | LowWater)]
        assert marks[:2] == [HighWater, LowWater]
        assert len(marks) % 2 == 0
        await pipeline.aclose()

    run_virtual(main)


def test_acollect_waits_for_room_in_order() -> None:
    """Waiters are served first come, first served, once the store has taken rows."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=lambda *_: Fault(FaultKind.BUSY))
        pipeline = small(store, loop)
        collector = pipeline.collector("m", feature_names=["a"])
        await choke(collector)
        order: list[int] = []

        async def wait(number: int) -> None:
            await collector.acollect(float(number))
            order.append(number)

        waiters = [asyncio.ensure_future(wait(number)) for number in range(50)]
        await asyncio.sleep(10)
        assert len(order) < 50
        store.faults = None
        await asyncio.gather(*waiters)
        assert order == list(range(50))
        await pipeline.aclose()

    run_virtual(main)


@pytest.mark.parametrize("moment", [0.0, 0.05, 3.0])
def test_a_cancelled_acollect_is_accepted_or_not(moment: float) -> None:
    """However it is cancelled, the row is stored once or never, and the count knows which."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=lambda *_: Fault(FaultKind.BUSY))
        pipeline = small(store, loop)
        collector = pipeline.collector("m", feature_names=["a"])
        filled = await choke(collector)
        waiters = [asyncio.ensure_future(collector.acollect(-float(n))) for n in range(1, 40)]
        await asyncio.sleep(moment)
        for waiter in waiters[::2]:
            waiter.cancel()
        store.faults = None
        await asyncio.gather(*waiters, return_exceptions=True)
        report = await pipeline.aclose()
        (data,) = store.blobs.values()
        stored = [line for line in data.splitlines() if line.startswith(b"-")]
        assert len(stored) == len(set(stored)) == report.accepted - filled
        assert len(stored) >= len(waiters[1::2])

    run_virtual(main)


def test_acollect_after_and_during_close() -> None:
    """Waiting for room ends with PipelineClosed when the pipeline closes, like a new call."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=lambda *_: Fault(FaultKind.BUSY))
        pipeline = small(store, loop)
        collector = pipeline.collector("m", feature_names=["a"])
        await choke(collector)
        waiter = asyncio.ensure_future(collector.acollect([[1.0]] * 9))
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(pipeline.aclose(0.5))
        with pytest.raises(PipelineClosed):
            await waiter
        await closing
        with pytest.raises(PipelineClosed):
            await collector.acollect(1.0)
        assert collector.collect(1.0) is None
        assert pipeline.stats().refused["closed"] == 1

    run_virtual(main)


# Flush and close ----------------------------------------------------------------------------------


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
            if task is not me and task.get_name() != "aiocollect-pump":
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
