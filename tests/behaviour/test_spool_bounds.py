"""The spool is bounded, and an outage may last longer than memory; the oracle: the stored file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aiocollect import Limits, MemoryStore
from aiocollect.testing import VirtualLoop, run_virtual
from tests.support.spools import down, files, numbers, spooled


@pytest.mark.slow
def test_an_outage_longer_than_memory_lasts(tmp_path: Path) -> None:
    """Rows beyond the budget stand on the disk alone; the budget holds; all come back in order."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = spooled(
            store, loop, tmp_path, 1, max_batch_bytes=4096, max_memory_bytes=64 * 1024
        )
        collector = pipeline.collector("m", feature_names=["a"])
        other = pipeline.collector("n", feature_names=["a"])
        collector.collect(-1.0)
        await pipeline.flush()
        store.faults = lambda _, path: down() if "/m/" in path else None
        most = 0
        for number in range(8000):
            assert collector.collect(float(number)) is not None
            if not number % 100:
                assert other.collect(float(number)) is not None
            await asyncio.sleep(0.002)
            most = max(most, pipeline.stats().budget_used)
        stats = pipeline.stats()
        assert stats.in_spool > 5000
        assert most <= 64 * 1024
        assert stats.accepted == stats.stored + stats.in_memory + stats.in_spool
        # The other path was never held up.
        await asyncio.sleep(1.0)
        assert pipeline.stats().stored == 1 + 80
        store.faults = None
        report = await pipeline.aclose(timeout=60.0)
        assert report.complete
        assert numbers(store)[:8001] == [-1.0, *map(float, range(8000))]
        assert files(tmp_path) == []

    run_virtual(main)


@pytest.mark.slow
def test_a_backlog_goes_through_little_memory_beside_new_rows(tmp_path: Path) -> None:
    """What another life has left is many times the budget; new rows are stored meanwhile."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=down)
        first = spooled(store, loop, tmp_path, 1, max_batch_bytes=4096, max_memory_bytes=64 * 1024)
        collector = first.collector("m", feature_names=["a"])
        for number in range(8000):
            collector.collect(float(number))
            await asyncio.sleep(0.001)
        assert (await first.aclose(timeout=0.5)).in_spool == 8000
        store.faults = None
        store.latency = 0.06
        second = spooled(store, loop, tmp_path, 2, max_batch_bytes=4096, max_memory_bytes=65536)
        most = 0
        async with second:
            new = second.collector("new", feature_names=["a"])
            await asyncio.sleep(0.3)
            assert second.stats().in_spool > 4000
            for number in range(100):
                new.collect(float(number))
                await asyncio.sleep(0.005)
                most = max(most, second.stats().budget_used)
            await asyncio.sleep(0.3)
            assert sum(map(len, store.blobs.values())) > 0
            done = [path for path in store.blobs if "/new/" in path]
            assert done, "new rows waited for the backlog"
            assert second.stats().in_spool > 0
            await second.flush()
        assert most <= 64 * 1024 * 1.25
        found = [
            n
            for path, data in store.blobs.items()
            if "/m/" in path
            for n in (float(line.split(b",")[0]) for line in data.splitlines()[1:])
        ]
        assert found == [*map(float, range(8000))]

    run_virtual(main)


@pytest.mark.slow
def test_the_spool_is_bounded(tmp_path: Path) -> None:
    """Above its bound rows are in memory alone, and the policies for a full budget hold."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=down)
        pipeline = spooled(
            store,
            loop,
            tmp_path,
            1,
            max_batch_bytes=4096,
            max_memory_bytes=64 * 1024,
            limits=Limits(max_spool_bytes=100_000),
        )
        collector = pipeline.collector("m", feature_names=["a"])
        refused = 0
        for number in range(8000):
            refused += collector.collect(float(number)) is None
            await asyncio.sleep(0.001)
        size = sum(path.stat().st_size for path in tmp_path.rglob("*.rows"))
        assert 90_000 < size < 140_000
        stats = pipeline.stats()
        assert refused == sum(stats.refused.values()) > 0
        assert stats.accepted + refused == 8000
        store.faults = None
        report = await pipeline.aclose(timeout=60.0)
        assert report.complete
        found = numbers(store)
        assert found == sorted(found)
        assert len(found) == 8000 - refused

    run_virtual(main)


@pytest.mark.slow
def test_knowing_where_rows_are_is_bounded(tmp_path: Path) -> None:
    """Rows that are near one another cost next to nothing; above the bound, a quarter of the
    budget, rows are in memory alone."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=down)
        pipeline = spooled(store, loop, tmp_path, 1, max_batch_bytes=16384, max_memory_bytes=2**18)
        near = pipeline.collector("near", feature_names=["a"])
        for number in range(2000):
            near.collect(float(number))
            await asyncio.sleep(0.01)
        spool = pipeline._engine.delivery.spool
        assert spool is not None
        assert spool._max_index_bytes == 2**16
        assert 0 < spool._index_size < 2000
        assert pipeline.stats().unspooled == 0
        spool._max_index_bytes = spool._index_size
        near.collect(0.5)
        await asyncio.sleep(0.01)
        assert pipeline.stats().unspooled == 1
        store.faults = None
        assert (await pipeline.aclose(timeout=60.0)).complete

    run_virtual(main)
