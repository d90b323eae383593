"""Blobs that somebody deletes and makes anew, at the worst moments.

What was known of a blob (its length, its header, which appends are on their way to it) is not true
of its successor. Both stories need an order of events that a life of random faults meets rarely.
"""

from __future__ import annotations

import asyncio
from collections import deque

from aiocollect.testing import Fault, FaultKind, Operation

from .small_world import Told, World, tell

__all__ = ["live"]


def only_path(world: World) -> str:
    """The one blob there is."""
    (path,) = world.store.blobs
    return path


async def another_header(world: World) -> None:
    """A successor with somebody else's columns, longer already, gets no row of ours."""
    random = world.random
    pipeline = world.pipeline(linger=0.05)
    async with pipeline:
        world.collect(pipeline, "a", random.randint(1, 5))
        await asyncio.sleep(1)
        path = only_path(world)
        length = len(world.store.blobs[path])
        # It holds our first rows no more: that is somebody's will, and no loss of ours.
        world.accepted.clear()
        world.store.replace(path)
        world.strangers = length // 10 + random.randint(1, 50)
        theirs = b"theirs\n" + b"something\n" * world.strangers
        world.store._append(path, theirs, 0, None)
        for _ in range(random.randint(1, 5)):
            world.collect(pipeline, "a", random.randint(1, 5))
            await asyncio.sleep(random.choice([0.0, 0.2]))
        await asyncio.sleep(30)
        world.expect_all_stored("behind a replaced blob")


async def late_for_the_successor(world: World) -> None:
    """An append that is late for its blob does not land in the next one of the name."""
    random = world.random
    delay = random.uniform(5, 20)
    turns = {
        Operation.APPEND: deque([Fault(FaultKind.LATE, delay), Fault(FaultKind.SEALED)]),
        Operation.READ: deque([Fault(FaultKind.REPLACED)]),
    }

    def weather(operation: Operation, path: str) -> Fault | None:
        faults = turns.get(operation)
        return faults.popleft() if faults else None

    world.weather = weather
    pipeline = world.pipeline(linger=random.choice([0.05, 0.5]))
    async with pipeline:
        world.collect(pipeline, "a", random.randint(1, 5))
        await asyncio.sleep(60)
        world.expect(not any(turns.values()), "the story did not come about")
        world.expect_all_stored("though its blob was replaced in the middle of it")


def live(seed: int) -> Told:
    """One of the two stories."""
    return tell((another_header, late_for_the_successor)[seed % 2], seed)
