"""Into the emulator: bytes a second against the raw SDK's, and CPU per row of our process.

Both sides write the same bytes to one append blob each, in the same blocks, one after the other;
the raw side has them ready, ours makes them of rows meanwhile. Where that alone takes more CPU than
the raw side takes time, no overlapping can reach the raw rate: that quotient is told, too.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aiocollect import Pipeline
from aiocollect.typing import LOG_ROOT
from testkit.emulator import Emulator, emulator

from .load import FEATURES, RowsWrong, bare, collect_all, floats, pipeline_on
from .measure import Figure, Size, cpu_of, ratios

if TYPE_CHECKING:
    from aiocollect import Collector

__all__ = ["run"]

CONTAINER = "bench"


def run(size: Size) -> list[Figure]:
    """Rates of bytes, and CPU per row, of rows that come a thousand a call."""
    with emulator() as running:
        return asyncio.run(_run(running, size))


async def _run(running: Emulator, size: Size) -> list[Figure]:
    import numpy as np
    from azure.storage.blob.aio import BlobServiceClient

    count = size.of(60_000, 2_000)  # of a thousand a call
    table = list(floats(1000))
    kinds: dict[str, Any] = {"lists": table, "float64 arrays": np.array(table)}
    dump = bare(table, calls=1)
    pipeline = pipeline_on(f"azurite://{running.address}/{CONTAINER}", max_memory_bytes=2**28)
    collector = pipeline.collector("bench", feature_names=FEATURES)
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    costs: dict[str, list[float]] = {kind: [] for kind in kinds}
    limits: dict[str, list[float]] = {kind: [] for kind in kinds}
    bases: list[float] = []
    async with BlobServiceClient.from_connection_string(running.connection_string) as service:
        await _ours(pipeline, collector, [table])  # the header, and all that is made once
        container = service.get_container_client(CONTAINER)
        names = [name async for name in container.list_blob_names()]
        (name,) = [name for name in names if not name.startswith(LOG_ROOT)]
        blob = container.get_blob_client(name)
        for number in range(size.of(5, 1)):
            bases.append(cpu_of(dump, times=count // 1000))
            for kind, value in kinds.items():
                stored = (await blob.get_blob_properties()).size
                cpu = time.process_time()
                ours = await _ours(pipeline, collector, [value] * (count // 1000))
                costs[kind].append(time.process_time() - cpu)
                data = await (await blob.download_blob(stored)).readall()
                if data.count(b"\n") != count:
                    lines = data.count(b"\n")
                    raise RowsWrong(f"{count:,} rows were collected, and {lines:,} lines stored")
                raw = await _raw(container.get_blob_client(f"raw-{number}-{kind}"), data)
                rates[kind].append(100 * raw / ours)
                limits[kind].append(costs[kind][-1] / raw)
    await pipeline.aclose()
    figures = []
    for kind in kinds:
        figures += [
            Figure(
                f"bytes a second into Azurite, of the raw SDK's, {kind}",
                tuple(rates[kind]),
                unit="%",
                goal=95.0,
                at_least=True,
                note="1,000 rows a call, blocks of 1 MiB, one blob",
            ),
            Figure(f"our CPU seconds by the raw SDK's seconds, {kind}", tuple(limits[kind])),
            Figure(f"row to Azurite's answer, {kind} of 1,000", ratios(costs[kind], bases)),
        ]
    return figures


async def _ours(pipeline: Pipeline, collector: Collector, calls: list[Any]) -> float:
    begin = time.perf_counter()
    await collect_all(collector.collect, calls, flush=pipeline.flush, burst=1)
    return time.perf_counter() - begin


async def _raw(client: Any, data: bytes) -> float:
    await client.create_append_blob()
    begin = time.perf_counter()
    for first in range(0, len(data), 2**20):
        await client.append_block(data[first : first + 2**20], appendpos_condition=first)
    return time.perf_counter() - begin
