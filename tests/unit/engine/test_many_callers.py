"""collect() from many threads and a signal handler at once."""

from __future__ import annotations

import asyncio

import pytest

from aiocollect import MemoryStore, Pipeline
from tests.support.races import hasty_switches as hasty_switches
from tests.support.races import interrupted, recorded_once, run_threads

THREADS = 8
CALLS = 1_000


@pytest.mark.usefixtures("hasty_switches")
def test_threads_and_a_signal_handler_lose_nothing() -> None:
    """Eight threads and a signal handler collect at once: each call is stored
    once or refused, all ids and times are unique."""
    store = MemoryStore()
    made: list[str | None] = []

    async def main() -> tuple[int, int, dict[str, int]]:
        async with Pipeline(store, linger=0.01) as pipeline:
            collector = pipeline.collector("m", feature_names=["a", "b"])
            made.append(collector.collect([0.0, 0.0]))

            def produce() -> None:
                made.extend([collector.collect([float(turn), 1.0]) for turn in range(CALLS)])

            def interrupt() -> None:
                made.append(collector.collect([0.0, 2.0]))

            with interrupted(interrupt, every=0.002):
                await run_threads(produce, THREADS)
            report = await pipeline.flush()
            used = pipeline._engine.ring.used
            return report.stored, used, dict(pipeline.stats().refused)

    stored, used, refused = asyncio.run(main())
    recorded_once(store, made, stored=stored, refused=refused)
    assert set(refused) <= {"full"}
    assert used == 0
