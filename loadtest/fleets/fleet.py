"""A fleet: writers with their streams, rows that come by chance, and what they measured.

Each writer is a Pipeline of its own, with the options that a user gives and the defaults for the
rest. All of them live on one virtual loop and share one account.
"""

from __future__ import annotations

import asyncio
from array import array
from collections import defaultdict, deque
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal

from aiocollect import Limits, Pipeline
from aiocollect.events import Event, Settled
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual
from aiocollect.typing import Writer

from .account import DOCUMENTED, Account, Allowed

__all__ = ["DAY", "Fleet", "Phase", "Seen", "Weather", "run_fleet"]

Weather = Literal["calm", "restarts", "midnight", "outage"]
DAY: Final = 86_400
# 2026-03-02, midnight UTC.
MIDNIGHT: Final = 1_772_409_600.0
# Of a budget, looked at in so many of the writers, once in a virtual second.
WATCHED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is simulated. Times in seconds; ``rate``: rows a second of one stream of one writer.

    ``seconds`` of rows, then everything is closed. ``max_blocks``: where a part ends, as in Limits.
    """

    writers: int
    streams: int
    writer: Writer
    round_trip: float
    rate: float
    seconds: float
    linger: float = 2.0
    max_blocks: int = Limits().max_blocks
    allowed: Allowed = DOCUMENTED
    weather: Weather = "calm"
    begin: float = 10.0  # rows before it are not in the ages: each writer opens its parts
    seed: int = 1


@dataclass(slots=True)
class Phase:
    """Ages of rows, from collect() to stored, in seconds."""

    ages: array[float] = field(default_factory=lambda: array("d"))

    def quantile(self, share: float) -> float:
        """The age that this share of the rows did not exceed; 0 without rows."""
        ordered = sorted(self.ages)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(slots=True)
class Seen:
    """What was measured. ``answers`` and ``served`` are the account's, ``early`` its answers up to
    the beginning; ``memory`` is the most that
    a writer's budget held, in bytes."""

    accepted: int = 0
    stored: int = 0
    in_blobs: int = 0  # rows that stand in the account, counted there
    refused: int = 0
    memory: int = 0
    parts: int = 0  # blobs of rows
    steady: Phase = field(default_factory=Phase)
    after: Phase = field(default_factory=Phase)
    answers: dict[tuple[str, str, str], int] = field(default_factory=dict)
    early: dict[tuple[str, str, str], int] = field(default_factory=dict)
    served: dict[int, int] = field(default_factory=dict)

    def check(self) -> None:
        """Raises AssertionError unless what counts as stored stands in the account, once."""
        assert self.in_blobs == self.stored, (
            f"{self.in_blobs} rows stand there, {self.stored} count as stored"
        )

    def count(self, *, kind: str = "", operation: str = "", answer: str = "") -> int:
        """How many requests were of this kind, operation and answer; "" is any."""
        asked = (kind, operation, answer)
        return sum(
            number
            for key, number in self.answers.items()
            if all(want in ("", has) for want, has in zip(asked, key, strict=True))
        )


class LiveWriter:
    """One process: its pipeline, its rows, and when they were collected."""

    def __init__(self, world: World, number: int, life: int) -> None:
        self._world = world
        self._waiting: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._keys: dict[str, tuple[str, str]] = {}
        fleet = world.fleet
        seed = (fleet.seed << 40) ^ (number << 12) ^ life
        self._random = Random(seed)
        self.pipeline = Pipeline(
            world.account,
            writer=fleet.writer,
            linger=fleet.linger,
            limits=Limits(max_blocks=fleet.max_blocks),
            hooks=[self._hear],
            _seams=Seams(
                clock=world.clock,
                chance=self._random.random,
                writer_id=f"{(number << 12) + life:010x}",
            ),
        )
        self._streams = [
            self.pipeline.collector(f"m{stream}", feature_names=["n"])
            for stream in range(fleet.streams)
        ]
        self._rate = fleet.rate * fleet.streams
        self._timer: asyncio.TimerHandle | None = None
        self._rest()

    def _rest(self) -> None:
        """Rows come by chance, at the rate of all streams together."""
        loop = self._world.loop
        self._timer = loop.call_later(self._random.expovariate(self._rate), self._collect)

    def _collect(self) -> None:
        world = self._world
        at = self._random.randrange(len(self._streams))
        if self._streams[at].collect([1.0]) is None:
            world.seen.refused += 1
        else:
            self._waiting[f"m{at}", world.day].append(world.loop.time())
        self._rest()

    def _hear(self, event: Event) -> None:
        if not isinstance(event, Settled):
            return
        key = self._keys.get(event.path)
        if key is None:
            *_, model, _, _, _, _, day, _ = event.path.split("/")
            key = self._keys[event.path] = (model, day)
        waiting = self._waiting[key]
        self._world.aged([waiting.popleft() for _ in range(event.rows)])

    async def close(self) -> None:
        """No more rows; the pipeline has ended, and what it stored is counted."""
        if self._timer is not None:
            self._timer.cancel()
        report = await self.pipeline.aclose()
        seen = self._world.seen
        seen.accepted += report.accepted
        seen.stored += report.stored


class World:
    """The account, the clock and the writers of one fleet."""

    def __init__(self, fleet: Fleet, loop: VirtualLoop, *, make: type[Account] = Account) -> None:
        self.fleet = fleet
        self.loop = loop
        # Days begin with the run; a midnight comes in the middle of it.
        begins = MIDNIGHT - fleet.seconds / 2 if fleet.weather == "midnight" else MIDNIGHT
        self.clock = VirtualClock(loop, epoch=begins)
        self._until_midnight = (MIDNIGHT - begins) if begins < MIDNIGHT else DAY
        self._changes = float("inf")  # rows collected from then on are of the second phase
        self.account = make(fleet.allowed, round_trip=fleet.round_trip, random=Random(fleet.seed))
        self.seen = Seen()
        self.writers = [LiveWriter(self, number, 0) for number in range(fleet.writers)]

    @property
    def day(self) -> str:
        """The day of a row of this moment, as paths have it."""
        if self.fleet.weather != "midnight":
            return "02"
        return "01" if self.loop.time() < self._until_midnight else "02"

    def aged(self, collected: list[float]) -> None:
        """Rows that were collected at these times are stored now."""
        now = self.loop.time()
        seen = self.seen
        for then in collected:
            if then >= self._changes:
                seen.after.ages.append(now - then)
            elif then >= self.fleet.begin:
                seen.steady.ages.append(now - then)

    async def live(self) -> Seen:
        """Run it to its end."""
        watch = asyncio.create_task(self._watch())
        fleet = self.fleet
        self.loop.call_later(fleet.begin, self._begin)
        match fleet.weather:
            case "calm":
                await asyncio.sleep(fleet.seconds)
            case "midnight":
                self._changes = self._until_midnight
                await asyncio.sleep(fleet.seconds)
            case "restarts":
                self._changes = fleet.begin
                await self._restart_all()
            case "outage":
                await asyncio.sleep(60.0)
                self.account.down = True
                await asyncio.sleep(3600.0)
                self.account.down = False
                self._changes = self.loop.time()
                await asyncio.sleep(fleet.seconds)
        watch.cancel()
        await asyncio.gather(*(writer.close() for writer in self.writers))
        self._look()
        return self.seen

    def _begin(self) -> None:
        self.seen.early = dict(self.account.answers)

    async def _restart_all(self) -> None:
        """Each writer ends and another one takes its place, spread over the time."""
        fleet = self.fleet
        await asyncio.sleep(fleet.begin)
        for number in range(fleet.writers):
            old = self.writers[number]
            self.writers[number] = LiveWriter(self, number, 1)
            await old.close()
            await asyncio.sleep((fleet.seconds - fleet.begin) / fleet.writers)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            for writer in self.writers[:WATCHED]:
                self.seen.memory = max(self.seen.memory, writer.pipeline.stats().budget_used)

    def _look(self) -> None:
        """What the account says: how many rows stand there, in how many blobs."""
        seen = self.seen
        blobs = self.account.store.blobs
        seen.parts = len(blobs)
        seen.in_blobs = sum(data.count(b"\n") - 1 for data in blobs.values() if data)
        seen.answers = dict(self.account.answers)
        seen.served = dict(self.account.served)


def run_fleet(fleet: Fleet) -> Seen:
    """Simulate it. The same fleet gives the same figures."""

    async def main(loop: VirtualLoop) -> Seen:
        return await World(fleet, loop).live()

    return run_virtual(main)
