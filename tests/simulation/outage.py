"""A life with an outage of an hour: nobody storms the store meanwhile, all is stored soon after it.

How soon the first append of a path succeeds: requests that fail at once are repeated after at most
``retry.cap``; a refusal that an operator must end, after ``retry.hold``; a request that was sent
just before the end and hangs takes its ``attempt_timeout`` first.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
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

BEGIN, HOUR = 60.0, 3600.0
END = BEGIN + HOUR
RETRY = Retry()
WAITS = {
    FaultKind.NOT_SENT: RETRY.cap,
    FaultKind.BUSY: RETRY.cap,
    FaultKind.ERROR: RETRY.cap,
    FaultKind.CREDENTIAL: RETRY.hold,
    FaultKind.CONTAINER: RETRY.hold,
    FaultKind.HANG: RETRY.attempt_timeout + RETRY.cap,
}
# From the first success of a path to the next: look, create, look, append; twice, after a refusal.
REQUESTS = 8
# Requests of one path in any ten seconds, once the first waits have been doubled.
WINDOW, PROBES = 10.0, 10


def live(seed: int, say: Say = silent) -> Outcome:
    """The life, and what it broke."""
    outcome = Outcome(seed)
    random = Random(seed)
    kinds = random.choice([*([kind] for kind in WAITS), [FaultKind.NOT_SENT, FaultKind.BUSY]])
    latency = random.choice([0.005, 0.1])
    asked: dict[str, list[float]] = defaultdict(list)
    stored: dict[str, list[float]] = defaultdict(list)

    async def main(loop: VirtualLoop) -> int:
        def faults(operation: Operation, path: str) -> Fault | None:
            if not BEGIN <= loop.time() < END:
                return None
            asked[path].append(loop.time())
            kind = random.choice(kinds)
            outcome.faults[kind] += 1
            say(f"{loop.time():10.4f} fault {kind.value} at {operation.value} {path}")
            return Fault(kind)

        def hook(event: Event) -> None:
            say(f"{loop.time():10.4f} {told(event)}")
            if isinstance(event, Settled):
                stored[event.path].append(loop.time())

        pipeline = Pipeline(
            MemoryStore(faults=faults, latency=latency),
            _seams=Seams(
                clock=VirtualClock(loop),
                chance=Random(seed).random,
                writer_id=f"{seed & 0xFFFFFFFFFF:010x}",
            ),
            hooks=[hook],
        )
        collectors = [pipeline.collector(f"m{n}") for n in range(random.randint(1, 4))]
        while loop.time() < END:
            await asyncio.sleep(random.uniform(1, 60))
            for collector in collectors:
                assert collector.collect([1.0, 2.0]) is not None
                outcome.rows += 1
        await pipeline.flush(120.0)
        report = await pipeline.aclose()
        outcome.hours = loop.time() / 3600
        return report.accepted - report.stored

    try:
        missing = run_virtual(main)
    except Exception as error:
        outcome.problems.append(f"{type(error).__name__}: {error}")
        return outcome
    if missing:
        outcome.found["lost"] += missing
        outcome.problems.append(f"lost: {missing} rows")
    judge(outcome, asked, stored, max(WAITS[kind] for kind in kinds) + REQUESTS * latency)
    return outcome


def judge(
    outcome: Outcome, asked: dict[str, list[float]], stored: dict[str, list[float]], soon: float
) -> None:
    """Whether the path was asked for seldom in the outage, and went on ``soon`` after it."""
    for path, times in stored.items():
        took = min((time for time in times if time >= END), default=float("inf")) - END
        outcome.healing = max(outcome.healing, took)
        if took > soon:
            outcome.found["late"] += 1
            outcome.problems.append(f"{path}: stored {took:.1f} s after the outage, not {soon:.1f}")
    for path, times in asked.items():
        # A path's first request in the outage may be a late one: its waits are short at first.
        calm = [time for time in times if time >= times[0] + WINDOW]
        for first, last in zip(calm, calm[PROBES:], strict=False):
            if last - first < WINDOW:
                outcome.found["storm"] += 1
                outcome.problems.append(f"{path}: {PROBES + 1} requests in {last - first:.1f} s")
                break
