"""Lives of a pipeline whose files are read, for the tests of reading."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiocollect import MemoryStore, Pipeline
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual
from aiocollect.typing import Writer

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


Use = Callable[[Pipeline], Awaitable[None]]


def write(
    use: Use,
    *,
    store: Any = None,
    at: datetime = NOON,
    writer: str = "00000000aa",
    mode: Writer = "shared",
    **options: Any,
) -> Any:
    """A life of a pipeline; returns its store."""
    memory = MemoryStore() if store is None else store

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop, epoch=at.timestamp())
        async with Pipeline(
            memory, _seams=Seams(clock=clock, writer_id=writer), writer=mode, **options
        ) as pipeline:
            await use(pipeline)

    run_virtual(main)
    return memory


def churn(pipeline: Pipeline) -> Any:
    return pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])


async def three_rows(pipeline: Pipeline) -> None:
    model = churn(pipeline)
    model.collect(inputs=[[41, "a,b"], [None, ""]], predictions=[[0.25], [math.nan]])
    model.collect(inputs=[[7, None]], predictions=[[None]])
