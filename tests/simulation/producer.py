"""A producer: calls at random moments, on streams of its own choice, and tells the oracle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

from aiocollect import EncodeError, Pipeline, PipelineClosed
from aiocollect.testing import VirtualClock

from .host_faults import HostFaults
from .oracle import Accepted, Oracle, folder_of

WORKSPACE = "Sub/Group/Space"
SERVICE = "scoring"
DAY = 86_400.0
# How far a scoring time may be ahead of a clock that was set back: below a minute ids go on
# counting from where they were.
STEP_US = 60_000_000


def cell(random: Random) -> Any:
    """A value of any kind that the encoders know."""
    cells: list[Callable[[], Any]] = [
        lambda: random.random() * 10 ** random.randint(-5, 20),
        lambda: random.randint(-(10**9), 10**9),
        lambda: None,
        lambda: random.choice(["", "a,b", 'say "x"', "line\nbreak", "1e5", "nan", "é"]),
        lambda: random.random() < 0.5,
    ]
    return random.choice(cells)()


class Producer:
    """One task of a service, with one stream or a pair of them. ``name`` is its own."""

    def __init__(
        self,
        pipeline: Pipeline,
        name: str,
        *,
        random: Random,
        clock: VirtualClock,
        oracle: Oracle,
        host_faults: HostFaults,
        say: Callable[[str], None],
    ) -> None:
        self.name = name
        self.rows = 0
        self._random = random
        self._clock = clock
        self._oracle = oracle
        self._host_faults = host_faults
        self._say = say
        self._turn = 0
        self._columns = tuple(f"c{i}" for i in range(random.randint(1, 4)))
        model = random.choice(["churn", "fraud", "price/eur"])
        self._escaped = model.replace("/", "~2F")
        self._paired = random.random() < 0.4
        if self._paired:
            self._streams = {"inputs": self._columns, "predictions": ("p",)}
            self._recorder: Any = pipeline.model(
                model, version="1", inputs=self._columns, predictions=["p"]
            )
        else:
            self._streams = {"i": self._columns}
            self._recorder = pipeline.collector(
                model, version="1", identifier="i", feature_names=self._columns
            )

    async def run(self) -> None:
        """Call until there are enough, or the pipeline is closed."""
        random = self._random
        patient = 0.7 if self._host_faults.cancels_callers else 0.2
        for _ in range(random.randint(5, 60)):
            await asyncio.sleep(random.expovariate(1.0) * random.choice([0.0, 0.1, 1.5]))
            count = random.choice([1, 1, 2, 5, 40])
            inputs = [[cell(random) for _ in self._columns] for _ in range(count)]
            names = list(self._streams)
            values = {names[0]: inputs}
            if self._paired:
                values[names[1]] = [[random.random()] for _ in inputs]
            try:
                if random.random() >= patient:
                    self._call(values)
                elif self._host_faults.cancels_callers:
                    await self._call_cancelled(values)
                else:
                    await self._call_waiting(values)
            except PipelineClosed:
                return
            self._turn += 1

    def _moment(self) -> float | None:
        """Mostly now; sometimes a late label of some day before, or a clock that is ahead; where it
        is broken, any day."""
        if self._host_faults.breaks_clocks:
            self._host_faults.struck["broken clocks"] += 1
            return self._clock.time_ns() / 1e9 + DAY * self._random.randrange(-5000, 5000)
        if self._random.random() >= 0.05:
            return None
        return self._clock.time_ns() / 1e9 + DAY * self._random.choice([-9, -3, -1, 1, 2])

    def _arguments(self, values: dict[str, Any], at: float | None) -> dict[str, Any]:
        return {**(values if self._paired else {"data": values["i"]}), "at": at}

    def _call(self, values: dict[str, Any]) -> None:
        at, now = self._moment(), self._now()
        self._accepted(self._recorder.collect(**self._arguments(values, at)), values, at, now)

    async def _call_waiting(self, values: dict[str, Any]) -> None:
        at, now = self._moment(), self._now()
        try:
            given = await self._recorder.acollect(**self._arguments(values, at))
        except EncodeError:  # more than the collector's share of a small budget
            return
        self._accepted(given, values, at, now)

    async def _call_cancelled(self, values: dict[str, Any]) -> None:
        """A call that may be cancelled anywhere: with an id of our own, to find it again."""
        at = self._moment() or self._clock.time_ns() / 1e9
        given = f"{self.name}-{self._turn}"
        self._oracle.expect_perhaps(given, self._rows(values, round(at * 1e6)))
        call = self._recorder.acollect(**self._arguments(values, at), correlation_id=given)
        try:
            await self._host_faults.wait_for("acollect", call)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # the producer itself
            self._say(f"acollect {given} was cancelled")
            return
        except (EncodeError, PipelineClosed) as error:
            self._say(f"acollect {given} raised {type(error).__name__}")
            self._oracle.deny(given)
            if isinstance(error, PipelineClosed):
                raise
            return
        self._say(f"acollect {given} returned")
        self._oracle.confirm(given)
        self.rows += sum(map(len, values.values()))

    def _accepted(
        self, given: str | None, values: dict[str, Any], at: float | None, now: int
    ) -> None:
        self._say(f"collect by {self.name} returned {given}")
        if given is None:
            return
        # The id carries the moment, and the moment decides on the day.
        moment = int(given[:8] + given[9:13], 16) * 1000
        stamp = now if at is None else round(at * 1e6)
        allowed = STEP_US if at is None and self._host_faults.sets_clocks else 10_000
        assert abs(moment - stamp) <= allowed, "the id does not carry the scoring time"
        self._oracle.expect(given, self._rows(values, moment))
        self.rows += sum(map(len, values.values()))

    def _rows(self, values: dict[str, Any], microseconds: int) -> list[Accepted]:
        rows = []
        for identifier, names in self._streams.items():
            where = (SERVICE, self._escaped, "1", identifier)
            folder = folder_of(WORKSPACE, where, microseconds)
            rows += [
                Accepted(self.name, self._turn, folder, names, tuple(row), index)
                for index, row in enumerate(values[identifier])
            ]
        return rows

    def _now(self) -> int:
        return self._clock.time_ns() // 1000
