"""Files for the benches: written by a pipeline, in a directory or in the emulator."""

from __future__ import annotations

import asyncio
from typing import Any

from loadtest.rows.load import pipeline_on

from .rows import columns_of, rows_of

__all__ = ["MODEL", "write_model", "write_stream"]

MODEL = "bench"
# Rows of one call.
CALL = 500


def write_stream(store: Any, kind: str, count: int, **options: Any) -> None:
    """One stream, inputs, with so many rows of a kind."""

    async def main() -> None:
        rows = rows_of(kind, count)
        async with pipeline_on(store, max_memory_bytes=2**28, **options) as pipeline:
            stream = pipeline.collector(
                MODEL, version=kind, identifier="inputs", feature_names=list(columns_of(kind))
            )
            for first in range(0, count, CALL):
                stream.collect_rows(rows[first : first + CALL])
                if first % (20 * CALL) == 0:
                    await pipeline.flush()

    asyncio.run(main())


def write_model(store: Any, count: int, *, labels: bool = False) -> None:
    """Inputs (mixed) and predictions recorded together, each row a call; with ``labels`` a late
    one for two rows of three, in another order."""

    async def main() -> None:
        rows = rows_of("mixed", count)
        async with pipeline_on(store, max_memory_bytes=2**28) as pipeline:
            ids = []
            model = pipeline.model(
                MODEL, version="joined", inputs=list(columns_of("mixed")), predictions=["p", "q"]
            )
            for first in range(0, count, CALL):
                ids += [
                    model.collect(inputs=[row], predictions=[[row[0], 0.5]])
                    for row in rows[first : first + CALL]
                ]
                await pipeline.flush()
            if labels:
                late = pipeline.collector(
                    MODEL, version="joined", identifier="labels", feature_names=["y"]
                )
                for first in range(0, count, CALL):
                    for at in range(first, min(first + CALL, count)):
                        place = at * 7919 % count
                        if place % 3:
                            late.collect([rows[place][1]], correlation_id=ids[place])
                    await pipeline.flush()

    asyncio.run(main())
