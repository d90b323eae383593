"""A server that records rows and shows its page; it tells its CPU time to whoever asks on stdin."""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from typing import Any, Final

from aiohttp import web

from aiocollect import MemoryStore, Pipeline
from aiocollect.page import page_app

MODELS: Final = 4
TICK: Final = 0.02


async def serve(rate: int) -> None:
    """Until stdin ends."""
    async with Pipeline(MemoryStore()) as pipeline:
        models = [
            pipeline.model(f"m{k}", version="1", inputs=["a", "b", "c"], predictions=["p"])
            for k in range(MODELS)
        ]
        app = web.Application()
        app.add_subapp("/_aiocollect/", page_app(pipeline))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(f"http://127.0.0.1:{runner.addresses[0][1]}/_aiocollect/", flush=True)
        recording = asyncio.create_task(_record(models, rate))
        while line := await asyncio.to_thread(sys.stdin.readline):
            what, _, count = line.strip().partition(" ")
            found = time.process_time() if what == "cpu" else _sample(pipeline, int(count))
            print(found, flush=True)
        recording.cancel()
        await runner.cleanup()


async def _record(models: list[Any], rate: int) -> None:
    """So many rows a second, each with a prediction."""
    chance = random.Random(1)
    while True:
        for _ in range(max(1, int(rate * TICK / 2))):
            cells = [chance.random() for _ in range(3)]
            chance.choice(models).collect(inputs=[cells], predictions=[[cells[0]]])
        await asyncio.sleep(TICK)


def _sample(pipeline: Pipeline, count: int) -> float:
    """CPU seconds of one status, as the page and the status file have it."""
    times = []
    for _ in range(count):
        began = time.thread_time()
        pipeline.status()
        times.append(time.thread_time() - began)
    return statistics.median(times)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
