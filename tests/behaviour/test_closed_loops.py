"""A loop that its host closes by hand, with requests on their way: nothing is left to complain."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from aiocollect import MemoryStore, Pipeline


def rows_of(store: MemoryStore) -> int:
    """Lines below the header, in all blobs."""
    return sum(data.count(b"\n") - 1 for data in store.blobs.values())


@pytest.mark.parametrize("steps", range(1, 9))
def test_a_loop_that_ends_before_a_request_begins_leaves_nothing_behind(
    steps: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It is closed before the task that was to make the request has run: no coroutine is left that
    was never awaited, no task that was "destroyed but is pending", and the next loop stores the
    row."""
    store = MemoryStore()
    pipeline = Pipeline(store, linger=0)

    async def work() -> None:
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        for _ in range(steps):
            await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(work())
    loop.close()
    report = asyncio.run(pipeline.aclose())
    gc.collect()  # warnings are errors here, also those of what is collected
    told = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert told == []
    assert (report.accepted, report.stored, rows_of(store)) == (1, 1, 1)
