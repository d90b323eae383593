"""The demo's load: open-loop, from a process of its own, on a schedule fixed in advance.

- Requests are due at the times of a Poisson process, drawn before the first one is sent. A slow
  server does not slow the load down, and latency counts from the moment a request was due, not from
  when it was sent: no coordinated omission.
- At most ``limit`` requests are outstanding. One that is due while there is no room is not sent,
  and counted as ``unsent``; it is never sent late and forgotten.
- What the clients hold is written to a file: for each 200 answer one JSON line of what was sent and
  what was answered. It is all that the auditor learns from this side.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import resource
import time
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import aiohttp
import orjson

from .._threads.loops import run
from . import child
from .customers import customers
from .model import TumourModel

__all__ = ["Load", "main", "percentile", "poisson"]

# A restart of the server takes about a second; 2,000 requests are three seconds of the demo's rate.
_MOST_OUTSTANDING = 2000
# Longer than any restart; a request that takes longer has failed.
_REQUEST_TIMEOUT = 10.0
_MOST_ROWS = 3
# The share of the requests that are about customers; the others are about tumours.
_CUSTOMERS = 0.75


def poisson(rate: float, seconds: float, *, chance: Callable[[], float]) -> list[float]:
    """When requests are due, in seconds from the start: ``rate * seconds`` of them, in order.

    Given its number of arrivals, a Poisson process is that many uniform times, sorted.
    """
    return sorted(chance() * seconds for _ in range(round(rate * seconds)))


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least ``share`` of the ``ordered`` values do not exceed."""
    if not ordered:
        return None
    rank = -int(-share * len(ordered) // 1)  # rounded up
    return ordered[max(rank, 1) - 1]


class Load:
    """One run of the load against the models at ``url``. ``answers`` takes what the clients hold.
    From ``drift_from`` seconds on, customers have higher incomes."""

    def __init__(
        self,
        url: str,
        *,
        answers: BinaryIO,
        schedule: Sequence[float],
        limit: int,
        chance: random.Random,
        drift_from: float = math.inf,
    ) -> None:
        self._url = url
        self._drift_from = drift_from
        self._answers = answers
        self._schedule = schedule
        self._limit = limit
        self._chance = chance
        self._samples = TumourModel.load().samples
        self._tasks: set[asyncio.Task[None]] = set()
        self._sent = self._answered = self._unsent = 0
        self._failed: Counter[str] = Counter()
        self._latencies = array("d")  # of all answers, ms
        self._lateness = array("d")  # of all sends behind their due time, ms
        self._second = 0
        self._told = self._counts()

    def __repr__(self) -> str:
        return f"<Load of {len(self._schedule)} requests, {self._answered} answered>"

    async def run(self, stop: asyncio.Event) -> None:
        """Send all that is due, until the schedule or ``stop`` ends it; tell each second."""
        connector = aiohttp.TCPConnector(limit=0)  # `limit` bounds requests, so connections too
        timeout = aiohttp.ClientTimeout(total=_REQUEST_TIMEOUT)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            # Measured from here: a client's first request pays for its imports.
            begin = time.perf_counter()
            child.say("start", requests=len(self._schedule), limit=self._limit)
            teller = asyncio.create_task(self._tell_seconds(begin))
            try:
                await self._send(session, begin, stop)
                if self._tasks and not stop.is_set():
                    await asyncio.wait(self._tasks, timeout=_REQUEST_TIMEOUT)
            finally:
                teller.cancel()
                left = list(self._tasks)
                for task in left:
                    task.cancel()
                if left:
                    self._failed["unanswered"] += len(left)
                await asyncio.gather(teller, *left, return_exceptions=True)
                if self._second < self._schedule[-1]:
                    self._tell()  # the last one: all answers may be there before it is over
                self._answers.flush()

    async def _send(
        self, session: aiohttp.ClientSession, begin: float, stop: asyncio.Event
    ) -> None:
        for offset in self._schedule:
            due = begin + offset
            # Also when late: the answers need their turn on this loop.
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if stop.is_set():
                return
            if len(self._tasks) >= self._limit:
                self._unsent += 1
                continue
            model, rows = self._rows(offset)
            task = asyncio.create_task(self._ask(session, model, rows, due))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _rows(self, offset: float) -> tuple[str, list[list[Any]]]:
        """A model, and one to three rows for it: customers, or real tumours with each value off by
        up to 5 %, so that no two are equal."""
        chance = self._chance
        count = chance.randint(1, _MOST_ROWS)
        if chance.random() < _CUSTOMERS:
            drifted = offset >= self._drift_from
            return "churn", customers(count, chance=chance, drifted=drifted)
        return "tumour", [
            [value * (0.95 + 0.1 * chance.random()) for value in chance.choice(self._samples)]
            for _ in range(count)
        ]

    async def _ask(
        self, session: aiohttp.ClientSession, model: str, rows: list[list[Any]], due: float
    ) -> None:
        body = orjson.dumps({"rows": rows})
        self._sent += 1
        self._lateness.append((time.perf_counter() - due) * 1e3)
        try:
            async with session.post(
                f"{self._url}/{model}", data=body, headers={"Content-Type": "application/json"}
            ) as response:
                text = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._failed[type(error).__name__] += 1
            return
        if response.status != 200:
            self._failed[str(response.status)] += 1
            return
        self._latencies.append((time.perf_counter() - due) * 1e3)
        self._answered += 1
        line = b'{"model":"%b","sent":%b,"answer":%b}\n' % (model.encode(), body, text)
        self._answers.write(line)

    async def _tell_seconds(self, begin: float) -> None:
        while True:
            await asyncio.sleep(max(0.0, begin + self._second + 1 - time.perf_counter()))
            self._tell()
            self._answers.flush()

    def _tell(self) -> None:
        """What happened since the last time: once a second."""
        self._second += 1
        now, before = self._counts(), self._told
        latencies = sorted(self._latencies[before["answered"] :])
        child.say(
            "second",
            second=self._second,
            **{name: now[name] - before[name] for name in now},
            outstanding=len(self._tasks),
            p50_ms=percentile(latencies, 0.5),
            p99_ms=percentile(latencies, 0.99),
        )
        self._told = now

    def _counts(self) -> dict[str, int]:
        return {
            "sent": self._sent,
            "answered": self._answered,
            "failed": self._failed.total(),
            "unsent": self._unsent,
        }

    def totals(self) -> dict[str, Any]:
        """Of the whole run; latencies of all answers, in ms."""
        latencies, lateness = sorted(self._latencies), sorted(self._lateness)
        return {
            "scheduled": len(self._schedule),
            **self._counts(),
            "failures": dict(self._failed),
            "p50_ms": percentile(latencies, 0.5),
            "p99_ms": percentile(latencies, 0.99),
            "max_ms": percentile(latencies, 1.0),
            "send_lateness_p99_ms": percentile(lateness, 0.99),
        }


async def _main(options: argparse.Namespace) -> int:
    stop = child.stop_event()
    chance = random.Random(options.seed)
    # A connection each, at worst; a hundred descriptors are left for everything else.
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    with options.answers.open("wb") as answers:
        load = Load(
            options.url,
            answers=answers,
            schedule=poisson(options.rate, options.seconds, chance=chance.random),
            limit=max(1, min(_MOST_OUTSTANDING, descriptors - 100)),
            chance=chance,
            drift_from=options.drift_from,
        )
        await load.run(stop)
    child.say("done", early=stop.is_set(), **load.totals())
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run the load as a process of its own."""
    parser = argparse.ArgumentParser(prog="aiocollect.demo.load", description="open-loop load")
    parser.add_argument("url", help="address of the server")
    parser.add_argument("--rate", type=float, default=600.0, help="requests per second")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument(
        "--drift-from", type=float, default=math.inf, help="incomes are higher from this second on"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the arrivals and rows")
    parser.add_argument(
        "--answers", type=Path, required=True, help="file for the answers that the clients received"
    )
    options = parser.parse_args(arguments)
    return run(_main(options))


if __name__ == "__main__":
    raise SystemExit(main())
