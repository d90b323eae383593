"""What idle paths take of memory: in a process of its own, from before the first to after the last.

Each path has stored a row and waits for more. ``python -m loadtest.bench.memory PATHS`` prints the
bytes by the system's count (resident set) and by Python's own (tracemalloc).
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

from .load import FEATURES, InstantStore, floats, pipeline_on
from .measure import Figure, Size

__all__ = ["run"]

PAGE = 4096
MIB = 2**20


def run(size: Size) -> list[Figure]:
    """The resident set's growth by 10,000 idle paths, and what Python has allocated of it."""
    paths = size.of(10_000, 100)
    figures = []
    for kind, goal in (("resident", 20.0), ("allocated", None)):
        found = tuple(_child(paths, kind) / MIB for _ in range(size.of(2, 1)))
        figures.append(Figure(f"{paths:,} idle paths, {kind}", found, unit="MiB", goal=goal))
    return figures


def _child(paths: int, kind: str) -> int:
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(paths), kind],
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    return int(json.loads(done.stdout))


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


async def _grow(paths: int, kind: str) -> int:
    pipeline = pipeline_on(InstantStore())
    (row,) = floats(1)
    pipeline.collector("first", feature_names=FEATURES).collect(row)
    await pipeline.flush()
    gc.collect()
    if kind == "allocated":
        tracemalloc.start()
    before = _resident()
    collectors = []
    for number in range(paths):
        collectors.append(pipeline.collector(f"model-{number}", feature_names=FEATURES))
        collectors[-1].collect(row)
        if number % 100 == 99:
            await pipeline.flush()
    await pipeline.flush()
    gc.collect()
    if kind == "allocated":
        grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    else:
        grown = _resident() - before
    await pipeline.aclose()
    return grown


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_grow(int(sys.argv[1]), sys.argv[2]))))
