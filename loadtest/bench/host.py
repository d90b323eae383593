"""How late a thread of the host wakes while the pipeline's own thread is busy.

The host sleeps a millisecond again and again; what it oversleeps, p99, is told for a pipeline that
is busy and, taking turns, for one that is idle. The interpreter's lock is what it waits for.
"""

from __future__ import annotations

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
    busy, idle = [], []
    for _ in range(size.of(6, 1)):
        idle.append(1000 * percentile(_naps(size.of(600, 10)), 0.99))
        busy.append(1000 * percentile(_naps(size.of(600, 10), collector, rows), 0.99))
    pipeline.close()
    return [
        Figure("host's wake-up p99, pipeline's thread busy", tuple(busy), unit="ms", goal=0.3),
        Figure("host's wake-up p99, pipeline's thread idle", tuple(idle), unit="ms"),
        Figure(
            "host's wake-up p99, what busy adds",
            tuple(one - other for one, other in zip(busy, idle, strict=True)),
            unit="ms",
        ),
    ]


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
