"""What idle paths take of memory, in a process of its own: from before the first to after the last.

Each path has stored a row and waits for more. ``python -m loadtest.bench.memory PATHS`` prints the
bytes that the resident set has grown by.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
from pathlib import Path

from .load import FEATURES, InstantStore, floats, pipeline_on
from .measure import Figure, Size

__all__ = ["run"]

PAGE = 4096
MIB = 2**20


def run(size: Size) -> list[Figure]:
    """The resident set's growth by 10,000 idle paths."""
    paths = size.of(10_000, 100)
    found = tuple(_child(paths) / MIB for _ in range(size.of(2, 1)))
    return [Figure(f"{paths:,} idle paths", found, unit="MiB", goal=20.0)]


def _child(paths: int) -> int:
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(paths)],
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    return int(json.loads(done.stdout))


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


async def _grow(paths: int) -> int:
    pipeline = pipeline_on(InstantStore())
    (row,) = floats(1)
    pipeline.collector("first", feature_names=FEATURES).collect(row)
    await pipeline.flush()
    gc.collect()
    before = _resident()
    collectors = []
    for number in range(paths):
        collectors.append(pipeline.collector(f"model-{number}", feature_names=FEATURES))
        collectors[-1].collect(row)
        if number % 100 == 99:
            await pipeline.flush()
    await pipeline.flush()
    gc.collect()
    grown = _resident() - before
    await pipeline.aclose()
    return grown


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_grow(int(sys.argv[1])))))
