"""One life: writers, producers, a store and its faults, all drawn from one integer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from aiocollect import Limits, Pipeline, PipelineClosed, Report, Retry
from aiocollect.records import Event
from aiocollect.testing import FaultKind, MemoryStore, VirtualClock, VirtualLoop, run_virtual

from .faults import FaultPlan
from .oracle import Accepted, Oracle, Verdict, folder_of

WORKSPACE = "Sub/Group/Space"
SERVICE = "scoring"
# 20 seconds before midnight UTC, so that lives of a minute see two days.
BEFORE_MIDNIGHT = 1_700_006_380.0


@dataclass
class Outcome:
    """What became of a life."""

    seed: int
    rows: int = 0
    faults: Counter[FaultKind] = field(default_factory=Counter)
    hours: float = 0.0
    steps: int = 0
    problems: list[str] = field(default_factory=list)


class Life:
    """Everything that one seed decides."""

    def __init__(self, seed: int, loop: VirtualLoop) -> None:
        self.random = random = Random(seed)
        self.seed = seed
        self.loop = loop
        self.oracle = Oracle()
        self.outcome = Outcome(seed)
        self.readable = random.random() < 0.85
        self.shared = random.random() < 0.7
        self.plan = FaultPlan(random, readable=self.readable)
        max_blocks = random.choice([50_000, 50_000, 12, 4])
        self.store = MemoryStore(
            faults=self.plan,
            latency=random.choice([0.0, 0.005, 0.02, 0.1]),
            max_blocks=max_blocks,
            max_block_bytes=random.choice([4 << 20, 4 << 20, 3000, 700]),
            readable=self.readable,
        )
        # Below, at and above what the store allows: rolling early, in time, and on refusal.
        self.limits = Limits(max_blocks=max(1, max_blocks + random.choice([-1, 0, 1])))
        self.epoch = random.choice([BEFORE_MIDNIGHT, 1_700_000_000.0])
        self.ends_early = random.random() < 0.3
        self.sheds = random.random() < 0.15
        self.pipelines = [self._pipeline(number) for number in range(random.randint(1, 4))]
        self.turns: Counter[str] = Counter()
        # Strangers: hooks that raise, and hosts that cancel whatever task they find.
        self.hooks_raise = random.choice([0.0, 0.0, 0.05, 0.5])
        self.cancels = random.random() < 0.3
        self.producers: list[asyncio.Task[None]] = []

    def _pipeline(self, number: int) -> Pipeline:
        random = self.random
        return Pipeline(
            self.store,
            workspace=WORKSPACE,
            service=SERVICE,
            writer="shared" if self.shared else "own",
            linger=random.choice([0.05, 0.3, 1.0, 2.0]),
            max_batch_bytes=random.choice([1024, 4096, 65536]),
            max_memory_bytes=random.choice([300_000, 1 << 20, 16 << 20]),
            max_in_flight=random.choice([1, 3, 16]),
            when_full="shed_oldest" if self.sheds else "shed_newest",
            delivery_timeout=4.0 if self.sheds and random.random() < 0.5 else None,
            limits=self.limits,
            retry=Retry(
                base=0.05, cap=random.choice([0.5, 4.0]), hold=2.0, attempt_timeout=3.0, overdue=0.2
            ),
            clock=VirtualClock(self.loop, epoch=self.epoch),
            chance=Random(random.random()).random,
            writer_id=f"{self.seed & 0xFFFFFFFF:08x}{number:02x}",
            hooks=[self._hook],
        )

    def _hook(self, event: Event) -> None:
        """Looks at the counters, which hold also while rows become final; and may raise."""
        self.check()
        if self.random.random() < self.hooks_raise:
            raise self.random.choice([ValueError("a hook's"), asyncio.CancelledError()])

    async def _cancel_strangers(self) -> None:
        """A host that cancels all tasks but its own, again and again."""
        spared = {asyncio.current_task(), *self.producers}
        main = asyncio.all_tasks() - spared
        while True:
            await asyncio.sleep(self.random.expovariate(0.3))
            strangers = asyncio.all_tasks() - spared - main
            # In the order they were made: a set's own order is another one in every run.
            for task in sorted(strangers, key=lambda task: int(task.get_name().partition("-")[2])):
                task.cancel()

    # What the writers do ------------------------------------------------------------------------

    def _cell(self) -> Any:
        random = self.random
        cells: list[Callable[[], Any]] = [
            lambda: random.random() * 10 ** random.randint(-5, 20),
            lambda: random.randint(-(10**9), 10**9),
            lambda: None,
            lambda: random.choice(["", "a,b", 'say "x"', "line\nbreak", "1e5", "nan", "é"]),
            lambda: random.random() < 0.5,
        ]
        return random.choice(cells)()

    async def _produce(self, pipeline: Pipeline, number: int, producer: str) -> None:
        """One producer: calls at random moments on streams of its own choice."""
        random = Random(self.random.random())
        width = random.randint(1, 4)
        columns = tuple(f"c{i}" for i in range(width))
        model = random.choice(["churn", "fraud", "price/eur"])
        escaped = model.replace("/", "~2F")
        paired = random.random() < 0.4
        if paired:
            recorder: Any = pipeline.model(model, version="1", inputs=columns, predictions=["p"])
        else:
            recorder = pipeline.collector(model, version="1", identifier="i", feature_names=columns)
        for _ in range(random.randint(5, 42)):
            await asyncio.sleep(random.expovariate(1.0) * random.choice([0.0, 0.1, 1.5]))
            count = random.choice([1, 1, 2, 5, 30])
            rows = [[self._cell() for _ in range(width)] for _ in range(count)]
            values = {"inputs": rows, "predictions": [[random.random()] for _ in rows]}
            streams = {"inputs": columns, "predictions": ("p",)} if paired else {"i": columns}
            if not paired:
                values = {"i": rows}
            at = None
            if random.random() < 0.05:
                # A late label of some day before, or a clock that is ahead.
                at = self.epoch + self.loop.time() + 86_400 * random.choice([-9, -3, -1, 1, 2])
            waits = random.random() < 0.2
            turn = self.turns[producer]
            self.turns[producer] += 1
            try:
                before = self._now()
                correlation_id = await self._collect(recorder, values, paired, at, waits, random)
            except PipelineClosed:
                return
            if correlation_id is None:
                continue
            stamp = before if at is None else round(at * 1e6)
            day_moment = int(correlation_id[:8] + correlation_id[9:13], 16) * 1000
            assert abs(day_moment - stamp) < 10_000, "the id does not carry the scoring time"
            for identifier, names in streams.items():
                folder = folder_of(WORKSPACE, (SERVICE, escaped, "1", identifier), day_moment)
                self.oracle.expect(
                    correlation_id,
                    [
                        Accepted(producer, turn, folder, names, tuple(row))
                        for row in values[identifier]
                    ],
                )
            self.outcome.rows += sum(map(len, values.values()))

    async def _collect(
        self, recorder: Any, values: Any, paired: bool, at: Any, waits: bool, random: Random
    ) -> str | None:
        arguments: dict[str, Any] = values if paired else {"data": values["i"]}
        if not waits:
            found: str | None = recorder.collect(**arguments, at=at)
            return found
        # Straight: a wait that is granted is accepted before it wakes, and cancelling it is tested
        # where the outcome can be told (tests/unit/test_waiting.py).
        granted: str = await recorder.acollect(**arguments, at=at)
        return granted

    def _now(self) -> int:
        return round((self.epoch + self.loop.time()) * 1e6)

    # The life -------------------------------------------------------------------------------------

    def check(self) -> None:
        """The conservation equation, after every step of the loop."""
        self.outcome.steps += 1
        for pipeline in self.pipelines:
            stats = pipeline.stats()
            final = stats.stored + stats.possibly_stored
            final += sum(stats.dead_lettered.values()) + sum(stats.dropped.values())
            if stats.accepted != final + stats.in_memory + stats.in_spool:
                self.loop.after_step = None
                self.outcome.problems.append(f"the equation does not hold: {stats}")
            if stats.budget_used < 0:
                self.loop.after_step = None
                self.outcome.problems.append(f"the budget is overdrawn: {stats}")

    async def live(self) -> None:
        """Produce under faults, heal, flush, close, wait for what is late, judge."""
        self.loop.after_step = self.check
        self.producers = producers = [
            asyncio.create_task(self._produce(pipeline, number, f"{number}.{k}"))
            for number, pipeline in enumerate(self.pipelines)
            for k in range(self.random.randint(1, 3))
        ]
        stranger = asyncio.ensure_future(self._cancel_strangers()) if self.cancels else None
        if self.ends_early:
            await asyncio.sleep(self.random.random() * 10)
            reports = await self._close_all(self.random.choice([0.01, 0.05, 0.3, 3.0]))
            for producer in producers:
                producer.cancel()
            await asyncio.gather(*producers, return_exceptions=True)
            self.plan.active = False
        else:
            # A producer may wait for room that only a healed store gives.
            await asyncio.sleep(self.random.uniform(5, 60))
            self.plan.active = False
            self.store.max_block_bytes = 4 << 20
            await asyncio.gather(*producers)
            for pipeline in self.pipelines:
                # Liveness: a healed store gets everything, since waits and attempts are bounded.
                await pipeline.flush(timeout=120)
            reports = await self._close_all(None)
        if stranger is not None:
            stranger.cancel()
        while self.store.late:
            await asyncio.sleep(1.0)
        self._judge(reports)
        self.outcome.faults = self.plan.struck
        self.outcome.hours = self.loop.time() / 3600

    async def _close_all(self, timeout: float | None) -> list[Report]:
        return await asyncio.gather(
            *(self._close(pipeline, timeout) for pipeline in self.pipelines)
        )

    async def _close(self, pipeline: Pipeline, timeout: float | None) -> Report:
        while True:
            try:
                return await pipeline.aclose(timeout)
            except asyncio.CancelledError:
                assert self.cancels  # the host waits on

    def _judge(self, reports: list[Report]) -> None:
        problems = self.outcome.problems
        dead = sum(sum(report.dead_lettered.values()) for report in reports)
        possibly = sum(report.possibly_stored for report in reports)
        stored = sum(report.stored for report in reports)
        complete = not dead and not possibly and not any(report.dropped for report in reports)
        verdict: Verdict = self.oracle.judge(
            self.store.blobs, self.store.destroyed, complete=complete
        )
        for name, found in verdict.findings.items():
            problems.append(f"{name}: {len(found)}, such as {found[0]}")
        for report in reports:
            if report.in_memory:
                problems.append(f"rows left in memory: {report}")
        allowed = {"shed_oldest", "delivery_timeout"} if self.sheds else set()
        dropped = {reason for report in reports for reason in report.dropped}
        if not self.ends_early and dropped - allowed:
            problems.append(f"dropped without a deadline: {reports}")
        accepted = sum(report.accepted for report in reports)
        if accepted != len(self.oracle.accepted) and not self.ends_early:
            problems.append(f"{accepted} counted as accepted, {len(self.oracle.accepted)} were")
        if not self.store.destroyed and not stored <= verdict.present <= stored + possibly:
            problems.append(f"{verdict.present} rows present, {stored} counted as stored")


def live(seed: int) -> Outcome:
    """Run the life of a seed to its end."""

    async def main(loop: VirtualLoop) -> Outcome:
        life = Life(seed, loop)
        try:
            await life.live()
        except Exception as error:
            life.outcome.problems.append(f"{type(error).__name__}: {error}")
        finally:
            loop.after_step = None
        return life.outcome

    return run_virtual(main)
