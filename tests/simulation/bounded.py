"""A life that makes much of what a user does not think of, while the store is down; and its memory.

Rows of thousands of hours, as a broken clock gives; receipts that are dropped; waiters that are
cancelled; collectors and columns made per request. What the interpreter really keeps of it is
measured, and held against the budget that the pipeline was given. Then the store is well again: all
is stored, the budget is free, and later rows of yet other hours are taken.
"""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Callable
from random import Random
from typing import Any

from aiocollect import Pipeline, Retry
from aiocollect.testing import (
    Fault,
    FaultKind,
    MemoryStore,
    Seams,
    VirtualClock,
    VirtualLoop,
    run_virtual,
)

from .life import Outcome
from .trace import Say, silent

__all__ = ["BOUNDED_EVERY", "KINDS", "kind_of", "live"]

# The dearest of all lives, a tenth of the time at one in a hundred: once for each of its kinds in a
# thousand seeds.
BOUNDED_EVERY = 200

BUDGET = 2 << 20
KINDS = [
    *("many hours in an outage", "receipts that are dropped", "waiters that are cancelled"),
    *("collectors per request", "columns made of data"),
]
# What may be kept besides: the first 64 paths, the ring's slots, what the test itself holds; and
# for the last two kinds the latest 1,024 streams, of 4 KB each.
SLACK = 600_000
STREAMS = 1024 * 5_000
DOWN = [FaultKind.BUSY, FaultKind.NOT_SENT, FaultKind.CREDENTIAL, FaultKind.HANG]
# How often each is done in a row before anything else runs. Hours come many at once, which fill the
# ring with what their paths may cost, and then few at a time, which all find room in it.
BURSTS = dict(
    zip(
        KINDS,
        [[2000] + [200] * 10, [1000] * 16, [100] * 60, [100] * 40, [100] * 40],
        strict=True,
    )
)


def kind_of(seed: int) -> str:
    """What the life of a seed makes much of: by turns, for the first seeds and for those that are
    such lives."""
    return KINDS[(seed if seed < len(KINDS) else seed // BOUNDED_EVERY) % len(KINDS)]


class Story:
    """One life's pipeline, and what it is asked for."""

    def __init__(self, seed: int, loop: VirtualLoop, outcome: Outcome) -> None:
        self.random = Random(seed)
        self.kind = kind_of(seed)
        self.outcome = outcome
        weather = self.random.choice(DOWN)
        self.store = MemoryStore(faults=lambda *_: Fault(weather, 600.0), latency=0.01)
        self.pipeline = Pipeline(
            self.store,
            _seams=Seams(
                clock=VirtualClock(loop),
                chance=Random(seed).random,
                writer_id=f"{seed & 0xFFFFFFFFFF:010x}",
            ),
            layout="hour",
            linger=0.2,
            max_batch_bytes=64 << 10,
            max_memory_bytes=BUDGET,
            retry=Retry(cap=2.0, hold=2.0, attempt_timeout=5.0),
        )
        self.accepted = 0  # rows
        self.patient: asyncio.Future[Any] | None = None

    def collector(self, **options: Any) -> Any:
        return self.pipeline.collector("m", **{"feature_names": ["a"], **options})

    def take(self, answer: object, rows: int = 1) -> None:
        """Count what was accepted."""
        self.outcome.host_faults[self.kind] += 1
        self.accepted += rows if answer is not None else 0

    async def act(self) -> None:
        """Do much of it."""
        acts: dict[str, Callable[[int], Any]] = {
            KINDS[0]: lambda n: self.take(self.collector().collect([[1.0]], at=3600.0 * 3 * n)),
            KINDS[1]: lambda n: self.take(self.collector().collect_receipt([[1.0]])),
            KINDS[3]: lambda n: self.take(self.collector(redact=lambda row: row).collect([[1.0]])),
            KINDS[4]: lambda n: self.take(self.collector(feature_names=[f"c{n}"]).collect([[1.0]])),
        }
        act = acts.get(self.kind)
        if act is None:
            await self.wait_in_vain()
            return
        number = 0
        for burst in BURSTS[self.kind]:
            for _ in range(burst):
                act(number)
                number += 1
            await asyncio.sleep(1.0)

    async def wait_in_vain(self) -> None:
        """One patient waiter, and thousands that are cancelled behind it."""
        collector = self.collector()
        refused = 0
        while refused < 20:  # encoded rows are smaller than their estimates: there is room again
            answer = collector.collect([["x" * 1000]] * 20)
            self.take(answer, rows=20)
            refused = refused + 1 if answer is None else 0
            await asyncio.sleep(0.1 if refused else 0.0)
        self.patient = asyncio.ensure_future(collector.acollect([["y" * 1000]] * 20))
        for burst in BURSTS[self.kind]:
            waiting = [
                asyncio.ensure_future(collector.acollect([["z" * 200]])) for _ in range(burst)
            ]
            await asyncio.sleep(0.01)
            for waiter in waiting:
                waiter.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            self.outcome.host_faults[self.kind] += len(waiting)

    def demand(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.outcome.found["unbounded"] += 1
            self.outcome.problems.append(f"{self.kind}: {otherwise}")

    async def live(self) -> None:
        """The outage, its measure, and what comes after it."""
        first = self.collector()
        self.take(first.collect([[1.0]]))
        await asyncio.sleep(1.0)
        gc.collect()
        tracemalloc.start(1)
        try:
            before, _ = tracemalloc.get_traced_memory()
            await self.act()
            gc.collect()
            kept = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        stats = self.pipeline.stats()
        allowed = BUDGET * 5 // 4 + SLACK + (STREAMS if self.kind in KINDS[3:] else 0)
        self.demand(kept <= allowed, f"unbounded: {kept} bytes are kept, {allowed} may be")
        # A slice's rows and the estimates of calls may differ for a moment.
        self.demand(stats.budget_used <= BUDGET * 5 // 4, f"over the budget: {stats.budget_used}")
        self.store.faults = None
        if self.patient is not None:
            self.take(await self.patient, rows=20)
        report = await self.pipeline.flush(300.0)
        await asyncio.sleep(5.0)
        # Of the cancelled ones nobody knows, but the pipeline.
        whole = report.complete and report.stored >= self.accepted
        if self.kind != KINDS[2]:
            whole = whole and report.stored == self.accepted
        self.demand(whole, f"lost: {self.accepted} accepted, {report}")
        after = [first.collect([[1.0]], at=86_400.0 * 30_000 + 3600.0 * n) for n in range(50)]
        self.demand(None not in after, "rows of other hours are refused, with the store well")
        last = await self.pipeline.aclose(60.0)
        self.demand(last.complete, f"lost: {last}")
        self.outcome.rows = last.stored


def live(seed: int, say: Say = silent) -> Outcome:
    """The life, and what it broke."""
    outcome = Outcome(seed)

    async def main(loop: VirtualLoop) -> None:
        await Story(seed, loop, outcome).live()
        outcome.hours = loop.time() / 3600

    try:
        run_virtual(main)
    except Exception as error:
        outcome.problems.append(f"{type(error).__name__}: {error}")
    return outcome
