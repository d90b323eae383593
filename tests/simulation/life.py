"""One life: writers, producers, a store and its faults, hosts; all drawn from one integer."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from aiocollect import FlushTimeout, Limits, Pipeline, Report, Retry
from aiocollect._core.backoff import COSTLY
from aiocollect._core.retries import NOT_STALE
from aiocollect.events import Event
from aiocollect.testing import FaultKind, MemoryStore, Seams, VirtualClock, VirtualLoop, run_virtual
from aiocollect.typing import LOG_ROOT

from .faults import FaultPlan
from .host_faults import PANICS, HostFaults, PanickingEncoder, PanickingFaults
from .oracle import Oracle
from .producer import SERVICE, WORKSPACE, Producer
from .trace import Say, silent, told, trace_lanes

# 20 seconds before midnight UTC, so that lives of a minute see two days.
BEFORE_MIDNIGHT = 1_700_006_380.0
# The longest of 10,000 lives had 6,000 steps of its loop: what has more goes round in a circle.
MAX_STEPS = 200_000
# The public snapshot is dear: it is taken at every such step, the bare equation at each.
SNAPSHOT = 16


# So often a host cancels its own closing, and calls it again.
IMPATIENCE = 5


class LifeHangsError(Exception):
    """A life that does not come to its end."""


@dataclass
class Outcome:
    """What became of a life."""

    seed: int
    rows: int = 0
    faults: Counter[FaultKind] = field(default_factory=Counter)
    host_faults: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    hours: float = 0.0
    steps: int = 0
    healing: float = 0.0  # seconds from the last fault until all was stored
    problems: list[str] = field(default_factory=list)


class Life:
    """Everything that one seed decides."""

    def __init__(self, seed: int, loop: VirtualLoop, outcome: Outcome, say: Say) -> None:
        self.random = random = Random(seed)
        self.seed = seed
        self.loop = loop
        self.oracle = Oracle()
        self.outcome = outcome
        self.say = say
        self.readable = random.random() < 0.85
        self.shared = random.random() < 0.7
        self.plan = FaultPlan(random, readable=self.readable, now=loop.time, say=say)
        outcome.faults = self.plan.struck
        self.host_faults = HostFaults(Random(random.random()), loop, say)
        outcome.host_faults = self.host_faults.struck
        max_blocks = random.choice([50_000, 50_000, 12, 4])
        self.store = MemoryStore(
            faults=PanickingFaults(self.plan, self.host_faults),
            latency=random.choice([0.0, 0.005, 0.02, 0.1]),
            max_blocks=max_blocks,
            max_block_bytes=random.choice([4 << 20, 4 << 20, 3000, 700]),
            readable=self.readable,
            overwrites=random.random() < 0.5,
        )
        # Below, at and above what the store allows: rolling early, in time, and on refusal.
        self.limits = Limits(max_blocks=max(1, max_blocks + random.choice([-1, 0, 1])))
        self.retry = Retry(
            base=0.05, cap=random.choice([0.5, 4.0]), hold=2.0, attempt_timeout=3.0, overdue=0.2
        )
        self.epoch = random.choice([BEFORE_MIDNIGHT, 1_700_000_000.0])
        self.ends_early = random.random() < 0.3
        self.sheds = random.random() < 0.15
        self.hooks_raise = random.choice([0.0, 0.0, 0.05, 0.5])
        self.clocks: list[VirtualClock] = []
        self.pipelines = [self._pipeline(number) for number in range(random.randint(1, 4))]
        self.counts: list[Any] = [None] * len(self.pipelines)
        self.producers = [
            Producer(
                pipeline,
                f"{number}.{k}",
                random=Random(random.random()),
                clock=self.clocks[number],
                oracle=self.oracle,
                host_faults=self.host_faults,
                say=say,
            )
            for number, pipeline in enumerate(self.pipelines)
            for k in range(random.randint(1, 3))
        ]
        if len(self.producers) > 1:
            # Emptied, and filled beyond a lane's position under another header before it looks,
            # a blob is taken for the old one: a documented limit.
            self.plan.leave_out(FaultKind.EMPTIED)

    def _pipeline(self, number: int) -> Pipeline:
        random = self.random
        clock = VirtualClock(self.loop, epoch=self.epoch)
        self.clocks.append(clock)
        batch = random.choice([1024, 4096, 65536])
        # Now and then so little that calls wait for room.
        little = self.host_faults.cancels_callers and random.random() < 0.3
        memory = 20_000 if little else random.choice([300_000, 1 << 20, 16 << 20])
        return Pipeline(
            self.store,
            format=PanickingEncoder(self.host_faults) if self.host_faults.panics else "csv",
            workspace=WORKSPACE,
            service=SERVICE,
            writer="shared" if self.shared else "own",
            linger=random.choice([0.05, 0.3, 1.0, 2.0]),
            max_batch_bytes=batch,
            max_memory_bytes=max(memory, 4 * batch),
            max_in_flight=random.choice([1, 3, 16]),
            when_full="shed_oldest" if self.sheds else "shed_newest",
            delivery_timeout=4.0 if self.sheds and random.random() < 0.5 else None,
            limits=self.limits,
            retry=self.retry,
            _seams=Seams(
                clock=clock,
                chance=Random(random.random()).random,
                writer_id=f"{self.seed & 0xFFFFFFFF:08x}{number:02x}",
            ),
            hooks=[self._hook],
        )

    def _hook(self, event: Event) -> None:
        """Looks at the counters, which hold also while rows become final; and may raise."""
        self.say(told(event))
        self._check(inside=True)
        self.host_faults.panic("hook panics", 0.05)
        if self.random.random() < self.hooks_raise:
            raise self.random.choice([ValueError("a hook's"), asyncio.CancelledError()])

    # The equation ---------------------------------------------------------------------------------

    def step(self) -> None:
        """After every step of the loop."""
        self.outcome.steps += 1
        if self.outcome.steps > MAX_STEPS:
            raise LifeHangsError(f"{MAX_STEPS} steps, at {self.loop.time()} s")
        self._check()
        if self.outcome.steps % SNAPSHOT == 0:
            for pipeline in self.pipelines:
                stats = pipeline.stats()
                final = stats.stored + stats.possibly_stored
                final += sum(stats.dead_lettered.values()) + sum(stats.dropped.values())
                self._demand(stats.accepted == final + stats.in_memory + stats.in_spool, stats)
        self.host_faults.step()

    def _check(self, *, inside: bool = False) -> None:
        """Conservation, wherever a count has changed: from the counters themselves. ``inside`` of
        a step a row may be between the ring and its channel: only the sums know of it."""
        for number, pipeline in enumerate(self.pipelines):
            engine = pipeline._engine
            ring, delivery = engine.ring, engine.delivery
            counters = delivery.counters
            counts = (ring.rows, ring.used, delivery.pump.rows_taken, counters.stored)
            if counts == self.counts[number]:
                continue
            self.counts[number] = counts
            final = counters.stored + counters.possibly_stored
            final += sum(counters.dead_lettered.values()) + sum(counters.dropped.values())
            rows = delivery.in_memory(ring.rows)
            self._demand(ring.rows == final + rows, pipeline)
            if not inside:
                self._demand(rows == delivery.counted_in_memory(ring.rows), f"sums: {pipeline}")
            self._demand(ring.used >= 0, pipeline)

    def _demand(self, holds: bool, told: object) -> None:
        if not holds and not self.outcome.found["equation"]:
            self.outcome.found["equation"] += 1
            self.outcome.problems.append(f"the equation does not hold: {told}")

    # The life -------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Produce under faults, heal, flush, close, wait for what is late, judge."""
        self.loop.after_step = self.step
        random = self.random
        producing = [asyncio.create_task(producer.run()) for producer in self.producers]
        flushing = [
            asyncio.create_task(self._flush(pipeline))
            for pipeline in self.pipelines
            if self.host_faults.cancels_callers
        ]
        others = flushing + self.host_faults.start(self.clocks)
        self.host_faults.spare()
        if self.ends_early:
            await asyncio.sleep(random.random() * 10)
            reports = await self._close_all(random.choice([0.01, 0.05, 0.3, 3.0]))
            for task in producing:
                task.cancel()
            await asyncio.gather(*producing, return_exceptions=True)
            self.plan.active = self.host_faults.active = False
        else:
            # A producer may wait for room that only a healed store gives.
            await asyncio.sleep(random.uniform(5, 60))
            self.plan.active = False
            self.store.max_block_bytes = 4 << 20
            self.say("no more faults")
            await asyncio.gather(*producing)
            self.host_faults.active = False
            await self._heal()
            self.host_faults.active = True
            reports = await self._close_all(None)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        while self.store.late:
            await asyncio.sleep(1.0)
        self._judge(reports)

    async def _flush(self, pipeline: Pipeline) -> None:
        """Somebody who flushes now and then, does not wait for ever, and may be cancelled."""
        while True:
            await asyncio.sleep(self.random.expovariate(0.3))
            timeout = self.random.choice([None, 0.0, 0.5, 5.0])
            try:
                await self.host_faults.wait_for("flush", pipeline.flush(timeout))
            except FlushTimeout:
                self.say(f"flush({timeout}) was not done in time")
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise

    async def _heal(self) -> None:
        """Liveness: what is left is stored, and never does the whole stand still for long.

        At the moment of healing each lane at worst has an attempt that hangs (attempt_timeout),
        and then waits (cap, or hold and what is costly); rows that are not sealed wait for the
        linger, or for nobody where they are flushed. From then on every request is answered after
        the latency, and of those that race for one blob one wins. That a blob was emptied is
        believed after a minute. So something is stored within ``patience``, again and again, until
        all is. A lane may read, walk a part and open the next in between: 20 requests.
        """
        retry, latency = self.retry, self.store.latency
        longest = max(retry.cap, retry.hold * 2**COSTLY)
        patience = retry.attempt_timeout + longest + 20 * latency
        if self.plan.struck[FaultKind.EMPTIED]:
            patience += NOT_STALE + retry.hold
        began = self.loop.time()
        flushing = {asyncio.create_task(pipeline.flush()) for pipeline in self.pipelines}
        while flushing:
            stored = len(flushing), self._stored()
            _, flushing = await asyncio.wait(flushing, timeout=patience)
            if flushing and (len(flushing), self._stored()) == stored:
                self.outcome.found["stuck"] += 1
                self.outcome.problems.append(f"nothing was stored for {patience} s after healing")
                for task in flushing:
                    task.cancel()
                return
        self.outcome.healing = self.loop.time() - began

    def _stored(self) -> int:
        return sum(pipeline._engine.delivery.counters.stored for pipeline in self.pipelines)

    async def _close_all(self, timeout: float | None) -> list[Report]:
        reports: dict[Pipeline, Report] = {}
        while missing := [p for p in self.pipelines if p not in reports]:
            # A stranger may cancel one of these before its first step: it is begun anew.
            ended = await asyncio.gather(
                *(self._close(pipeline, timeout) for pipeline in missing), return_exceptions=True
            )
            for pipeline, report in zip(missing, ended, strict=True):
                if isinstance(report, Report):
                    reports[pipeline] = report
                elif not isinstance(report, asyncio.CancelledError):
                    raise report
        return list(reports.values())

    async def _close(self, pipeline: Pipeline, timeout: float | None) -> Report:
        for _ in range(IMPATIENCE):
            with suppress(asyncio.CancelledError):
                return await self.host_faults.wait_for("aclose", pipeline.aclose(timeout))
        while True:  # the host waits on, and is cancelled by those that cancel all
            with suppress(asyncio.CancelledError):
                return await pipeline.aclose(timeout)

    # The judgement --------------------------------------------------------------------------------

    def _judge(self, reports: list[Report]) -> None:
        outcome, oracle, problems = self.outcome, self.oracle, self.outcome.problems
        dead = sum(sum(report.dead_lettered.values()) for report in reports)
        possibly = sum(report.possibly_stored for report in reports)
        stored = sum(report.stored for report in reports)
        destroyed = [one for one in self.store.destroyed if not one[0].startswith(LOG_ROOT)]
        complete = not dead and not possibly and not any(report.dropped for report in reports)
        verdict = oracle.judge(
            self.store.blobs,
            destroyed,
            complete=complete,
            comes_back=self.plan.right_is_late,
        )
        for word, rows in verdict.faults.items():
            outcome.found[word] += rows
            problems.append(f"{word}: {rows}, such as {verdict.where[word][0]}")
        for report in reports:
            if report.dead_lettered.keys() - {"RequestBodyTooLarge"}:
                problems.append(f"lost: rows pay for the store's refusals: {report}")
            if report.in_memory:
                problems.append(f"rows left in memory: {report}")
        allowed = {"shed_oldest", "delivery_timeout"} if self.sheds else set()
        dropped = {reason for report in reports for reason in report.dropped}
        if not self.ends_early and dropped - allowed:
            problems.append(f"dropped without a deadline: {reports}")
        accepted = sum(report.accepted for report in reports)
        unsure = sum(map(len, oracle.unsure.values()))
        sure = len(oracle.accepted) - unsure
        if not self.ends_early and not sure <= accepted <= sure + unsure:
            problems.append(f"{accepted} counted as accepted, {sure} to {sure + unsure} were")
        if complete and not self.ends_early and accepted != sure + verdict.unsure:
            problems.append(f"{accepted} counted as accepted, {sure + verdict.unsure} are there")
        if not destroyed and not stored <= verdict.stored <= stored + possibly:
            problems.append(f"{verdict.stored} rows present, {stored} counted as stored")


def live(seed: int, say: Say = silent) -> Outcome:
    """Run the life of a seed to its end."""
    outcome = Outcome(seed)

    async def main(loop: VirtualLoop) -> None:
        def stamped(text: str) -> None:
            say(f"{loop.time():10.4f} {text}")

        life = Life(seed, loop, outcome, silent if say is silent else stamped)
        end_trace = trace_lanes(stamped) if say is not silent else None
        try:
            await life.live()
        except (Exception, *PANICS) as error:
            outcome.problems.append(f"{type(error).__name__}: {error}")
        finally:
            loop.after_step = None
            if end_trace is not None:
                end_trace()
            outcome.rows = sum(producer.rows for producer in life.producers)
            outcome.hours = loop.time() / 3600

    try:
        run_virtual(main)
    except (
        LifeHangsError,
        RuntimeError,
        *PANICS,
    ) as error:  # the loop itself: all wait, or all spin
        outcome.found["stuck"] += 1
        outcome.problems.append(f"{type(error).__name__}: {error}")
    return outcome
