"""Idle paths: what one takes of memory, and that little of it is kept does not show."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from typing import Any

import pytest

from aiocollect import EncodeError, MemoryStore, Pipeline
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual
from loadtest.rows.memory import Sink

FEATURES = ("a", "b")
PATHS = 200
# 2,000 bytes are what 3.11 needs. An empty deque, or a dictionary with a few keys, is too many.
# 100 more are those of the log: how many rows of each stream it has told of.
MOST = 3050


async def _grow() -> int:
    pipeline = Pipeline(Sink(), linger=0.01)
    collectors = []
    for number in range(2 * PATHS):
        if number == PATHS:
            await pipeline.flush()
            await asyncio.sleep(0.2)  # the log has told of it
            gc.collect()
            tracemalloc.start(1)
            before, _ = tracemalloc.get_traced_memory()
        collectors.append(pipeline.collector(f"model-{number}", feature_names=FEATURES))
        collectors[-1].collect([1.0, 2.0])
    await pipeline.flush()
    await asyncio.sleep(0.2)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    await pipeline.aclose()
    return after - before


@pytest.mark.slow
def test_an_idle_path_takes_little_memory() -> None:
    """Beyond the first 200, another 200 paths that have stored a row take less than 2.5 KB each."""
    assert asyncio.run(_grow()) < PATHS * MOST


class Counting:
    """A layout that counts how often it is asked."""

    asked = 0

    def path(self, names: Any, moment: Any, *, extension: str) -> str:
        self.asked += 1
        return f"{names.model}/{moment:%Y-%m-%d-%H}.{extension}"


def test_rows_of_hours_that_take_turns_ask_the_layout_once_an_hour() -> None:
    """A stream that comes back to an hour finds its channel again; rows keep their order."""
    layout, store, hours = Counting(), MemoryStore(), 3

    async def main(loop: VirtualLoop) -> None:
        pipeline = Pipeline(store, layout=layout, _seams=Seams(clock=VirtualClock(loop)))
        collector = pipeline.collector("m", feature_names=FEATURES)
        checked = layout.asked
        for turn in range(4):
            for hour in range(hours):
                collector.collect([turn, hour], at=3600.0 * hour + turn)
        await pipeline.aclose()
        assert layout.asked - checked == hours

    run_virtual(main)
    assert {
        path: [line.split(",")[:2] for line in lines(data)] for path, data in store.blobs.items()
    } == {
        f"m/1970-01-01-{hour:02}.csv": [[str(turn), str(hour)] for turn in range(4)]
        for hour in range(hours)
    }


def lines(data: bytes) -> list[str]:
    return data.decode().splitlines()[1:]


@pytest.mark.slow
def test_refused_headers_are_not_kept() -> None:
    """Columns made of data end at max_headers, and the refused ones leave nothing behind."""

    async def main() -> tuple[int, int]:
        pipeline = Pipeline(MemoryStore(), strict=True)
        alike = pipeline._engine.channels._alike._values
        for number in range(8):
            pipeline.collector("m", feature_names=(f"c{number}",)).collect([[1.0]])
        before = len([one for one in alike if type(one) is bytes])
        for number in range(8, 20):
            with pytest.raises(EncodeError, match="max_headers"):
                pipeline.collector("m", feature_names=(f"c{number}",)).collect([[1.0]])
        after = len([one for one in alike if type(one) is bytes])
        await pipeline.aclose()
        return before, after

    assert asyncio.run(main()) == (8, 8)
