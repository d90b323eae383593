"""Into the emulator: bytes a second against the raw SDK's, and CPU per row of our process.

Both sides write the same bytes to one append blob each, in the same blocks, one after the other;
the raw side has them ready, ours makes them of rows meanwhile. The seconds of either are wall time,
and mostly the emulator's.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiocollect import ModelDataCollector, Pipeline
from tests.azurite.emulator import Emulator, emulator

from .load import FEATURES, bare, collect_all, floats, pipeline_on
from .measure import Figure, Size, cpu_of, ratios

__all__ = ["run"]

CONTAINER = "bench"


def run(size: Size) -> list[Figure]:
    """Rates of bytes, and CPU per row, of rows that come a thousand a call."""
    with emulator() as running:
        return asyncio.run(_run(running, size))


async def _run(running: Emulator, size: Size) -> list[Figure]:
    from azure.storage.blob.aio import BlobServiceClient

    count = size.of(60_000, 2_000)
    calls = [list(floats(1000))] * (count // 1000)
    dump = bare(floats(1000), calls=1)
    pipeline = pipeline_on(f"azurite://{running.address}/{CONTAINER}", max_memory_bytes=2**28)
    collector = pipeline.collector("bench", feature_names=FEATURES)
    rates: list[float] = []
    costs: list[float] = []
    bases: list[float] = []
    async with BlobServiceClient.from_connection_string(running.connection_string) as service:
        await _ours(pipeline, collector, calls)  # the header, and all that is made once
        container = service.get_container_client(CONTAINER)
        names = [name async for name in container.list_blob_names()]
        (name,) = names
        for number in range(size.of(5, 1)):
            stored = (await container.get_blob_client(name).get_blob_properties()).size
            bases.append(cpu_of(dump, times=count // 1000))
            cpu = time.process_time()
            ours = await _ours(pipeline, collector, calls)
            costs.append(time.process_time() - cpu)
            data = await (
                await container.get_blob_client(name).download_blob(stored)
            ).readall()
            raw = await _raw(container.get_blob_client(f"raw-{number}"), data)
            rates.append(100 * raw / ours)
    await pipeline.aclose()
    blocks = "blocks of 1 MiB, one blob"
    return [
        Figure(
            "bytes a second into Azurite, of the raw SDK's",
            tuple(rates),
            unit="%",
            goal=85.0,
            at_least=True,
            note=blocks,
        ),
        Figure("row to Azurite's answer, 1,000 rows a call", ratios(costs, bases), note=blocks),
    ]


async def _ours(
    pipeline: Pipeline, collector: ModelDataCollector, calls: list[list[list[float]]]
) -> float:
    begin = time.perf_counter()
    await collect_all(collector.collect, calls, flush=pipeline.flush, burst=1)
    return time.perf_counter() - begin


async def _raw(client: Any, data: bytes) -> float:
    await client.create_append_blob()
    begin = time.perf_counter()
    for first in range(0, len(data), 2**20):
        await client.append_block(data[first : first + 2**20], appendpos_condition=first)
    return time.perf_counter() - begin
