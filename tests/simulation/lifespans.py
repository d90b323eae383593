"""Hosts that enter a pipeline's lifespan again and again: for each test, or for each invocation.

Each life begins with nothing and ends with a report of its own; between two lives calls are
refused. What one life could not decide may still land while the next one writes to the same blob.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

from aiocollect import FlushTimeout, Pipeline, Report
from aiocollect.events import Closed, Event
from aiocollect.testing import Fault, FaultKind, Operation

from .world import Result, World, run_scenario

__all__ = ["KINDS", "live"]

# What a run of many seeds must have met.
KINDS = [
    *("second lifespan", "cancelled leaving", "cut off by its deadline", "refused in between"),
    *("closed inside", "late for the next life", "one inside of another"),
]
met: Counter[str] = Counter()


async def again_and_again(world: World) -> None:
    """Whatever a life reports as stored is there once and in order, and the reports add up to what
    was accepted, in whatever way each life has ended."""
    random = world.random
    reports: list[Report] = []

    def hook(event: Event) -> None:
        if isinstance(event, Closed):
            reports.append(event.report)

    pipeline = world.pipeline(
        linger=random.choice([0.05, 0.5]),
        close_timeout=random.choice([0.2, 10.0]),
        max_batch_bytes=random.choice([1024, 65536]),
        hooks=[hook],
    )
    down = random.choice([0.0, 0.0, 0.2, 0.6])
    lives = random.randint(2, 5)
    for number in range(lives):
        met["second lifespan"] += number > 0
        _weather(world, down if number < lives - 1 else 0.0)
        await pipeline.__aenter__()
        for _ in range(random.randint(0, 6)):
            world.collect(pipeline, "a", random.randint(1, 20))
            await asyncio.sleep(random.choice([0.0, 0.1, 1.0]))
        if random.random() < 0.3:
            met["one inside of another"] += 1
            async with pipeline:
                world.collect(pipeline, "a", random.randint(1, 20))
            world.expect(world.collect(pipeline, "a"), "the inner end has closed the outer one")
        if random.random() < 0.2:
            met["closed inside"] += 1
            await pipeline.aclose(random.choice([None, 0.1]))
        await _leave(world, pipeline)
        world.expect(len(reports) == number + 1, f"{len(reports)} reports of {number + 1} lives")
        refused = not world.collect(pipeline, "a")
        world.expect(refused, "accepted between two lives")
        met["refused in between"] += refused
        with suppress(FlushTimeout):
            world.expect(await pipeline.flush(0.0) == reports[-1], "a flush of what has ended")
    while world.store.late:
        await asyncio.sleep(1.0)
    _judge(world, reports)


def _weather(world: World, share: float) -> None:
    random = world.random
    kinds = [
        *(FaultKind.LATE, FaultKind.LOST_ANSWER, FaultKind.NOT_SENT, FaultKind.HANG_APPLIED),
        *(FaultKind.SLOW, FaultKind.RESENT, FaultKind.CREDENTIAL),
    ]

    def strike(operation: Operation, path: str) -> Fault | None:
        if random.random() >= share:
            return None
        kind = random.choice(kinds)
        if kind is FaultKind.LATE and operation is Operation.APPEND:
            met["late for the next life"] += 1
        return Fault(kind, random.choice([0.1, 5.0]))

    world.weather = strike


async def _leave(world: World, pipeline: Pipeline) -> None:
    """The lifespan ends; the host may cancel that, and waits for it again."""
    leaving = asyncio.ensure_future(pipeline.__aexit__(None, None, None))
    if world.random.random() < 0.3:
        await asyncio.sleep(world.random.choice([0.0, 0.1]))
        met["cancelled leaving"] += leaving.cancel()
        with suppress(asyncio.CancelledError):
            await leaving
        await pipeline.__aexit__(None, None, None)
    await leaving if not leaving.cancelled() else None


def _judge(world: World, reports: list[Report]) -> None:
    found, accepted = world.stored()["a"], world.accepted["a"]
    world.expect(len(found) == len(set(found)), "doubled")
    world.expect(found == sorted(found), "reordered")
    world.expect(set(found) <= set(accepted), "unknown rows")
    told = sum(report.accepted for report in reports)
    world.expect(told == len(accepted), f"{told} accepted by reports, {len(accepted)} by calls")
    stored = sum(report.stored for report in reports)
    possibly = sum(report.possibly_stored for report in reports)
    world.expect(
        stored <= len(found) <= stored + possibly,
        f"lost: {len(found)} rows there, {stored} told as stored, {possibly} as possibly",
    )
    for report in reports:
        dropped = sum(report.dropped.values())
        final = report.stored + report.possibly_stored + dropped
        world.expect(report.accepted == final, f"the equation does not hold: {report}")
        met["cut off by its deadline"] += dropped > 0


def live(seed: int) -> Result:
    """The story of a seed."""
    return run_scenario(again_and_again, seed)
