"""collect() from threads, on real event loops: nothing lost, nothing doubled, also during close."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import uvloop

from aiocollect import MemoryStore, Pipeline
from tests.support.races import hasty_switches as hasty_switches

pytestmark = [pytest.mark.usefixtures("hasty_switches"), pytest.mark.slow]

THREADS = 8
CALLS = 1_500


def rows_of(store: MemoryStore) -> list[tuple[int, int]]:
    """The stored rows, in order, as (thread, turn)."""
    lines = [line for data in store.blobs.values() for line in data.splitlines()[1:]]
    return [(int(cells[0]), int(cells[1])) for cells in (line.split(b",") for line in lines)]


def start_threads(collector: Any, accepted: list[list[int]]) -> list[threading.Thread]:
    def produce(number: int) -> None:
        for turn in range(CALLS):
            if collector.collect([number, turn]) is not None:
                accepted[number].append(turn)

    threads = [threading.Thread(target=produce, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("close_at_once", [False, True])
def test_threads(factory: Any, close_at_once: bool) -> None:
    """What collect() said yes to is stored once, in each thread's order; what it refused is not."""
    accepted: list[list[int]] = [[] for _ in range(THREADS)]
    store = MemoryStore()

    async def main() -> Any:
        pipeline = Pipeline(store, linger=0.02, max_batch_bytes=8192)
        collector = pipeline.collector("m", feature_names=["thread", "turn"])
        async with pipeline:
            threads = start_threads(collector, accepted)
            if close_at_once:
                await asyncio.sleep(0.05)
                await pipeline.aclose()
            for thread in threads:
                await asyncio.to_thread(thread.join)
        return pipeline.stats()

    with asyncio.Runner(loop_factory=factory) as runner:
        stats = runner.run(main())
    stored = rows_of(store)
    assert len(stored) == stats.stored == stats.accepted == sum(map(len, accepted))
    for number in range(THREADS):
        assert [turn for thread, turn in stored if thread == number] == accepted[number]
    assert stats.accepted + sum(stats.refused.values()) == THREADS * CALLS
