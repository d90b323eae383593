"""What the goals are measured against where they are not reached: what others, or nobody, can do.

Beside Azurite the raw SDK appends a mebibyte that is ready: how long one callback of that holds the
loop, and how much of the processors it and the emulator take. A copy of a numpy table that is kept
is set beside one whose memory is used again at once: collect() keeps its own.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from testkit.emulator import Emulator, emulator

from ..harness.processes import cpu_of
from .hold import watching
from .measure import Figure, Size, percentile

__all__ = ["run"]

CONTAINER = "limits"
MEBIBYTE = 2**20
KEPT = 64


def run(size: Size) -> list[Figure]:
    """The raw SDK's hold of the loop, who takes which part of the processors, kept copies."""
    with emulator() as running:
        figures = asyncio.run(_sdk(running, size))
    return [*figures, _copies(size)]


async def _sdk(running: Emulator, size: Size) -> list[Figure]:
    from azure.storage.blob.aio import BlobServiceClient

    appends = size.of(200, 8)
    body = os.urandom(MEBIBYTE)
    holds: list[float] = []
    longest: list[float] = []
    emulators: list[float] = []
    ours: list[float] = []
    async with BlobServiceClient.from_connection_string(running.connection_string) as service:
        await service.get_container_client(CONTAINER).create_container()
        for number in range(size.of(5, 1)):
            client = service.get_blob_client(CONTAINER, f"raw-{number}")
            await client.create_append_blob()
            with watching() as watch:
                begun = time.perf_counter(), time.process_time(), cpu_of(running.pid)
                for at in range(appends):
                    await client.append_block(body, appendpos_condition=at * MEBIBYTE)
                wall = time.perf_counter() - begun[0]
            holds.append(1000 * percentile(watch.holds, 0.999))
            longest.append(1000 * max(watch.holds))
            ours.append(100 * (time.process_time() - begun[1]) / wall)
            emulators.append(100 * (cpu_of(running.pid) - begun[2]) / wall)
    note = f"the raw SDK, {appends} appends of 1 MiB one after the other"
    return [
        Figure(
            "hold of the loop, p99.9, the raw SDK beside Azurite", tuple(holds), "ms", note=note
        ),
        Figure("hold of the loop, longest, the raw SDK beside Azurite", tuple(longest), "ms"),
        Figure("of one processor: the emulator, beside the raw SDK", tuple(emulators), "%"),
        Figure("of one processor: the raw SDK's process", tuple(ours), "%"),
    ]


def _copies(size: Size) -> Figure:
    import numpy as np

    table: Any = np.random.default_rng(7).uniform(0, 100, (1000, 10))
    found = []
    for _ in range(size.of(25, 2)):
        begin = time.thread_time()
        for _ in range(KEPT):
            table.copy()
        middle = time.thread_time()
        kept = [table.copy() for _ in range(KEPT)]
        found.append((time.thread_time() - middle) / (middle - begin))
        del kept
    note = f"{KEPT} of them; memory that was not used before costs its page faults"
    name = "a copy of 1000 x 10 that is kept, by one that is dropped"
    return Figure(name, tuple(found), note=note)
