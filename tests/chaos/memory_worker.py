"""A process that gives rows as fast as it can while the store is down, and weighs itself.

``python -m tests.chaos.memory_worker``; see worker.py for the task. SIGUSR1 ends the giving; then
it closes. Too many calls for a line before and after each: accepted ones are told in one.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from typing import Any

import numpy as np

from aiocollect import Limits

from .journal import COLUMNS, cells
from .worker import Task

ROWS = 50


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


async def give(task: Task) -> None:
    """Rows of one kind, until the signal."""
    kind: str = task.options["kind"]
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, ended.set)
    pipeline = task.pipeline(limits=Limits(max_call_bytes=2**20))
    collector = pipeline.collector("m", version="1", identifier="one", feature_names=COLUMNS)
    shape = {"numpy": "numbers", "ids": "plain"}.get(kind, kind)
    producer = "7" if shape == "numbers" else f"{task.name}.0"
    offered = accepted = turn = 0
    async with pipeline:
        start = most = resident()
        began = time.monotonic()
        while not ended.is_set():
            rows: Any = [cells(shape, producer, turn, index) for index in range(ROWS)]
            if kind == "numpy":
                rows = np.array(rows)
            given = f"id-{task.name}-{turn}" if kind == "ids" else None
            told = collector.collect(rows, correlation_id=given)
            offered += ROWS
            if told is not None:
                accepted += ROWS
                task.journal.line(f"B {producer} {turn} {ROWS} {shape}\nA {producer} {turn} {told}")
            turn += 1
            if turn % 20 == 0:
                most = max(most, resident())
                await asyncio.sleep(0)
        seconds = time.monotonic() - began
        refused = sum(pipeline.stats().refused.values())
    task.journal.report(await pipeline.aclose())
    task.journal.note(
        offered=offered,
        refused=refused,
        not_accepted=offered - accepted,
        rows_per_second=round(offered / seconds),
        start_mib=round(start / 2**20, 1),
        grown_mib=round((most - start) / 2**20, 1),
        pid=os.getpid(),
    )


if __name__ == "__main__":
    asyncio.run(give(Task()))
