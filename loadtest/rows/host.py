"""How late a thread of the host wakes while the pipeline's own thread is busy.

The host sleeps a millisecond again and again; what it oversleeps, p99, is told for a pipeline that
is busy and, taking turns, for one that is idle, and for one that is idle while another process is
busy. That one shares the cores, but not the interpreter's lock: what it costs is the machine's.

What the host gains by the thread's small slices costs CPU: that is told against a pipeline that
takes large ones, on the caller's loop.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from aiocollect import Pipeline

from .load import FEATURES, InstantStore, collect_all, floats, pipeline_on
from .measure import Figure, Size, percentile, ratios, take_turns

if TYPE_CHECKING:
    from aiocollect import Collector

__all__ = ["run"]

NAP = 0.001


def run(size: Size) -> list[Figure]:
    """p99 of busy and idle, and what busy adds."""
    pipeline = pipeline_on(InstantStore(), host="thread", max_memory_bytes=2**28)
    collector = pipeline.collector("bench", feature_names=FEATURES)
    rows = list(floats(1000))
    collector.collect(rows)
    late: dict[str, list[float]] = {"busy": [], "idle": [], "neighbour": []}
    count = size.of(500, 10)
    for _ in range(size.of(4, 1)):
        late["idle"].append(_p99(_naps(count)))
        late["busy"].append(_p99(_naps(count, collector, rows)))
        with subprocess.Popen([sys.executable, "-c", "while True: sum(range(1000))"]) as process:
            late["neighbour"].append(_p99(_naps(count)))
            process.kill()
    pipeline.close()
    busy, idle, neighbour = map(tuple, late.values())
    added = tuple(one - other for one, other in zip(busy, idle, strict=True))
    name = "host's wake-up p99"
    return [
        Figure(f"{name}, pipeline's thread busy", busy, unit="ms"),
        Figure(f"{name}, what a busy pipeline adds", added, unit="ms", goal=0.1),
        Figure(f"{name}, pipeline idle", idle, unit="ms"),
        Figure(f"{name}, pipeline idle, another process busy", neighbour, unit="ms"),
        _price(size),
    ]


def _price(size: Size) -> Figure:
    """CPU of a row on the pipeline's own thread, by that on the caller's loop."""
    tables = [list(floats(1000))] * size.of(20, 1)
    sides: dict[str, Callable[[], float]] = {}
    with asyncio.Runner() as runner:
        pipelines = {host: pipeline_on(InstantStore(), host=host) for host in ("loop", "thread")}
        for host, pipeline in pipelines.items():
            sides[host] = partial(_cost, runner, pipeline, tables)
        costs = take_turns(sides, rounds=size.of(7, 1))
        for pipeline in pipelines.values():
            runner.run(pipeline.aclose())
    name = "row to acknowledged append, 1,000 rows a call, on a thread of its own against the loop"
    return Figure(name, ratios(costs["thread"], costs["loop"]), goal=1.2)


def _cost(runner: asyncio.Runner, pipeline: Pipeline, tables: list[list[list[float]]]) -> float:
    collect = pipeline.collector("bench", feature_names=FEATURES).collect
    begin = time.process_time()
    runner.run(collect_all(collect, tables, flush=pipeline.flush, burst=1))
    return time.process_time() - begin


def _p99(late: list[float]) -> float:
    return 1000 * percentile(late, 0.99)


def _naps(
    count: int, collector: Collector | None = None, rows: list[list[float]] | None = None
) -> list[float]:
    """How late each nap ends."""
    late = []
    for number in range(count):
        # A thousand rows each fourth nap are four slices, which take about as long: always busy.
        if collector is not None and number % 4 == 0:
            collector.collect(rows)
        begin = time.perf_counter()
        time.sleep(NAP)
        late.append(time.perf_counter() - begin - NAP)
    return late
