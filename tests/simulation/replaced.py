"""Blobs that somebody deletes and makes anew, at the worst moments.

What was known of a blob (its length, its header, which appends are on their way to it) is not true
of its successor. The stories need an order of events that a life of random faults meets rarely.
"""

from __future__ import annotations

import asyncio
from collections import deque

from aiocollect.testing import Fault, FaultKind, MemoryStore, Operation

from .world import Result, World, run_scenario

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
        world.foreign_rows = length // 10 + random.randint(1, 50)
        theirs = b"theirs\n" + b"something\n" * world.foreign_rows
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


async def late_for_the_blind(world: World) -> None:
    """Nor does one of a writer that may not look: it carries the ETag of the creation's answer."""
    world.store.readable = False
    delay = world.random.uniform(20, 40)
    turns = {Operation.APPEND: deque([Fault(FaultKind.LATE, delay), Fault(FaultKind.DELETED)])}
    path = await _first_append(world, turns)
    await asyncio.sleep(10)
    make_anew(world.store, path)
    await asyncio.sleep(60)
    world.expect(not any(turns.values()), "the story did not come about")
    world.expect_all_stored("though somebody made its blob anew")


async def late_creation_of_the_blind(world: World) -> None:
    """A creation that is late makes the blob anew after its end; an append that is late as well,
    and had to do without an ETag, finds nothing to land in."""
    world.store.readable = False
    late = world.random.uniform(20, 40)
    turns = {
        Operation.CREATE: deque([Fault(FaultKind.LATE, late)]),
        Operation.APPEND: deque(
            [
                Fault(FaultKind.TOUCHED),
                Fault(FaultKind.LATE, late + 10),
                Fault(FaultKind.DELETED),
            ]
        ),
    }
    await _first_append(world, turns)
    await asyncio.sleep(90)
    world.expect(not any(turns.values()), "the story did not come about")
    world.expect_all_stored("though its blob came back empty")


async def _first_append(world: World, turns: dict[Operation, deque[Fault]]) -> str:
    """Collect, and let the script begin; returns the path of the blob that it began with."""
    paths: list[str] = []

    def weather(operation: Operation, path: str) -> Fault | None:
        if operation is Operation.APPEND:
            paths.append(path)
        faults = turns.get(operation)
        return faults.popleft() if faults else None

    world.weather = weather
    pipeline = world.pipeline(linger=world.random.choice([0.05, 0.5]))
    world.collect(pipeline, "a", world.random.randint(1, 5))
    await asyncio.sleep(3)
    world.collect(pipeline, "a", world.random.randint(1, 5))
    return paths[0]


def make_anew(store: MemoryStore, path: str) -> None:
    """Somebody makes an empty blob of the name, which nobody has any more."""
    store._make(path, "text/plain")


STORIES = (another_header, late_for_the_successor, late_for_the_blind, late_creation_of_the_blind)


def live(seed: int) -> Result:
    """One of the stories."""
    return run_scenario(STORIES[seed % len(STORIES)], seed)
