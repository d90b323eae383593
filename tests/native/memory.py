"""Whole lives of pipelines leave nothing behind: no object, no reference, no memory.

python -m tests.native.memory               prints what each life left
python3.11-dbg -m tests.native.memory       counts references, too: a debug build of Python
"""

from __future__ import annotations

import gc
import logging
import sys
import tracemalloc
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aiocollect import MemoryStore, Pipeline, correlation
from aiocollect.testing import VirtualLoop, run_virtual

CALLS = 200


class Left(NamedTuple):
    """What there is after a life: Python's blocks, our streams, references (0 without a debug
    build), and pages of the process in KiB."""

    blocks: int
    streams: int
    references: int
    resident: int


async def life(loop: VirtualLoop) -> None:
    """Calls of each kind, taken the fast path and not, accepted and not, stored and cleared."""
    pipeline = Pipeline(MemoryStore(), max_memory_bytes=1 << 22)
    await pipeline.start()
    numbers = pipeline.collector("numbers", feature_names=["a", "b"])
    words = pipeline.collector("words", feature_names=["a", "b"])
    model = pipeline.model("model", inputs=["a", "b"], predictions=["p"])
    table = np.arange(20.0).reshape(10, 2)
    for turn in range(CALLS):
        numbers.collect([1.0, 2.0])
        numbers.collect({"a": 1.0, "b": None})
        numbers.collect(table)
        numbers.collect([1.0, 2.0], correlation_id="an id", at=1e9, row=3)
        numbers.collect([1.0])
        words.collect(["text", "größe"])
        words.collect(("text", 7))
        model.collect(inputs=[1.0, 2.0], predictions=[0.5])
        with correlation("loan"):
            numbers.collect([1.0, 2.0])
        if turn % 50 == 0:
            await pipeline.flush()
    await pipeline.aclose()


def lives(count: int) -> list[Left]:
    """What is left after each of so many lives."""
    left = []
    for _ in range(count):
        run_virtual(life)
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        streams = sum(type(one).__name__ in ("Stream", "Origin") for one in gc.get_objects())
        total = getattr(sys, "gettotalrefcount", lambda: 0)()
        left.append(Left(sys.getallocatedblocks(), streams, total, pages * 4))
    return left


if __name__ == "__main__":
    assert not tracemalloc.is_tracing()
    logging.disable()
    every = lives(9)
    print(*every, sep="\n")
    first, last = every[4], every[-1]
    # Some blocks a life are asyncio's and Python's own, without the core too.
    assert {one.streams for one in every} == {0}, "streams stay"
    assert last.blocks - first.blocks < 60, "objects stay"
    assert last.references - first.references < 1000, "references stay"
    assert last.resident - first.resident < 512, "memory stays"
