"""The load: open-loop, in a process of its own.

- Requests are due by a schedule that was fixed before (schedules.py). A slow server does not slow
  the load down, and latency counts from the moment a request was due: no coordinated omission.
- At most ``limit`` requests are outstanding; one that is due while there is no room is counted as
  ``unsent``.
- Every row carries a key. The keys that were offered, and those that were answered with 200, go to
  a file for the auditor.
- Several of these share a schedule: of ``shards`` processes each takes every so-manieth request.
"""

from __future__ import annotations

import asyncio
import random
import time
from array import array
from collections import Counter
from pathlib import Path
from typing import Any, Final

import orjson
import uvloop

from testkit.child import say, task_of

from ..harness.latencies import Latencies
from ..harness.processes import go_at
from . import schedules
from .wire import Client

__all__ = ["MOST_WAITING", "Generator"]

# Longer than any pause that a scenario makes.
_TIMEOUT = 30.0
MOST_WAITING: Final = 4000


class Generator:
    """One process's part of the load."""

    def __init__(self, task: dict[str, Any], *, timeout: float = _TIMEOUT) -> None:
        self._task = task
        self._due = schedules.make(task["schedule"], seed=task["seed"])
        self._timeout = timeout
        self._begin = 0.0
        self._limit: int = task.get("limit", MOST_WAITING)
        self._tasks: set[asyncio.Task[None]] = set()
        self._chance = random.Random(task["seed"] + 1 + task["shard"])
        self.latencies = Latencies()
        self.late = Latencies()  # of sends, behind their due time
        self.failed: Counter[str] = Counter()
        self.offered = array("Q")
        self.answered = array("Q")
        self.unsent = 0
        self.per_second: Counter[int] = Counter()  # answers, by the second they came in

    def __repr__(self) -> str:
        return f"<Generator, {len(self.answered)} of {len(self.offered)} answered>"

    async def run(self, begin: float) -> None:
        """Send all that is due, from this moment of the monotonic clock on."""
        task, due = self._task, self._due
        self._begin = begin
        async with Client(task["url"]) as client:
            for number in range(task["shard"], len(due), task["shards"]):
                moment = begin + due[number]
                await asyncio.sleep(max(0.0, moment - time.monotonic()))
                if len(self._tasks) >= self._limit:
                    self.unsent += 1
                    continue
                measured = due[number] >= task["warm_up"]
                ask = asyncio.create_task(self._ask(client, number + 1, moment, measured=measured))
                self._tasks.add(ask)
                ask.add_done_callback(self._tasks.discard)
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def _ask(self, client: Client, key: int, due: float, *, measured: bool) -> None:
        chance = self._chance.random
        row = [float(key), *(chance() for _ in range(self._task["columns"] - 1))]
        self.offered.append(key)
        if measured:
            self.late.add(time.monotonic() - due)
        try:
            async with asyncio.timeout(self._timeout):
                status = await client.post(orjson.dumps([row]))
        except OSError as error:  # TimeoutError is one
            self.failed[type(error).__name__] += 1
            return
        now = time.monotonic()
        if status not in (200, 202):
            self.failed[str(status)] += 1
            return
        self.answered.append(key)
        self.per_second[int(now - self._begin)] += 1
        if measured:
            self.latencies.add(now - due)

    def told(self) -> dict[str, Any]:
        """Everything, for the parent."""
        return {
            "offered": len(self.offered),
            "answered": len(self.answered),
            "unsent": self.unsent,
            "failed": dict(self.failed),
            "latencies": self.latencies.encode(),
            "late": self.late.encode(),
            "per_second": dict(self.per_second),
        }


async def _main() -> None:
    task = task_of()
    generator = Generator(task)
    await generator.run(await go_at())
    path = Path(task["keys"])
    path.with_suffix(".offered").write_bytes(generator.offered.tobytes())
    path.with_suffix(".answered").write_bytes(generator.answered.tobytes())
    say(ended=True, **generator.told())


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
