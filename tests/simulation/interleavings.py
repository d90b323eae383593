"""Another thread at every moment: a call comes in at each point where CPython may switch.

CPython switches threads (and runs signal handlers) at function entries, after calls and at backward
jumps. A profile function is called at the first two, so it can stand for the other thread: at the
moment that the seed names it collects a row. Every order of two threads that one switch can make is
tried so, each time the same, where a stress test tries a few by luck.

Afterwards nobody calls or flushes: a row that nobody was woken for stays in memory, and is found.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import aiocollect

from .world import Result, World, run_scenario

__all__ = ["live"]

PACKAGE = str(Path(aiocollect.__file__).parent)
# Where callers and the pump meet. The encoders, stores and lanes are the pump's alone.
ROOMS = tuple(
    f"{PACKAGE}/{room}.py"
    for room in (
        *("_core/ring", "_delivery/delivery", "_delivery/flushes", "_delivery/intake"),
        "_delivery/pump",
        *("_engine/driver", "_engine/engine"),
        *("_engine/loop_binding", "_engine/python_path", "_engine/recorder"),
    )
)


class Intruder:
    """The other thread: its ``moment``-th chance is when it collects."""

    def __init__(self, moment: int, collect: Any) -> None:
        self.left = moment
        self._collect = collect

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event not in ("call", "c_return") or not frame.f_code.co_filename.startswith(ROOMS):
            return
        self.left -= 1
        if self.left == 0:
            sys.setprofile(None)
            self._collect()


async def intruded(world: World, moment: int) -> None:
    """A few calls, each to a pump that looks, or sleeps; one more at the moment."""
    pipeline = world.pipeline(linger=0.05)
    await pipeline.start()
    world.collect(pipeline, "a")
    collector = pipeline.collector("other", feature_names=["n"])
    accepted = 0

    def intrude() -> None:
        nonlocal accepted
        accepted += collector.collect([[moment]]) is not None

    sys.setprofile(Intruder(moment, intrude))
    try:
        # To the pump's own end too: the last of these waits outlasts the linger.
        for wait in (0.0, 0.002, 0.02, 0.2):
            world.collect(pipeline, "a")
            await asyncio.sleep(wait)
    finally:
        sys.setprofile(None)
    await asyncio.sleep(10)
    stats = pipeline.stats()
    total = len(world.accepted["a"]) + accepted
    world.expect(stats.accepted == total, f"lost: {total} calls accepted, {stats.accepted} counted")
    world.expect(not stats.in_memory, f"nobody was woken: {stats.in_memory} rows wait")
    world.expect(stats.stored == total, f"lost: {total} rows accepted, {stats.stored} stored")
    world.expect_all_stored("with another thread's call between")
    await pipeline.aclose()


def live(seed: int) -> Result:
    """The life in which the other thread comes at the seed's moment."""
    return run_scenario(lambda world: intruded(world, seed + 1), seed)
