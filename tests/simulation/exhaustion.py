"""Exhaustion: no room, inode or descriptor is left while a spool works.

It comes when new streams are to have their slots, when a segment is half full and the next one is
to be made, and when a journal is to be removed; then the process is killed, or closes, and the next
one takes over what is left. It costs what would have been written: whatever was durable or told
as stored is in the store, in order, and nothing is there twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from contextlib import suppress
from random import Random
from typing import Any

from aiocollect import MemoryStore, Pipeline, Receipt, Retry
from aiocollect._disks.memory.faults import OPENING
from aiocollect.testing import (
    Crashed,
    DiskCall,
    DiskFault,
    DiskProcess,
    Fault,
    FaultKind,
    MemoryDisk,
    Seams,
    VirtualClock,
    VirtualLoop,
    run_virtual,
)

from .crash_life import bury
from .world import Result

__all__ = ["KINDS", "live", "met"]

KIB = 1024
EPOCH = 1_700_000_000.0  # two hours before midnight
ROOM, INODE, DESCRIPTOR = "no room", "no inode", "no descriptor"
# More than a journal has slots for at its beginning.
MANY = 70
# Rows of so many bytes, of which half a segment has sixteen, and so many in all.
BIG, CROSSING = 256 * KIB, 48

# What a run of many seeds must have met.
KINDS = [
    *("no room for rows", "no room for the slots of new streams"),
    *("no inode for the next segment", "no descriptor for the next segment"),
    "no descriptor to remove a journal with",
    *("killed in want", "killed after it", "closed in want", "closed after it"),
    *("durable before the want", "a segment was crossed", "taken over"),
]
met: Counter[str] = Counter()


class World:
    """One disk and one store; the process that wants, and then its heir."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.result = Result(seed)
        self.down = False
        self.store = MemoryStore(
            faults=lambda *_: Fault(FaultKind.BUSY) if self.down else None,
            latency=random.choice([0.001, 0.05]),
        )
        self.disk = MemoryDisk(random, latency=random.choice([0.001, 0.02]))
        self.disk.faults = self._want
        self.want = ""
        self.slots_too = random.random() < 0.5  # a hole in the slots' file needs room as well
        self.killed = random.random() < 0.5
        self.receipts: dict[str, list[Receipt]] = defaultdict(list)
        self.promised: set[tuple[str, int]] = set()

    def _want(self, call: DiskCall, path: str) -> DiskFault | None:
        met["a segment was crossed"] += call is DiskCall.WRITE and path.endswith("2.rows")
        if self.want == DESCRIPTOR and call in OPENING:
            what = "to remove a journal with" if call is DiskCall.NAMES else "for the next segment"
            met[f"no descriptor {what}"] += 1
            return DiskFault.NO_DESCRIPTOR
        if self.want in (ROOM, INODE) and call in (DiskCall.OPEN, DiskCall.RENEW):
            met["no inode for the next segment"] += call is DiskCall.OPEN
            return DiskFault.NO_SPACE
        slots = path.endswith("slots")
        if self.want != ROOM or call is not DiskCall.WRITE or (slots and not self.slots_too):
            return None
        met[f"no room for {'the slots of new streams' if slots else 'rows'}"] += 1
        return DiskFault.NO_SPACE

    def pipeline(self, loop: VirtualLoop, view: DiskProcess, life: int) -> Pipeline:
        """A process's."""
        return Pipeline(
            self.store,
            spool="/spool",
            linger=0.1,
            max_memory_bytes=64 * KIB * KIB,
            retry=Retry(base=0.05, cap=1.0, attempt_timeout=3.0, overdue=0.2),
            _seams=Seams(
                clock=VirtualClock(loop, epoch=EPOCH),
                chance=Random(self.result.seed).random,
                writer_id=f"{life:010x}",
                disk=view,
            ),
        )

    def collect(self, pipeline: Pipeline, model: str, text: str = "") -> Receipt:
        """The next row of a stream."""
        collector = pipeline.collector(model, feature_names=["n", "text"])
        receipt = collector.collect_receipt([len(self.receipts[model]), text])
        assert receipt is not None, "the budget is too small for the story"
        self.receipts[model].append(receipt)
        return receipt

    async def durable(self, receipt: Receipt, model: str) -> None:
        """All rows of the stream so far survive a power cut."""
        rows = len(self.receipts[model])
        if await receipt.durable():
            self.promised.update((model, number) for number in range(rows))
            met["durable before the want"] += 1

    # Two lives ----------------------------------------------------------------------------------

    def live(self, story: Callable[[World, Pipeline], Coroutine[Any, Any, None]]) -> None:
        """The story's, which is killed, or closes; and the heir's."""
        view, loop = self.disk.process(), VirtualLoop()

        def step() -> None:
            if not view.alive:
                raise Crashed

        loop.after_step = step
        asyncio.set_event_loop(loop)
        with suppress(Crashed):
            loop.run_until_complete(self._process(loop, view, story))
        bury(loop)
        view.end()
        met["taken over"] += bool(self.disk.files)
        self.disk.faults, self.down = None, False
        run_virtual(self._heir)

    async def _process(
        self,
        loop: VirtualLoop,
        view: DiskProcess,
        story: Callable[[World, Pipeline], Coroutine[Any, Any, None]],
    ) -> None:
        pipeline = self.pipeline(loop, view, 1)
        await pipeline.start()
        await story(self, pipeline)
        when = "in want" if self.want else "after it"
        met[f"{'killed' if self.killed else 'closed'} {when}"] += 1
        if self.killed:
            self._remember()
            view.end()
        else:
            await pipeline.aclose(timeout=5.0)
            self._remember()

    def _remember(self) -> None:
        """What its receipts had said when it ended. What was durable stays so, whatever is said."""
        for model, receipts in self.receipts.items():
            for number, receipt in enumerate(receipts):
                told = receipt.outcome
                if told == "stored" or (told in (None, "spooled") and receipt.spooled):
                    self.promised.add((model, number))

    async def _heir(self, loop: VirtualLoop) -> None:
        pipeline = self.pipeline(loop, self.disk.process(), 2)
        await pipeline.start()
        await asyncio.sleep(60.0)
        await pipeline.aclose()

    def judge(self) -> None:
        """Compare what is stored with what was promised."""
        problems = self.result.problems
        for model in self.receipts:
            found = [
                int(line.partition(b",")[0])
                for path, data in sorted(self.store.blobs.items())
                if f"/{model}/" in path
                for line in data.splitlines()[1:]
            ]
            promised = {number for name, number in self.promised if name == model}
            lost = len(promised - set(found))
            if lost:
                problems.append(f"lost: {lost} of {len(promised)} rows of {model}")
            if len(found) > len(set(found)):
                problems.append(f"doubled: {len(found) - len(set(found))} rows of {model}")
            elif found != sorted(found):
                problems.append(f"reordered: rows of {model}")
        if self.disk.files:
            problems.append(f"left on the disk: {list(self.disk.files)}")
        if self.disk.on_loop:
            problems.append(f"the loop was held: {dict(self.disk.on_loop)}")
        self.store.blobs.clear()  # some megabytes


async def new_streams(world: World, pipeline: Pipeline) -> None:
    """Rows are durable; then the disk is full, and many streams come for which it has no slots."""
    world.down = world.random.random() < 0.8
    for _ in range(world.random.randint(1, 300)):
        receipt = world.collect(pipeline, "m")
        await asyncio.sleep(0.001)
    await world.durable(receipt, "m")
    world.want = ROOM
    for number in range(MANY):
        world.collect(pipeline, f"n{number}")
    await asyncio.sleep(world.random.choice([0.05, 1.0, 10.0]))
    if world.random.random() < 0.5:
        world.want = ""
        await asyncio.sleep(world.random.choice([0.0, 5.0]))


async def crossing(world: World, pipeline: Pipeline) -> None:
    """The next segment cannot be made for a while, or until the end."""
    random = world.random
    world.down = random.random() < 0.5
    begins, pause = random.randint(4, 16), random.choice([0.02, 0.2])
    ends = begins + random.choice([8, 16, CROSSING])
    kind = random.choice([ROOM, INODE, DESCRIPTOR])
    for number in range(CROSSING):
        world.want = kind if begins <= number < ends else ""
        receipt = world.collect(pipeline, "m", "x" * BIG)
        if number == begins - 1:
            await world.durable(receipt, "m")
        await asyncio.sleep(pause)
    await asyncio.sleep(random.choice([0.0, 1.0, 30.0]))


async def leaving(world: World, pipeline: Pipeline) -> None:
    """The process closes behind its last rows, and cannot remove what it leaves, all of which is
    stored."""
    world.killed = False
    for _ in range(world.random.randint(1, 50)):
        receipt = world.collect(pipeline, "m")
        await asyncio.sleep(world.random.choice([0.0, 0.01]))
    await world.durable(receipt, "m")
    world.want = DESCRIPTOR
    for _ in range(world.random.randint(0, 5)):
        world.collect(pipeline, "m")


STORIES = (new_streams, crossing, leaving)


def live(seed: int) -> Result:
    """One of the stories."""
    world = World(seed)
    world.live(STORIES[seed % len(STORIES)])
    world.judge()
    return world.result
