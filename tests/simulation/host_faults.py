"""What a host does to a pipeline besides using it: it cancels, sets clocks, stands still, has
tasks of its own make, and brings parts that raise what is no Exception.

Each kind strikes in a share of the lives, and stops when the life wants quiet.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from random import Random
from typing import Any, TypeVar

from aiocollect.encoders import CsvEncoder
from aiocollect.testing import Fault, Operation, VirtualClock, VirtualLoop
from aiocollect.typing import Piece, Schema
from tests.support.eager import eager

__all__ = ["KINDS", "PANICS", "Panic", "PanickingEncoder", "PanickingFaults", "HostFaults"]

_T = TypeVar("_T")

SECOND, MINUTE, HOUR, DAY = 1.0, 60.0, 3600.0, 86_400.0

# What a run of many lives must have met, beside faults and the lane's table.
KINDS = [
    *("cancelled a task", "clock set back", "clock set forward", "loop blocked", "suspended"),
    *("eager tasks", "store panics", "encoder panics", "hook panics", "broken clocks"),
    *("more hang than places", "many hours in an outage", "receipts that are dropped"),
    *("waiters that are cancelled", "collectors per request", "columns made of data"),
]


class Panic(BaseException):
    """What a native library's panic is to Python."""


PANICS = (Panic, GeneratorExit)


class HostFaults:
    """Everything that strikes one life. ``struck`` counts by kind; ``say`` tells of each."""

    def __init__(self, random: Random, loop: VirtualLoop, say: Callable[[str], None]) -> None:
        self._random = random
        self._loop = loop
        self._say = say
        self.active = True
        self.struck: Counter[str] = Counter()
        # A host that cancels whatever task it finds; one that cancels those that wait for us.
        self.cancels_all = random.random() < 0.3
        self.cancels_callers = random.random() < 0.5
        self.sets_clocks = random.random() < 0.25
        self.pauses = random.random() < 0.2
        self.panics = random.random() < 0.15
        # Each call of such a producer is of another day.
        self.breaks_clocks = random.random() < 0.05
        if random.random() < 0.1:
            loop.set_task_factory(eager)
            self.struck["eager tasks"] += 1
        self._chance = random.choice([0.05, 0.3, 0.8])
        self._callers: dict[asyncio.Task[Any], str] = {}
        self._spared: set[asyncio.Task[Any] | None] = set()

    def start(self, clocks: list[VirtualClock]) -> list[asyncio.Task[None]]:
        """Begin; the tasks that exist now, and those that are returned, are never cancelled."""
        tasks = []
        if self.cancels_all:
            tasks.append(self._loop.create_task(self._cancel_all()))
        if self.sets_clocks:
            tasks.append(self._loop.create_task(self._set_clocks(clocks)))
        if self.pauses:
            tasks.append(self._loop.create_task(self._pause()))
        return tasks

    def spare(self) -> None:
        """Never cancel the tasks that exist now."""
        self._spared |= asyncio.all_tasks()

    async def wait_for(self, kind: str, call: Coroutine[Any, Any, _T]) -> _T:
        """Await the call as a task that may be cancelled at any step of the loop.

        Raises CancelledError also where only the call was cancelled: see ``was_struck``.
        """
        task = self._loop.create_task(call)
        self._callers[task] = kind
        try:
            return await task
        finally:
            del self._callers[task]

    def step(self) -> None:
        """After each step of the loop: cancel one that waits for us, perhaps."""
        if self._callers and self.active and self._random.random() < self._chance:
            task = self._random.choice(list(self._callers))
            if task.cancel():
                kind = self._callers[task]
                self.struck[f"cancelled {kind}"] += 1
                self._say(f"cancels a task in {kind}()")

    def panic(self, kind: str, chance: float) -> None:
        """Raise what is no Exception, perhaps."""
        if self.panics and self.active and self._random.random() < chance:
            self.struck[kind] += 1
            self._say(kind)
            raise self._random.choice(PANICS)

    async def _cancel_all(self) -> None:
        while True:
            await asyncio.sleep(self._random.expovariate(0.3))
            if not self.active:
                continue
            found = asyncio.all_tasks() - self._spared
            # In the order they were made: a set's own order is another one in every run.
            for task in sorted(found, key=lambda task: int(task.get_name().partition("-")[2])):
                task.cancel()
                self.struck["cancelled a task"] += 1
            self._say(f"cancels {len(found)} tasks")

    async def _set_clocks(self, clocks: list[VirtualClock]) -> None:
        """Wall clocks alone: by a second as time servers do, by days as people do."""
        random = self._random
        while True:
            await asyncio.sleep(random.expovariate(0.2))
            if not self.active:
                continue
            size = random.choice([SECOND, 30 * SECOND, 2 * MINUTE, HOUR, DAY, 2 * DAY])
            jump = random.choice([-1, 1]) * size * random.uniform(0.5, 1)
            random.choice(clocks).shift(jump)
            self.struck["clock set back" if jump < 0 else "clock set forward"] += 1
            self._say(f"sets a wall clock by {jump:+.1f} s")

    async def _pause(self) -> None:
        """The loop blocked by a model, or the machine asleep."""
        random = self._random
        while True:
            await asyncio.sleep(random.expovariate(0.1))
            if not self.active:
                continue
            seconds = random.choice([5, 5, 5, 60, HOUR]) * random.uniform(0.5, 1)
            self.struck["loop blocked" if seconds <= 5 else "suspended"] += 1
            self._say(f"stands still for {seconds:.1f} s")
            self._loop.pause(seconds)


class PanickingEncoder(CsvEncoder):
    """Falls over several calls at once; each by itself it can write."""

    def __init__(self, host_faults: HostFaults) -> None:
        super().__init__()
        self._host_faults = host_faults

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        """See CsvEncoder."""
        if len(pieces) > 1:
            self._host_faults.panic("encoder panics", 0.3)
        return super().encode(pieces, schema)


class PanickingFaults:
    """The script of a store that may raise anything, besides its faults."""

    def __init__(
        self, faults: Callable[[Operation, str], Fault | None], host_faults: HostFaults
    ) -> None:
        self._faults = faults
        self._host_faults = host_faults

    def __call__(self, operation: Operation, path: str) -> Fault | None:
        self._host_faults.panic("store panics", 0.05)
        return self._faults(operation, path)
