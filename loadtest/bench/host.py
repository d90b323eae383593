"""How late a thread of the host wakes while the pipeline's own thread is busy.

The host sleeps a millisecond again and again; what it oversleeps, p99, is told for a pipeline that
is busy and, taking turns, for one that is idle, and for one that is idle while another process is
busy. That one shares the cores, but not the interpreter's lock: what it costs is the machine's.
"""

from __future__ import annotations

import subprocess
import sys
import time

from aiocollect import ModelDataCollector

from .load import FEATURES, InstantStore, floats, pipeline_on
from .measure import Figure, Size, percentile

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
    name = "host's wake-up p99"
    return [
        Figure(f"{name}, pipeline's thread busy", busy, unit="ms", goal=0.3),
        Figure(f"{name}, pipeline idle", idle, unit="ms"),
        Figure(f"{name}, pipeline idle, another process busy", neighbour, unit="ms"),
    ]


def _p99(late: list[float]) -> float:
    return 1000 * percentile(late, 0.99)


def _naps(
    count: int, collector: ModelDataCollector | None = None, rows: list[list[float]] | None = None
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
