"""What idle paths and waiting calls take of memory, in a process of their own.

From before the first to after the last. Each path has stored a row and waits for more. The store
keeps nothing of its own, so that what grows is the pipeline, and the collectors and names that its
caller keeps. ``python -m loadtest.rows.memory PATHS idle`` (or ``CALLS waiting``) prints the bytes
that the resident set has grown by.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
from pathlib import Path

from aiocollect import Limits
from aiocollect.typing import Appended, Opened

from .load import FEATURES, InstantStore, floats, pipeline_on
from .measure import Figure, Size

__all__ = ["run"]

PAGE = 4096
MIB = 2**20


class Sink(InstantStore):
    """Every blob is there, and empty until the first append; nothing is kept of any."""

    async def open(self, path: str, *, head: int) -> Opened:
        """See Store.open."""
        return Opened(0, 0, "1", "0", b"")

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """See Store.append. As long an ETag as Azure's, which the lane keeps."""
        await asyncio.sleep(0)
        length = offset + len(data)
        return Appended(length, 1, f'"0x8D{length:013X}"')


def run(size: Size) -> list[Figure]:
    """The resident set's growth by 10,000 idle paths."""
    paths = size.of(10_000, 100)
    found = tuple(_child(paths) / MIB for _ in range(size.of(2, 1)))
    calls = size.of(65_536, 1_024)
    waiting = tuple(_child(calls, "waiting") / MIB for _ in range(size.of(2, 1)))
    return [
        Figure(f"{paths:,} idle paths", found, unit="MiB", goal=20.0),
        Figure(f"{calls:,} waiting calls of ten floats", waiting, unit="MiB", goal=12.0),
    ]


def _child(number: int, what: str = "idle") -> int:
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(number), what],
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    return int(json.loads(done.stdout))


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


async def _grow(paths: int) -> int:
    pipeline = pipeline_on(Sink())
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


async def _wait(calls: int) -> int:
    """Growth by calls that nobody takes: the loop has no turn between them."""
    pipeline = pipeline_on(Sink(), limits=Limits(ring_slots=calls), max_memory_bytes=2**30)
    collect = pipeline.collector("first", feature_names=FEATURES).collect
    rows = floats(64)
    for row in rows:  # what the first ones leave is none of theirs
        collect(row)
    await pipeline.flush()
    gc.collect()
    before = _resident()
    for number in range(calls):
        collect(rows[number % len(rows)])
    grown = _resident() - before
    await pipeline.aclose()
    return grown


if __name__ == "__main__":
    grow = _wait if sys.argv[2] == "waiting" else _grow
    print(json.dumps(asyncio.run(grow(int(sys.argv[1])))))
