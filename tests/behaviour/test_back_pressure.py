"""Back-pressure in virtual time: shedding, marks, and waiting for room in order."""

from __future__ import annotations

import asyncio

import pytest

from aiocollect import (
    Limits,
    MemoryStore,
    PipelineClosed,
    RingFull,
)
from aiocollect._delivery.backpressure import Backpressure
from aiocollect.events import Event, HighWater, LowWater, Refused
from aiocollect.testing import Fault, FaultKind, VirtualLoop, run_virtual
from tests.support.virtual import choke, fill, make_pipeline, small


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


@pytest.mark.slow
@pytest.mark.parametrize("patient", [True, False])
def test_what_a_cancelled_acollect_held_is_freed_at_once(patient: bool) -> None:
    """Wherever it stood in the line: not only when room comes; also where it gave up by itself."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=lambda *_: Fault(FaultKind.BUSY))
        pipeline = small(store, loop)
        collector = pipeline.collector("m", feature_names=["a"])
        await choke(collector)
        head = asyncio.ensure_future(collector.acollect([[1.0]] * 9))
        await asyncio.sleep(0)
        waiters = pipeline._engine.delivery.backpressure
        line = [asyncio.ensure_future(collector.acollect(float(n))) for n in range(1000)]
        await asyncio.sleep(0)
        assert waiting(waiters) == 1001
        if patient:
            for waiter in line:
                waiter.cancel()
            await asyncio.gather(*line, return_exceptions=True)
            assert waiting(waiters) == 1
        head.cancel()
        await asyncio.gather(head, return_exceptions=True)
        assert waiting(waiters) == (0 if patient else 1000)
        account = collector._recorder.account
        assert waiters.has(account) is not patient
        for waiter in line:
            waiter.cancel()
        await asyncio.gather(*line, return_exceptions=True)
        assert not waiters.has(account)
        store.faults = None
        await pipeline.aclose()

    run_virtual(main)


def waiting(waiters: Backpressure) -> int:
    return sum(map(len, waiters._queues.values()))


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
