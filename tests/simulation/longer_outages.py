"""Outages that are longer than memory, with a spool and many paths; then another life takes over.

While the store is down the disk has room, so no call may be refused, and the budget holds; all of
it comes to the store, in order, by the next life, also where this one is killed at its end; killed
at any call before, or by a power cut, what is stored is what it had recorded until then. What the
next one takes over it takes a little at a time: its loop is its host's.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from aiocollect import MemoryStore, Pipeline, Retry
from aiocollect.testing import (
    Crashed,
    Fault,
    FaultKind,
    MemoryDisk,
    Seams,
    VirtualClock,
    VirtualLoop,
    run_virtual,
)

from .crash_life import bury

__all__ = ["LongerOutage", "live"]

KIB = 1024
# Lanes that may be taken over in one step of the loop: each takes some 30 us.
A_STEP = 64
EPOCH = 1_700_000_000.0  # two hours before midnight


@dataclass
class LongerOutage:
    """What became of one."""

    seed: int
    rows: int = 0
    parked: int = 0  # rows that were on the disk alone
    adopted: int = 0
    gathered: int = 0  # rows that were written again together
    end: str = ""
    problems: list[str] = field(default_factory=list)


class World:
    """Everything that one seed decides."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.outcome = LongerOutage(seed)
        self.budget = random.choice([256, 512, 1024]) * KIB
        self.batch = random.choice([16, 64]) * KIB
        self.paths = random.choice([2, 10, 60, 150])
        self.skewed = random.random() < 0.5  # one path has nearly all of it
        self.text = "x" * random.choice([50, 400])
        self.store = MemoryStore(latency=0.01)
        self.disk = MemoryDisk(random, latency=random.choice([0.0, 0.001, 0.01]))
        self.given: dict[str, int] = defaultdict(int)
        self.outcome.end = random.choice(["closed", "closed", "killed", "crashed", "power cut"])
        crashes = self.outcome.end in ("crashed", "power cut")
        self.view = self.disk.process(
            crash_at=1 + int(random.expovariate(1 / 2000)) if crashes else None
        )
        self.living: Pipeline | None = None

    def pipeline(self, loop: VirtualLoop, life: int) -> Pipeline:
        return Pipeline(
            self.store,
            spool="/spool",
            linger=0.5,
            max_batch_bytes=self.batch,
            max_memory_bytes=self.budget,
            retry=Retry(base=0.05, cap=1.0, attempt_timeout=3.0, overdue=0.2),
            _seams=Seams(
                clock=VirtualClock(loop, epoch=EPOCH),
                chance=Random(self.outcome.seed).random,
                writer_id=f"{life:010x}",
                disk=self.view,
            ),
        )

    async def outage(self, loop: VirtualLoop) -> None:
        """Three times the budget comes in while the store is down."""
        pipeline, random = self.pipeline(loop, 1), self.random
        self.living = pipeline
        await pipeline.start()
        collectors = {
            f"m{n}": pipeline.collector(f"m{n}", feature_names=["a", "b"])
            for n in range(self.paths)
        }
        names = list(collectors)
        self.store.faults = lambda *_: Fault(FaultKind.BUSY)
        size = 100 + len(self.text)
        rows = 3 * self.budget // size
        # What comes at once must fit into what a stream is sure of.
        burst = max(1, self.budget // 256 // size)
        for number in range(rows):
            name = names[0] if self.skewed and number % 10 else random.choice(names)
            if collectors[name].collect([self.given[name], self.text]) is None:
                self.outcome.problems.append(
                    f"refused: row {number} of {rows}, with {self.disk.used} bytes in the spool"
                )
                break
            self.given[name] += 1
            if not number % burst:
                await asyncio.sleep(0.05)
        stats = pipeline.stats()
        self.outcome.rows = stats.accepted
        self.outcome.parked = stats.in_spool
        if stats.budget_used > self.budget:
            self.outcome.problems.append(f"over the budget: {stats.budget_used}")
        if self.outcome.end == "killed":
            await asyncio.sleep(1.0)  # all of it is written by then
            self.view.end()
            return
        report = await pipeline.aclose(timeout=0.5)
        if report.in_spool != report.accepted:
            self.outcome.problems.append(f"not in the spool: {report}")
        if self.disk.on_loop:
            self.outcome.problems.append(f"the loop was held: {dict(self.disk.on_loop)}")

    async def heir(self, loop: VirtualLoop) -> None:
        """Another life brings it to the store."""
        self.store.faults = None
        pipeline = self.pipeline(loop, 2)
        lanes = 0

        def step() -> None:
            nonlocal lanes
            now = sum(1 for _ in pipeline._engine.channels)
            if now - lanes > A_STEP:
                self.outcome.problems.append(f"the loop was held: {now - lanes} lanes in a step")
            lanes = now

        loop.after_step = step
        await pipeline.start()
        for _ in range(600):
            await asyncio.sleep(1.0)
            stats = pipeline.stats()
            if stats.adopted >= self.outcome.rows and not stats.in_spool and not stats.in_memory:
                break
        loop.after_step = None
        self.outcome.adopted = stats.adopted
        await pipeline.aclose()
        found = {
            path.split("/")[4]: [int(line.split(b",")[0]) for line in data.splitlines()[1:]]
            for path, data in self.store.blobs.items()
        }
        end = self.outcome.end
        for name, rows in self.given.items():
            here = found.get(name, [])
            if end == "crashed" and here == list(range(len(here))):
                continue
            # Nobody has asked for durable rows: a page that was not synced can be gone, and one
            # behind it not. What the log was about to send has synced those before it.
            if end == "power cut" and here == sorted(set(here)) and set(here) <= set(range(rows)):
                continue
            if here != list(range(rows)):
                what = "lost or reordered" if len(found.get(name, [])) <= rows else "doubled"
                self.outcome.problems.append(f"{what}: {name}")
        if any("corrupt-" not in path for path in self.disk.files):
            self.outcome.problems.append(f"left on the disk: {list(self.disk.files)}")


def live(seed: int) -> LongerOutage:
    """The outage of one seed."""
    world = World(seed)
    loop = VirtualLoop()

    def step() -> None:
        if not world.view.alive:
            raise Crashed

    loop.after_step = step
    asyncio.set_event_loop(loop)
    with suppress(Crashed):
        loop.run_until_complete(world.outage(loop))
    bury(loop)
    if world.living is not None and world.living._engine.delivery.spool is not None:
        world.outcome.gathered = world.living._engine.delivery.backlog.gathered
    world.view.end()
    if world.outcome.end == "power cut":
        world.disk.cut_power()
    world.view = world.disk.process()
    run_virtual(world.heir)
    return world.outcome
