"""What was stored, joined by id and row as documented, for the tests of row indexes."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from aiocollect import MemoryStore, Pipeline
from aiocollect.events import Event, Refused
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()


class Stored:
    """What a run has stored, and what it has refused."""

    def __init__(self, blobs: dict[str, bytes], events: list[Event]) -> None:
        self.blobs = blobs
        self.refused = [event for event in events if isinstance(event, Refused)]

    def rows(self, identifier: str) -> list[list[str]]:
        """Cells, id, and index; the time is left out."""
        found = []
        for path, data in self.blobs.items():
            if f"/{identifier}/" in path:
                _, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
                found += [[*row[:-2], row[-1]] for row in rows]
        return found

    def joined(self, left: str, right: str) -> list[tuple[list[str], list[str]]]:
        """As docs/reference/values.md joins them."""
        return [
            (one[:-2], other[:-2])
            for one in self.rows(left)
            for other in self.rows(right)
            if one[-2:] == other[-2:]
        ]


def store(use: Callable[[Pipeline], Any], **options: Any) -> Stored:
    """Run ``use``, which may be a coroutine function, at noon."""

    async def main(loop: VirtualLoop) -> Stored:
        memory = MemoryStore()
        events: list[Event] = []
        pipeline = Pipeline(
            memory,
            _seams=Seams(clock=VirtualClock(loop, epoch=NOON), writer_id="00000000aa"),
            hooks=[events.append],
            **options,
        )
        await pipeline.start()
        found = use(pipeline)
        if asyncio.iscoroutine(found):
            await found
        await pipeline.aclose()
        return Stored(memory.blobs, events)

    return run_virtual(main)


def in_a_thread(call: Callable[[], Any]) -> Any:
    """What the call gives on a thread of its own; virtual time stands still meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def streams(pipeline: Pipeline) -> tuple[Any, Any]:
    return (
        pipeline.collector("m", identifier="inputs", feature_names=["a", "b"]),
        pipeline.collector("m", identifier="predictions", feature_names=["p"]),
    )
