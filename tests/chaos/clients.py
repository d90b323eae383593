"""The clients of a server under test: many connections, one request after the other on each.

Invariants: a request is sent once, under a name that no other has; what a client was answered is
kept, so that the auditor can hold the clients' word against the store's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import aiohttp

__all__ = ["Clients"]


@dataclass(slots=True)
class Clients:
    """Runs on the stage's loop until it is stopped."""

    url: str
    name: str
    answers: list[tuple[str, int, int, str]] = field(default_factory=list)
    pids: set[int] = field(default_factory=set)
    failed: int = 0
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self, count: int) -> None:
        """Begin with so many connections."""
        for number in range(count):
            self._tasks.append(asyncio.create_task(self._work(number)))

    async def stop(self) -> None:
        """End."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, number: int) -> None:
        producer, turn = f"{self.name}.{number}", 0
        timeout = aiohttp.ClientTimeout(total=30)
        while True:
            # A connection for a while only, or the first worker keeps all of them.
            async with aiohttp.ClientSession(timeout=timeout) as session:
                for _ in range(25):
                    await self._ask(session, producer, turn, 1 + turn % 5)
                    turn += 1

    async def _ask(
        self, session: aiohttp.ClientSession, producer: str, turn: int, rows: int
    ) -> None:
        try:
            async with session.post(f"{self.url}/score/{producer}/{turn}/{rows}") as answer:
                if answer.status != 200:
                    self.failed += 1
                    return
                told = await answer.json()
        except (OSError, aiohttp.ClientError, TimeoutError):
            self.failed += 1
            await asyncio.sleep(0.05)
            return
        self.pids.add(told["pid"])
        if told["id"] is not None:
            self.answers.append((producer, turn, rows, told["id"]))
