"""Identical writers: they say the same at the same moment, to one shared blob.

Only the writer's part of an id tells their rows apart. Where it does not, a writer that looks for
its lost append finds the other's equal bytes, believes them, and its own rows are never stored.
"""

from __future__ import annotations

import asyncio

from aiocollect.testing import Fault, FaultKind, Operation

from .world import Result, World, run_scenario

__all__ = ["live"]


async def identical(world: World) -> None:
    """They collect equal rows; as many lines are stored as were accepted."""
    random = world.random

    def weather(operation: Operation, path: str) -> Fault | None:
        if random.random() < 0.3:
            return Fault(random.choice([FaultKind.LOST_ANSWER, FaultKind.NOT_SENT]))
        return None

    world.weather = weather
    world.store.latency = 0.02
    pipelines = [
        world.pipeline(linger=0.05, writer_id=f"00000000{number:02x}")
        for number in range(random.randint(2, 4))
    ]
    calls = random.randint(1, 10)
    for turn in range(calls):
        for pipeline in pipelines:
            pipeline.collector("a", feature_names=["n"]).collect([[turn]])
        await asyncio.sleep(random.choice([0.0, 0.1]))
    for pipeline in pipelines:
        await pipeline.aclose(60)
    accepted = sum(pipeline.stats().accepted for pipeline in pipelines)
    counted = sum(pipeline.stats().stored for pipeline in pipelines)
    (data,) = world.store.blobs.values()
    lines = data.count(b"\n") - 1
    world.expect(accepted == counted == calls * len(pipelines), f"not stored: {counted}")
    world.expect(lines == accepted, f"lost: {accepted} rows accepted, {lines} lines stored")


def live(seed: int) -> Result:
    """One life of identical writers."""
    return run_scenario(identical, seed)
