"""A life with 64 paths, one of which always fails or hangs; and its twin, in which none does.

The other 63 must not notice: as many of their rows are stored, and at least 99 of 100 no later than
in the twin. Where only four requests may run at a time, one that hangs has a quarter of that until
it is overdue: then they are at most so much later.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from random import Random

from aiocollect import Pipeline, Retry
from aiocollect._delivery.polling import LONGEST
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

PATHS = 64
KINDS = [
    FaultKind.HANG,
    FaultKind.NOT_SENT,
    FaultKind.BUSY,
    FaultKind.ERROR,
    FaultKind.CREDENTIAL,
    FaultKind.CONTAINER,
    FaultKind.SLOW,
]
# Rows that share a block may fall on either side of one look of the pump at the ring.
NO_LATER = LONGEST
ON_TIME = 0.99
# How much later a row may be, by the requests that may run at a time.
TOLERANCE = {4: Retry().overdue, 16: NO_LATER}

# When each row was stored, by path.
Times = dict[str, list[float]]


@dataclass(frozen=True)
class Theme:
    """What a seed decides: the path that fails, how it does, and how many requests may run."""

    culprit: str
    kind: FaultKind
    latency: float
    places: int


def theme_of(random: Random) -> Theme:
    """Drawn first of all."""
    return Theme(
        culprit=f"m{random.randrange(PATHS):02d}",
        kind=random.choice(KINDS),
        latency=random.choice([0.005, 0.02]),
        places=random.choice(list(TOLERANCE)),
    )


def run(seed: int, outcome: Outcome, say: Say, *, poisoned: bool) -> Times:
    """One of the twins: the same calls at the same moments. Returns when rows were stored."""
    random = Random(seed)
    theme = theme_of(random)

    def faults(operation: Operation, path: str) -> Fault | None:
        if not poisoned or f"/{theme.culprit}/" not in path:
            return None
        outcome.faults[theme.kind] += 1
        return Fault(theme.kind, 600.0)

    async def main(loop: VirtualLoop) -> Times:
        times: Times = defaultdict(list)

        def hook(event: Event) -> None:
            say(f"{loop.time():10.4f} {told(event)}")
            if isinstance(event, Settled):
                times[event.path.split("/")[-7]] += [loop.time()] * event.rows

        pipeline = Pipeline(
            MemoryStore(faults=faults, latency=theme.latency),
            _seams=Seams(
                clock=VirtualClock(loop),
                chance=Random(seed).random,
                writer_id=f"{seed & 0xFFFFFFFFFF:010x}",
            ),
            max_in_flight=theme.places,
            linger=0.5,
            hooks=[hook],
        )
        collectors = [pipeline.collector(f"m{number:02d}") for number in range(PATHS)]
        for _ in range(400):
            await asyncio.sleep(random.expovariate(20.0))
            for collector in random.sample(collectors, 4):
                assert collector.collect([1.0, 2.0]) is not None
                outcome.rows += 1
        await asyncio.sleep(5.0)
        await pipeline.aclose(1.0)
        outcome.hours += loop.time() / 3600
        return times

    return run_virtual(main)


def live(seed: int, say: Say = silent) -> Outcome:
    """Both twins, and what the poison has cost the others."""
    outcome = Outcome(seed)
    theme = theme_of(Random(seed))
    healthy = run(seed, outcome, silent, poisoned=False)
    poisoned = run(seed, outcome, say, poisoned=True)
    judge(outcome, healthy, poisoned, theme)
    return outcome


def judge(outcome: Outcome, healthy: Times, poisoned: Times, theme: Theme) -> None:
    """Compare the twins."""
    late = rows = 0
    tolerance = TOLERANCE[theme.places]
    for path in sorted(healthy.keys() - {theme.culprit}):
        before, after = healthy[path], poisoned.get(path, [])
        if len(before) != len(after):
            outcome.found["lost"] += 1
            outcome.problems.append(f"{path}: {len(after)} rows stored, {len(before)} without")
        rows += len(before)
        late += sum(b > a + tolerance for a, b in zip(before, after, strict=False))
    if late > (1 - ON_TIME) * rows:
        outcome.found["late"] += 1
        outcome.problems.append(f"{late} of {rows} rows were late because of {theme.culprit}")
    if poisoned.get(theme.culprit):
        outcome.problems.append(f"{theme.culprit} was not poisoned: the life proves nothing")
