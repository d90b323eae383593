"""A process that records rows as fast as it may, without a server: what rows of a kind cost.

``python -m loadtest.endpoint.bulk TASK``: waits for room with ``acollect()``, so the store sets the
pace; says its rows, seconds and CPU when everything is stored. A row's first cell is its key.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import uvloop

from aiocollect import Pipeline
from testkit.child import say, task_of

from ..harness.processes import cpu_seconds, go_at

# So long may a run take, whatever the machine does.
_MOST_SECONDS = 60.0
_TEXT = 'It said, "no": the answer of a model, a long one. ' * 4


def _calls(task: dict[str, Any]) -> Iterator[list[list[Any]]]:
    """The calls' rows. Making them is in the figures: about a microsecond for a row of ten."""
    rows, columns = task["rows_a_call"], task["columns"]
    cell: Any = _TEXT if task["text"] else 0.1234567890123
    rest = [cell] * (columns - 1)
    key = task["first_key"]
    for _ in range(task["calls"]):
        yield [[float(key + row), *rest] for row in range(rows)]
        key += rows


async def main() -> None:
    """Record, store, tell."""
    task = task_of()
    names = ["key", *(f"f{number}" for number in range(1, task["columns"]))]
    pipeline = Pipeline(task["connection_string"], container=task["container"], **task["options"])
    collectors = [
        pipeline.collector(f"m{number}", version="1", identifier="rows", feature_names=names)
        for number in range(task["paths"])
    ]
    calls = _calls(task)
    async with pipeline:
        # All processes of a run count from the same moment.
        began = await go_at()
        await asyncio.sleep(max(0.0, began - time.monotonic()))
        cpu, given = cpu_seconds(), 0
        for number, rows in enumerate(calls):
            if time.monotonic() - began > _MOST_SECONDS:
                break
            collector = collectors[number % len(collectors)]
            # Room is there nearly always, and then nothing needs to be waited for.
            if collector.collect(rows) is None:
                await collector.acollect(rows)
            given += len(rows)
            if number % 64 == 0:
                await asyncio.sleep(0)
        await pipeline.flush()
        seconds = time.monotonic() - began
    stats = pipeline.stats()
    say(
        ended=True,
        rows=given,
        seconds=seconds,
        cpu=cpu_seconds() - cpu,
        appends=stats.appends,
        stored=stats.stored,
    )


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
