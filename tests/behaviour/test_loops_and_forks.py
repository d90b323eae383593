"""Where a pipeline lives: loops that end, strangers that cancel, processes that fork."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from aiocollect import ConfigError, Limits, MemoryStore, Pipeline, Report, Retry
from aiocollect.encoders import CsvEncoder
from aiocollect.events import Event, Retrying
from aiocollect.testing import Fault, FaultKind, VirtualLoop, run_virtual
from aiocollect.typing import Piece, Schema
from tests.chaos.forks import Stop
from tests.support.virtual import make_pipeline


def rows_of(store: MemoryStore) -> int:
    return sum(data.count(b"\n") - 1 for data in store.blobs.values() if data)


def cancel_all() -> None:
    """What asyncio.run() does at its end, and some hosts in the middle."""
    me = asyncio.current_task()
    for task in asyncio.all_tasks():
        if task is not me:
            task.cancel()


def test_cancelled_tasks_do_not_stop_the_pipeline() -> None:
    """Strangers cancel all tasks while rows are on their way, and during a flush: all arrive."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(latency=0.02)
        pipeline = make_pipeline(store, loop)
        collector = pipeline.collector("m", feature_names=["a"])
        for round_ in range(30):
            collector.collect(float(round_))
            await asyncio.sleep(0.013 * (round_ % 7))
            cancel_all()
        flushing = asyncio.create_task(pipeline.flush())
        await asyncio.sleep(0.001)
        assert (await pipeline.flush(timeout=60)).stored == 30
        assert (await flushing).stored == 30
        report = await pipeline.aclose()
        assert report.complete
        assert rows_of(store) == 30

    run_virtual(main)


def test_a_closing_that_is_cancelled_still_reports() -> None:
    """At any moment of aclose() all tasks may be cancelled: every row is accounted for, once."""

    async def main(loop: VirtualLoop) -> None:
        for steps in range(12):
            store = MemoryStore(latency=0.01, faults=lambda *_: Fault(FaultKind.HANG))
            pipeline = make_pipeline(store, loop, close_timeout=0.5)
            pipeline.collector("m", feature_names=["a"]).collect([[1.0], [2.0]])
            closing = asyncio.create_task(pipeline.aclose())
            for _ in range(steps):
                await asyncio.sleep(0.001)
            cancel_all()
            await asyncio.wait([closing])
            first = await pipeline.aclose()
            assert (first.accepted, first.in_memory) == (2, 0)
            assert sum(first.dropped.values()) + first.possibly_stored == 2
            assert await pipeline.aclose() == first

    run_virtual(main)


def test_the_next_loop_goes_on() -> None:
    """Rows of a loop that ended, in flight or not, are stored from the next one; exactly once."""
    hanging = True

    def faults(*_: object) -> Fault | None:
        return Fault(FaultKind.HANG_APPLIED) if hanging else None

    store = MemoryStore(faults=faults)
    pipeline = Pipeline(store, linger=0)
    collector = pipeline.collector("m", feature_names=["a"])

    async def first() -> None:
        collector.collect(1.0)
        await asyncio.sleep(0.05)
        collector.collect(2.0)

    asyncio.run(first())
    collector.collect(3.0)  # where no loop runs
    hanging = False
    report = asyncio.run(pipeline.aclose())
    assert (report.accepted, report.stored) == (3, 3)
    (data,) = store.blobs.values()
    assert [line.split(b",")[0] for line in data.splitlines()] == [b"a", b"1.0", b"2.0", b"3.0"]
    assert asyncio.run(pipeline.aclose()) == report


def test_collect_wakes_the_next_loop() -> None:
    """Without start(): the first collect() on another loop takes the pipeline along."""
    store = MemoryStore()
    pipeline = Pipeline(store, linger=0)
    collector = pipeline.collector("m", feature_names=["a"])

    async def some() -> None:
        collector.collect(1.0)
        await asyncio.sleep(0.05)

    for _ in range(3):
        asyncio.run(some())
    assert rows_of(store) == 3
    asyncio.run(pipeline.aclose())


def test_a_running_loop_is_not_left() -> None:
    """Two loops at once: the second cannot start it; its calls and flushes are carried over."""
    store = MemoryStore()
    pipeline = Pipeline(store, linger=0)
    collector = pipeline.collector("m", feature_names=["a"])
    found: list[object] = []

    async def elsewhere() -> None:
        with pytest.raises(ConfigError, match="one pipeline per loop"):
            await pipeline.start()
        found.append(collector.collect(2.0))
        found.append(await collector.acollect(3.0))
        found.append((await pipeline.flush()).stored)

    async def main() -> Report:
        await pipeline.start()
        collector.collect(1.0)
        await asyncio.to_thread(asyncio.run, elsewhere())
        return await pipeline.aclose()

    assert asyncio.run(main()).stored == 3
    assert found[2] == 3
    assert None not in found


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_begins_with_nothing(tmp_path: Path) -> None:
    """Rows that wait belong to the parent; the child records its own, under its own writer id,
    and is closed like any other pipeline."""
    pipeline = Pipeline(tmp_path, writer="own")
    collector = pipeline.collector("m", feature_names=["a"])

    async def in_child() -> Report:
        collector.collect(2.0)
        await pipeline.flush()
        return await pipeline.aclose()

    async def parent() -> Report:
        collector.collect(1.0)
        child = os.fork()
        if child == 0:
            # A thread of its own, since the loop of this one is the parent's.
            reports: list[Report] = []
            thread = threading.Thread(target=lambda: reports.append(asyncio.run(in_child())))
            thread.start()
            thread.join(20)
            os._exit(0 if reports and (reports[0].accepted, reports[0].stored) == (1, 1) else 1)
        assert os.waitpid(child, 0)[1] == 0
        return await pipeline.aclose()

    report = asyncio.run(parent())
    assert (report.accepted, report.stored) == (1, 1)
    blobs = sorted(tmp_path.rglob("*.csv"))
    assert len(blobs) == 2, "one blob of each writer"
    cells = sorted(blob.read_text().splitlines()[1].split(",")[0] for blob in blobs)
    assert cells == ["1.0", "2.0"]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_has_the_whole_budget() -> None:
    """What the parent's rows use of the budget is free in the child, shares kept."""
    pipeline = Pipeline(MemoryStore(), limits=Limits(ring_slots=8))
    collector = pipeline.collector("m", feature_names=["a"])
    while collector.collect(1.0):
        pass
    child = os.fork()
    if child == 0:
        stats = pipeline.stats()
        empty = (stats.accepted, stats.budget_used, stats.refused) == (0, 0, {})
        os._exit(0 if empty and collector.collect(1.0) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert pipeline.stats().accepted == 8


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_while_rows_are_encoded() -> None:
    """The pipeline's thread lets go of the lock to encode, so a fork can happen in the middle. That
    thread is not in the child, whose ring is empty and can be read; the parent loses nothing."""
    pipeline = Pipeline(MemoryStore(), host="thread")
    collector = pipeline.collector("m", feature_names=["a", "b"])
    rows = [[0.1 * number, 1 / (number + 1)] for number in range(2000)]
    for _ in range(8):
        for _ in range(4):
            collector.collect(rows)
        child = os.fork()
        if child == 0:
            collector.collect([1.0, 2.0])
            report = pipeline.close(timeout=20)
            os._exit(0 if (report.accepted, report.stored) == (1, 1) else 1)
        assert os.waitpid(child, 0)[1] == 0
    report = pipeline.close()
    assert report.accepted == report.stored == 8 * 4 * len(rows)


def test_two_loops_make_the_first_call_at_once() -> None:
    """Two threads, each with a loop: one of them becomes the pipeline's, and no row is doubled."""
    for _ in range(30):
        store = MemoryStore(latency=0.001)
        pipeline = Pipeline(store, linger=0.002)
        collector = pipeline.collector("m", feature_names=["a"])
        together = threading.Barrier(2)

        async def work(
            collector: Any = collector, pipeline: Pipeline = pipeline, together: Any = together
        ) -> None:
            together.wait()
            for _ in range(20):
                assert collector.collect(1.0)
                await asyncio.sleep(0)
            await pipeline.flush(timeout=20)
            await asyncio.to_thread(together.wait)

        threads = [threading.Thread(target=asyncio.run, args=(work(),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report = asyncio.run(pipeline.aclose())
        assert (report.accepted, report.stored, rows_of(store)) == (40, 40, 40)


def test_a_hook_collects_while_the_next_loop_takes_over() -> None:
    """Taking over tells hooks of requests without an answer; what they collect does not block."""
    asked = 0

    def faults(*_: object) -> Fault | None:
        nonlocal asked
        asked += 1
        return Fault(FaultKind.ERROR if asked < 3 else FaultKind.HANG) if asked < 4 else None

    def hook(event: Event) -> None:
        if isinstance(event, Retrying):
            collector.collect(2.0)

    store = MemoryStore(faults=faults)
    retry = Retry(base=0.02, cap=0.05)
    pipeline = Pipeline(store, linger=0.02, retry=retry, hooks=[hook])
    collector = pipeline.collector("m", feature_names=["a"])

    async def first() -> None:
        collector.collect(1.0)
        while asked < 3:
            await asyncio.sleep(0.01)

    asyncio.run(first())
    report = asyncio.run(pipeline.aclose())
    assert report.complete
    assert rows_of(store) == report.accepted >= 1


def test_a_loop_that_stands_still_is_left() -> None:
    """A loop that was stopped, not closed: the next one of the same thread takes over, and the
    first may run again."""
    store = MemoryStore()
    pipeline = Pipeline(store, linger=0)
    collector = pipeline.collector("m", feature_names=["a"])
    loops = [asyncio.new_event_loop() for _ in range(2)]

    async def some() -> None:
        for _ in range(10):
            collector.collect(1.0)
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)

    for turn in range(6):
        loops[turn % 2].run_until_complete(some())
    assert rows_of(store) == 60
    assert pipeline.close().stored == 60
    for loop in loops:
        loop.close()


class Unlocked(Stop):
    """Never stops a thread that has the ring's lock, behind which all others wait anyway. The
    native core's ring has none."""

    lock: Any

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if self.lock is None or not self.lock._is_owned():
            super().__call__(frame, event, argument)


class Arming(CsvEncoder):
    """Sets a profile function on the thread that encodes: the pipeline's own."""

    def __init__(self) -> None:
        super().__init__()
        self.stop: Stop | None = None

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        sys.setprofile(self.stop)
        return super().encode(pieces, schema)


@pytest.mark.slow
def test_snapshots_from_other_threads_are_whole() -> None:
    """stats() of another thread, wherever the pipeline's own thread stands, from where it encodes
    rows until they are final: the equation holds, and each row is in one place."""
    encoder = Arming()
    pipeline = Pipeline(MemoryStore(), host="thread", linger=0, format=encoder)
    collector = pipeline.collector("m", feature_names=["a"])
    moments = 0
    while True:
        stop = encoder.stop = Unlocked(moments + 1)
        stop.lock = getattr(pipeline._engine.ring, "lock", None)
        collector.collect([[1.0]] * 5)

        def flush(stop: Stop = stop) -> None:
            pipeline.flush_sync(20)
            stop.reached.set()

        flushing = threading.Thread(target=flush)
        flushing.start()
        stop.reached.wait()

        def release(frame: FrameType, event: str, _: object, stop: Stop = stop) -> None:
            if event == "call" and frame.f_code.co_name == "result":  # it waits for the thread
                stop.go_on.set()

        sys.setprofile(release)
        try:
            stats = pipeline.stats()
        finally:
            sys.setprofile(None)
            stop.go_on.set()
        flushing.join()
        final = stats.stored + stats.possibly_stored
        final += sum(stats.dead_lettered.values()) + sum(stats.dropped.values())
        assert stats.accepted == final + stats.in_memory, f"torn at moment {moments}"
        if stop.left > 0:  # all was stored before
            break
        moments += 1
    assert moments > 100
    assert pipeline.close().stored == 5 * (moments + 1)


def test_a_bad_timeout_closes_nothing() -> None:
    """Refused before anything is done: the pipeline goes on."""

    async def main() -> None:
        pipeline = Pipeline(MemoryStore())
        collector = pipeline.collector("m", feature_names=["a"])
        for bad in ("5", -1, float("nan")):
            with pytest.raises(ConfigError, match="timeout"):
                await pipeline.aclose(bad)  # type: ignore[arg-type]
            with pytest.raises(ConfigError, match="timeout"):
                await pipeline.flush(bad)  # type: ignore[arg-type]
        assert collector.collect(1.0)
        assert (await pipeline.aclose()).stored == 1

    asyncio.run(main())
