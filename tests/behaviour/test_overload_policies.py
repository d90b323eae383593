"""What becomes of rows where there is no room, or no time: policies, and who waits how."""

from __future__ import annotations

import asyncio
import itertools
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from aiocollect import ConfigError, MemoryStore, Pipeline, PipelineClosed, RingFull
from aiocollect.events import Dropped, Event
from aiocollect.testing import Fault, FaultKind, VirtualLoop, run_virtual
from tests.support.disks import InlineDisk
from tests.support.virtual import choke, fill, make_pipeline, small


def test_raise_lets_the_refusal_out() -> None:
    """when_full="raise" raises for want of room, and for nothing else."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = small(MemoryStore(), loop, when_full="raise")
        collector = pipeline.collector("m", feature_names=["a"])
        with pytest.raises(RingFull):
            fill(collector)
        assert collector.collect({1, 2}) is None
        await pipeline.aclose()

    run_virtual(main)


def test_shed_oldest_keeps_the_latest_rows() -> None:
    """In an outage the oldest rows that were never sent are given up, down to the low-water mark:
    what is stored in the end is the batch that was begun, and then the last ones, in order."""
    events: list[Event] = []

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = small(store, loop, when_full="shed_oldest", hooks=[events.append])
        collector = pipeline.collector("m", feature_names=["a"])
        collector.collect(-1.0)
        await pipeline.flush()
        store.faults = lambda *_: Fault(FaultKind.BUSY)
        for number in range(2000):
            assert collector.collect(float(number)) is not None
            await asyncio.sleep(0.01)
        store.faults = None
        report = await pipeline.aclose()
        assert report.accepted == 2001
        lost = report.dropped.pop("shed_oldest")
        assert not report.dropped
        assert report.stored + lost == 2001
        assert lost == sum(event.rows for event in events if isinstance(event, Dropped))
        (data,) = store.blobs.values()
        cells = [float(line.split(b",")[0]) for line in data.splitlines()[1:]]
        assert cells == sorted(cells)
        assert cells[-1] == 1999.0
        gaps = [b - a for a, b in itertools.pairwise(cells) if b - a != 1.0]
        assert len(gaps) <= 1, "only one stretch of rows is missing"

    run_virtual(main)


def test_delivery_timeout_gives_up_what_waits_too_long() -> None:
    """Rows that were not sent in time are dropped, counted, and told; the batch in doubt stays."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=lambda *_: Fault(FaultKind.LOST_ANSWER))
        pipeline = make_pipeline(store, loop, delivery_timeout=5.0, linger=0.1)
        collector = pipeline.collector("m", feature_names=["a"])
        collector.collect(1.0)
        await asyncio.sleep(1.0)
        collector.collect(2.0)
        await asyncio.sleep(8.0)
        stats = pipeline.stats()
        assert stats.dropped == {"delivery_timeout": 1}
        store.faults = None
        report = await pipeline.aclose()
        assert (report.stored, report.dropped) == (1, {"delivery_timeout": 1})
        (data,) = store.blobs.values()
        assert data.splitlines()[1].startswith(b"1.0,")

    run_virtual(main)


@pytest.mark.slow
def test_threads_wait_for_room() -> None:
    """collect_wait() blocks its thread until the store has made room, or the time is up."""
    down = True

    def faults(*_: Any) -> Fault | None:
        return Fault(FaultKind.BUSY) if down else None

    async def main() -> None:
        nonlocal down
        pipeline = Pipeline(
            MemoryStore(faults=faults), max_batch_bytes=1024, max_memory_bytes=8192, linger=0
        )
        collector = pipeline.collector("m", feature_names=["a"])
        await pipeline.start()
        with pytest.raises(ConfigError, match="await acollect"):
            collector.collect_wait(1.0)
        accepted = await choke(collector)
        with pytest.raises(RingFull, match=r"within 0\.05 s"):
            await asyncio.to_thread(collector.collect_wait, 1.0, timeout=0.05)
        waiting = [
            asyncio.create_task(asyncio.to_thread(collector.collect_wait, 1.0)) for _ in "ab"
        ]
        await asyncio.sleep(0.05)
        assert not any(task.done() for task in waiting)
        down = False
        assert all(await asyncio.gather(*waiting))
        report = await pipeline.aclose()
        assert report.stored == accepted + 2
        with pytest.raises(PipelineClosed):
            await asyncio.to_thread(collector.collect_wait, 1.0)

    asyncio.run(main())


def test_dead_letters_have_a_file(tmp_path: Path) -> None:
    """Rows that no encoder or store takes are written down, alone, for their owner's eyes."""
    path = tmp_path / "dead.jsonl"

    class Odd:
        def header(self, schema: Any) -> bytes:
            return b"a\n"

        content_type = "text/plain"
        extension = "csv"

        def encode(self, pieces: Any, schema: Any) -> list[bytes]:
            rows = [row for piece in pieces for row in piece.rows]
            if any(row[0] == 13.0 for row in rows):
                raise ValueError("unlucky")
            return [b"%f\n" % row[0] for row in rows]

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(max_block_bytes=300)
        pipeline = make_pipeline(store, loop, dead_letters=path, format=Odd())
        pipeline.collector("m", feature_names=["a"]).collect([1.0, 13.0, 2.0])
        csv = pipeline.collector("n", feature_names=["a"], format="csv")
        csv.collect(["x", "y" * 400, "z"])
        report = await pipeline.aclose()
        assert (report.stored, report.dead_lettered) == (4, {"encode": 1, "RequestBodyTooLarge": 1})

    run_virtual(main)
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert {entry["reason"] for entry in entries} == {"encode", "RequestBodyTooLarge"}
    assert all(entry["rows"] == 1 for entry in entries)
    assert any("13.0" in entry["content"] for entry in entries)
    assert any("y" * 400 in entry["content"] for entry in entries)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_dead_letters_are_bounded(tmp_path: Path) -> None:
    """A full file, or one that cannot be written, loses the content and nothing else."""
    from aiocollect._delivery.dead_letters import DeadLetters
    from aiocollect._hooks.hooks import Hooks

    told: list[Any] = []

    async def main(loop: VirtualLoop) -> None:
        def make(path: Path, **options: Any) -> DeadLetters:
            return DeadLetters(str(path), aside=InlineDisk(), hooks=Hooks([told.append]), **options)

        letters = make(tmp_path / "dead.jsonl", max_bytes=300)
        for _ in range(10):
            letters.write("m", rows=2, reason="encode", content=b"x" * 50)
        await letters.settle(1)
        assert (tmp_path / "dead.jsonl").stat().st_size <= 300
        assert letters.lost >= 14
        assert sum(event.rows for event in told) == letters.lost
        assert {event.reason for event in told} == {"the file would exceed 300 bytes"}
        nowhere = make(tmp_path / "no" / "dead.jsonl")
        nowhere.write("m", rows=2, reason="encode", content=[object()])
        await nowhere.settle(1)
        assert (nowhere.lost, told[-1].rows) == (2, 2)
        assert told[-1].reason == "No such file or directory"

    run_virtual(main)


@pytest.mark.slow
def test_threads_and_tasks_are_served_in_order() -> None:
    """Waiters of one collector are let in first come, first served, whoever they are."""

    async def main() -> None:
        down = True

        def faults(*_: Any) -> Fault | None:
            return Fault(FaultKind.BUSY) if down else None

        store = MemoryStore(faults=faults)
        pipeline = Pipeline(store, max_batch_bytes=1024, max_memory_bytes=8192, linger=0)
        collector = pipeline.collector("m", feature_names=["a"])
        await pipeline.start()
        before = await choke(collector)
        waiting: list[asyncio.Task[Any]] = []
        for number in range(10):
            if number % 2:
                work: Any = collector.acollect(-float(number))
            else:
                work = asyncio.to_thread(collector.collect_wait, -float(number))
            waiting.append(asyncio.create_task(work))
            await asyncio.sleep(0.01)
        down = False
        await asyncio.gather(*waiting)
        report = await pipeline.aclose()
        assert report.stored == before + 10
        data = b"".join(store.blobs.values())
        cells = [float(line.split(b",")[0]) for line in data.splitlines()[1:]]
        assert [cell for cell in cells if cell <= 0] == [-float(number) for number in range(10)]

    asyncio.run(main())
