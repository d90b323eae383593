"""A writer as a process of its own: collects rows into the emulator, and tells what it was given.

``python -m tests.azurite.writer '{"connection_string": …}'``; writes one JSON line per accepted
call and one with the report of the close.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import uvloop

from aiocollect import Limits, Pipeline, Retry


async def write(task: dict[str, Any]) -> None:
    """Collect ``calls`` calls of ``rows`` rows, a little apart, and close.

    With ``flush`` each call is waited for: it is a block of its own however slow the store is.
    """
    pipeline = Pipeline(
        task["connection_string"],
        container=task["container"],
        workspace="sub/group/space",
        service="svc",
        linger=task.get("linger", 0.1),
        writer=task.get("writer", "shared"),
        limits=Limits(max_blocks=task.get("max_blocks", 49_000)),
        retry=Retry(base=0.02, cap=0.3, attempt_timeout=2.0),
    )
    columns = task.get("columns", ["writer", "turn"])
    collector = pipeline.collector("m", version="1", identifier="i", feature_names=columns)
    async with pipeline:
        for turn in range(task["calls"]):
            rows = [[task["name"], turn, *columns[2:]] for _ in range(task["rows"])]
            accepted = await collector.acollect(rows)
            print(json.dumps({"id": accepted, "turn": turn, "rows": rows}), flush=True)
            if task.get("flush", False):
                await pipeline.flush(30)
            await asyncio.sleep(task.get("pause", 0.01))
        report = await pipeline.aclose(30)
    print(json.dumps({"stored": report.stored, "accepted": report.accepted}), flush=True)


if __name__ == "__main__":
    uvloop.run(write(json.loads(sys.argv[1])))
