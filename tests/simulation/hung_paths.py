"""A life in which more paths hang than there are places for requests, of whatever kind.

The default pipeline has 16 places, and 64 for late ones. A path that answers must find one among
any number that do not: after the first round, in which nothing is known of anybody, its rows are
stored within the linger, a look of the pump and its requests; and however many are late, no more
requests are under way than both kinds of places hold.
"""

from __future__ import annotations

import asyncio
from random import Random

from aiocollect import Pipeline, Retry
from aiocollect.events import Event, Settled
from aiocollect.testing import (
    Fault,
    FaultKind,
    MemoryStore,
    Operation,
    Seams,
    VirtualClock,
    VirtualLoop,
    run_virtual,
)

from .life import Outcome
from .trace import Say, silent, told

__all__ = ["KIND", "live"]

KIND = "more hang than places"
KINDS = [FaultKind.HANG, FaultKind.HANG_APPLIED, FaultKind.SLOW]
LINGER = 0.2
OVERDUE = Retry().overdue
HEALTHY = 5
SECONDS = 90


def live(seed: int, say: Say = silent) -> Outcome:
    """The life, and what it broke."""
    outcome = Outcome(seed)
    random = Random(seed)
    places = random.choice([2, 4, 16])
    hanging = 5 * places + random.choice([1, 10, 100])
    latency = random.choice([0.005, 0.05])
    kind = random.choice(KINDS)
    stored: dict[str, list[float]] = {}

    async def main(loop: VirtualLoop) -> None:
        def faults(operation: Operation, path: str) -> Fault | None:
            if "/healthy" in path:
                return None
            outcome.faults[kind] += 1
            return Fault(kind, 600.0)

        def hook(event: Event) -> None:
            say(f"{loop.time():10.4f} {told(event)}")
            if isinstance(event, Settled):
                name = event.path.split("/")[-7]
                stored.setdefault(name, []).extend([loop.time()] * event.rows)

        pipeline = Pipeline(
            MemoryStore(faults=faults, latency=latency),
            _seams=Seams(
                clock=VirtualClock(loop),
                chance=Random(seed).random,
                writer_id=f"{seed & 0xFFFFFFFFFF:010x}",
            ),
            max_in_flight=places,
            linger=LINGER,
            hooks=[hook],
        )
        sick = [pipeline.collector(f"m{number}") for number in range(hanging)]
        well = [pipeline.collector(f"healthy{number}") for number in range(HEALTHY)]
        made: dict[str, list[float]] = {f"healthy{number}": [] for number in range(HEALTHY)}
        while loop.time() < SECONDS:
            for collector in random.sample(sick, len(sick) // 3):
                outcome.rows += collector.collect([1.0, 2.0]) is not None
            for number, collector in enumerate(well):
                if collector.collect([1.0, 2.0]) is not None:
                    made[f"healthy{number}"].append(loop.time())
                    outcome.rows += 1
            await asyncio.sleep(random.expovariate(2.0))
            under_way = pipeline.stats().in_flight
            outcome.host_faults[KIND] += under_way > 4 * places
            if under_way > 6 * places:
                outcome.problems.append(f"{under_way} requests under way, for {places} places")
                break
        await asyncio.sleep(5.0)
        judge(outcome, made, stored, first=hanging / places * OVERDUE + 2.0, latency=latency)
        await pipeline.aclose(0.5)
        outcome.hours = loop.time() / 3600

    run_virtual(main)
    if not outcome.host_faults[KIND]:
        outcome.problems.append("the places for late requests were never full: it proves nothing")
    return outcome


def judge(
    outcome: Outcome,
    made: dict[str, list[float]],
    stored: dict[str, list[float]],
    *,
    first: float,
    latency: float,
) -> None:
    """Whether the healthy rows were in time, once each sick path was asked a first time."""
    soon = LINGER + 0.1 + 2 * OVERDUE + 10 * latency
    for name, calls in made.items():
        ends = stored.get(name, [])
        if len(ends) != len(calls):
            outcome.found["late"] += 1
            outcome.problems.append(f"late: {len(ends)} of {len(calls)} rows of {name} are stored")
        late = sum(
            end - call > soon for call, end in zip(calls, ends, strict=False) if call > first
        )
        if late:
            outcome.found["late"] += 1
            outcome.problems.append(f"late: {late} of {len(calls)} rows of {name}")
