"""Channels: what is remembered of those that were dropped, and what happens without it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiocollect import MemoryStore
from aiocollect._delivery.channels import PARTS_KEPT, Channels
from aiocollect.testing import VirtualLoop, run_virtual
from tests.support.virtual import make_pipeline

FIRST = 10_000  # an hour since 1970
LAST = FIRST + PARTS_KEPT + 100
WRITER = "00000000aa"


def sweep(channels: Channels) -> None:
    """Drop every channel, as years later."""
    now = 0.0
    while channels.forget(LAST + 100_000, now=now, pressed=False) == 0.0:
        now += 1.0


def name_of(channels: Channels, collector: Any, hour: int) -> str:
    """The file that rows of this hour go to next, without its folder."""
    return channels.channel_of(collector._stream, hour).lane.parts.name.rpartition("/")[2]


@pytest.mark.slow
@pytest.mark.parametrize("readable", [True, False])
def test_more_files_of_our_own_than_are_remembered(readable: bool) -> None:
    """The oldest are forgotten, so that memory is bounded; late rows of theirs are stored once, in
    files of their own header, whether these may still be read or not."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = make_pipeline(
            store, loop, writer="own", layout="hour", writer_id=WRITER, linger=0.1
        )
        await pipeline.start()
        one, other = (pipeline.collector("m", feature_names=[name]) for name in "ab")
        channels: Any = pipeline._engine.channels

        def rows(*collectors: Any) -> list[str]:
            return [collector.collect([[1.0]], at=3600.0 * FIRST) for collector in collectors]

        ids = rows(one, other)
        await pipeline.flush()
        await asyncio.sleep(1.0)
        names = {path.rpartition("/")[2]: data for path, data in store.blobs.items()}
        assert names.keys() == {f"data-{WRITER}.csv", f"data-{WRITER}-1.csv"}
        for hour in range(FIRST + 1, LAST):
            channels.channel_of(one._stream, hour)
        sweep(channels)
        assert (len(channels), len(channels._parts)) == (0, PARTS_KEPT)
        assert len(channels._headers_on) <= PARTS_KEPT
        # What is recent goes on in the part after the one that it had.
        assert name_of(channels, one, LAST - 1) == f"data-{WRITER}_1.csv"
        store.readable = readable
        ids += rows(other, one, one, other)
        assert name_of(channels, one, FIRST + 1) == f"data-{WRITER}.csv"
        report = await pipeline.aclose()
        assert report.stored == len(ids)
        found = [
            (header.split(",")[0], line)
            for header, *lines in (data.decode().splitlines() for data in store.blobs.values())
            for line in lines
        ]
        assert len(found) == len(ids)
        for number, correlation_id in enumerate(ids):
            (column,) = [column for column, line in found if correlation_id in line]
            assert column == "abbaab"[number]

    run_virtual(main)
