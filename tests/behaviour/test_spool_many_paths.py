"""A spool with many paths: outages longer than memory, shares, and adoption in slices."""

from __future__ import annotations

import asyncio
import sys

import pytest

from aiocollect import Pipeline
from aiocollect.events import SpoolAdopted
from aiocollect.testing import (
    VirtualLoop,
)
from tests.support.machines import Machine
from tests.support.spools import down


@pytest.mark.slow
@pytest.mark.parametrize("paths", [60, 300])
def test_an_outage_lasts_longer_than_memory_whatever_the_number_of_paths(paths: int) -> None:
    """Four times the budget: no row is refused; all that memory has no room for is on the disk, and
    comes to the store, in order."""
    machine = Machine()
    text = "x" * 1000

    async def life(pipeline: Pipeline, loop: VirtualLoop) -> None:
        collectors = [pipeline.collector(f"m{n}", feature_names=["a"]) for n in range(paths)]
        machine.store.faults = down
        rows = 16 * 2**20 // (1000 * paths)
        most = 0
        for number in range(rows):
            for collector in collectors:
                assert collector.collect(f"{number} {text}") is not None
            await asyncio.sleep(0.5)
            most = max(most, pipeline.stats().budget_used)
        stats = pipeline.stats()
        assert most <= 4 * 2**20
        assert stats.unspooled == 0
        assert stats.in_spool > stats.accepted // 2
        machine.store.faults = None
        report = await pipeline.aclose(timeout=60.0)
        assert report.complete
        for data in machine.store.blobs.values():
            found = [int(line.split()[0]) for line in data.decode().splitlines()[1:]]
            assert found == [*range(rows)]
        assert len(machine.store.blobs) == paths

    machine.live(life, killed=False, max_memory_bytes=4 * 2**20, max_batch_bytes=64 * 1024)


@pytest.mark.slow
def test_one_fast_path_among_many_is_let_go_of_before_its_share_is_used() -> None:
    """With more collectors than shares in the budget a stream has its own share alone: that must
    not be all that an outage lets it have, while the spool is empty."""
    machine = Machine()

    async def life(pipeline: Pipeline, loop: VirtualLoop) -> None:
        collectors = [pipeline.collector(f"m{n}", feature_names=["a"]) for n in range(40)]
        for collector in collectors:
            collector.collect(-1.0)
        await pipeline.flush()
        machine.store.faults = down
        for number in range(8000):
            assert collectors[0].collect(float(number)) is not None
            await asyncio.sleep(0.002)
        stats = pipeline.stats()
        assert stats.budget_used < stats.budget // 4
        assert stats.in_spool > 4000
        machine.store.faults = None
        assert (await pipeline.aclose(timeout=60.0)).complete

    machine.live(life, killed=False, max_memory_bytes=512 * 1024, max_batch_bytes=16384)


def calls_to_adopt(paths: int) -> int:
    """How many calls of Python adopting so many paths takes."""
    machine = Machine()
    machine.store.faults = down

    async def leave(pipeline: Pipeline, loop: VirtualLoop) -> None:
        for number in range(paths):
            pipeline.collector(f"m{number}", feature_names=["a"]).collect(float(number))
        await asyncio.sleep(1.0)

    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    async def adopt(pipeline: Pipeline, loop: VirtualLoop) -> None:
        sys.setprofile(count)
        try:
            while pipeline._engine.delivery.counters.stored < paths:
                await asyncio.sleep(0.1)
        finally:
            sys.setprofile(None)

    machine.live(leave)
    machine.store.faults = None
    machine.live(adopt, killed=False)
    assert [e.rows for e in machine.events if isinstance(e, SpoolAdopted)] == [paths]
    return calls


@pytest.mark.slow
def test_adoption_takes_its_time_by_the_path() -> None:
    """Eight times the paths: eight times the work, and not sixty-four."""
    few, many = calls_to_adopt(100), calls_to_adopt(800)
    assert many < 12 * few
