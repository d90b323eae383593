"""Crash lives: one machine on which processes live, and end at any call of the disk or the store.

Each of up to five lives is a pipeline with a spool on the machine's disk, against one store that
outlives them; then a last life, without faults, brings what is left to the store. The oracle knows
of each row what its receipt had said when the life ended:

- after a kill every row that was *spooled*, after a power cut every row that was *durable*, and
  every row that was *stored*, is in the store exactly once;
- no row is there twice, torn, altered or invented, and those of one life and stream are in their
  order;
- two tenants have one spool: no row of one is in the store of the other;
- no call to the disk was made on an event loop.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

from aiocollect import Limits, MemoryStore, Pipeline, Retry
from aiocollect._disks.memory.file import MemoryFile
from aiocollect._engine import exits
from aiocollect.errors import StoreError
from aiocollect.events import SpoolDamaged, SpoolLeft
from aiocollect.testing import (
    Crashed,
    DiskProcess,
    Fault,
    FaultKind,
    MemoryDisk,
    Operation,
    Seams,
    VirtualClock,
    VirtualLoop,
)
from aiocollect.typing import Appended, Created, Opened, Range

from .crash_oracle import CrashOutcome, Promises, Row
from .crash_worlds import FOREIGN, SPOOL, DiskFaults

MAX_STEPS = 300_000
EPOCH = 1_700_006_380.0

TENANTS = ("a", "b")


class Reach:
    """One process's way to its store, which ends with it; what it had sent may arrive later."""

    def __init__(self, world: World, view: DiskProcess, tenant: str) -> None:
        self._world = world
        self._view = view
        self._store = world.stores[tenant]
        self.target = f"memory://{tenant}"

    async def open(self, path: str, *, head: int) -> Opened:
        """See Store."""
        self._check()
        opened = await self._store.open(path, head=head)
        self._check()
        return opened

    async def create(self, path: str, *, content_type: str) -> Created | bool:
        """See Store."""
        self._check()
        created = await self._store.create(path, content_type=content_type)
        self._check()
        return created

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """See Store: while it is on its way it may outlive its process."""
        self._check()
        on_its_way = (self._store, path, data, offset, etag)
        self._world.on_their_way.append(on_its_way)
        try:
            appended = await self._store.append(path, data, offset=offset, etag=etag)
        finally:
            if self._view.alive:
                self._world.on_their_way.remove(on_its_way)
        self._check()
        return appended

    async def read(self, path: str, *, offset: int, length: int) -> Range:
        """See Store."""
        self._check()
        found = await self._store.read(path, offset=offset, length=length)
        self._check()
        return found

    async def aclose(self) -> None:
        """See Store."""

    def _check(self) -> None:
        """Each request is a call at which the process may end."""
        self._view.request()


class World:
    """Everything that one seed decides."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.seed = seed
        self.outcome = CrashOutcome(seed)
        self.readable = random.random() < 0.8
        self.shared = random.random() < 0.6
        self.rate = random.choice([0.0, 0.1, 0.3, 0.5])
        latency = random.choice([0.0, 0.005, 0.05])
        # Where nobody may read, a full blob leaves a doubt for ever: another life tells no row.
        max_blocks = random.choice([50_000, 12, 4]) if self.readable else 50_000
        self.stores = {
            tenant: MemoryStore(
                faults=self._fault,
                latency=latency,
                max_blocks=max_blocks,
                readable=self.readable,
            )
            for tenant in TENANTS
        }
        self.store = self.stores["a"]
        self.tenants = TENANTS if random.random() < 0.2 else TENANTS[:1]
        self.disk = MemoryDisk(
            random,
            capacity=random.choice([None, None, None, 40_000, 200_000]),
            latency=random.choice([0.0, 0.001, 0.02]),
        )
        self.disk_faults = DiskFaults(random, self.disk)
        self.on_their_way: list[tuple[MemoryStore, str, bytes, int, str | None]] = []
        self.longest = random.choice([200, 200, 3000])
        self.quiet = False
        self.down = False
        self.rots = random.random() < 0.15
        self.promises = Promises(rots=self.rots)
        self.now = 0.0

    def _fault(self, operation: object, path: str) -> Fault | None:
        if self.quiet:
            return None
        if self.down:
            return Fault(FaultKind.BUSY)
        if self.random.random() >= self.rate:
            return None
        kinds = [
            *(FaultKind.NOT_SENT, FaultKind.LOST_ANSWER, FaultKind.BUSY, FaultKind.LATE),
            *(FaultKind.RESENT, FaultKind.HANG_APPLIED, FaultKind.ERROR_APPLIED),
            *(FaultKind.INVALID, FaultKind.STALE, FaultKind.MIXED_UP),
        ]
        if operation is Operation.APPEND:
            kinds.append(FaultKind.TOO_LARGE)  # halved, also in doubt, and then killed
        return Fault(self.random.choice(kinds), self.random.choice([0.01, 0.5, 5.0]))

    # One life -----------------------------------------------------------------------------------

    def live(self, number: int, *, last: bool) -> None:
        """A process's life: it ends at a call, or by itself."""
        random = self.random
        calls = None if last or random.random() < 0.1 else 1 + int(random.expovariate(1 / 120))
        view = self.disk.process(crash_at=calls)
        self.quiet = last
        self.down = not last and random.random() < 0.3
        self.promises.tenant_of[number] = random.choice(self.tenants)
        if last:
            self.disk_faults.end()
        else:
            self.disk_faults.begin()
        loop = VirtualLoop(begin=self.now)
        asyncio.set_event_loop(loop)
        receipts: list[tuple[Row, Any]] = []
        crashed = False

        steps = 0

        def step() -> None:
            nonlocal steps
            steps += 1
            if steps > MAX_STEPS:
                raise RuntimeError(f"life {number} of seed {self.seed} does not end")
            if not view.alive:
                raise Crashed

        loop.after_step = step
        try:
            loop.run_until_complete(self._process(loop, view, number, receipts, last))
        except Crashed:
            crashed = True
        # A sync that failed and a power cut after it: nobody can promise anything then.
        power = crashed and random.random() < 0.4 and not self.disk_faults.broken
        self.promises.remember(receipts, power=power)
        self.now = loop.time() + 1.0
        view.end()
        if power:
            self.disk.cut_power()
        self.outcome.ends["power cut" if power else "kill" if crashed else "end"] += 1
        bury(loop)
        if self.rots and not last:
            self._rot()

    def _rot(self) -> None:
        """A byte of what is stored in the spool is another one: its rows may be lost, and nothing
        else may come of it."""
        segments = [path for path in self.disk.files if path.endswith(".rows")]
        if segments:
            parent, name = self.disk.tree.parent(self.random.choice(segments))
            file = parent.names[name]
            assert isinstance(file, MemoryFile)
            if file.data:
                file.data[self.random.randrange(len(file.data))] ^= 1 << self.random.randrange(8)

    async def _process(
        self,
        loop: VirtualLoop,
        view: DiskProcess,
        number: int,
        receipts: list[tuple[Row, Any]],
        last: bool,
    ) -> None:
        random = self.random
        self._deliver_late(loop)
        tenant = self.promises.tenant_of[number]
        pipeline = Pipeline(
            Reach(self, view, tenant),
            spool=SPOOL,
            hooks=[self._hear],
            writer="shared" if self.shared else "own",
            linger=random.choice([0.02, 0.3, 1.0]),
            max_batch_bytes=random.choice([1024, 8192]),
            max_memory_bytes=random.choice([40_000, 1 << 20]),
            limits=Limits(max_blocks=random.choice([49_000, 5]), max_call_bytes=4096),
            retry=Retry(base=0.05, cap=1.0, hold=2.0, attempt_timeout=3.0, overdue=0.2),
            _seams=Seams(
                clock=VirtualClock(loop, epoch=EPOCH),
                chance=Random(random.random()).random,
                writer_id=f"{self.seed & 0xFFFFFFFF:08x}{number:02x}",
                disk=view,
            ),
        )
        await pipeline.start()
        # Another process of the same service: it takes over what others have left, too.
        others = [tenant] if random.random() < 0.3 else []
        if last:  # of each tenant
            others = [one for one in self.tenants if one != tenant]
        siblings = [self._sibling(loop, view, number, one) for one in others]
        for sibling in siblings:
            await sibling.start()
        if self.disk_faults.tampered and not last:
            for stranger in (self.disk_faults.clean, self.disk_faults.rename):
                for _ in range(random.randrange(3)):
                    loop.call_later(random.random() * 5.0, self._visit, view, stranger)
        collectors = {
            name: pipeline.collector(name, feature_names=["life", "number", "text"])
            for name in ("a", "b")
        }
        asks: set[asyncio.Task[None]] = set()
        counts: Counter[str] = Counter()
        for _ in range(0 if last else random.randint(1, 60)):
            name = random.choice("ab")
            rows = []
            for _ in range(random.choice([1, 1, 3, 20])):
                counts[name] += 1
                rows.append((number, name, counts[name]))
            text = "x" * random.choice([0, 0, 30, 200, 200 if len(rows) > 1 else self.longest])
            receipt = collectors[name].collect_receipt([[n, i, text] for n, _, i in rows])
            if receipt is None:
                continue
            for row in rows:
                self.promises.accepted[row] = text
                receipts.append((row, receipt))
            if random.random() < 0.3:
                asks.add(asyncio.ensure_future(self._ask(receipt, rows)))
            await asyncio.sleep(random.expovariate(3.0) * random.choice([0, 0.05, 1.0]))
        if last:
            for _ in range(40):
                await asyncio.sleep(10.0)
            for one in (pipeline, *siblings):
                stats = one.stats()
                if stats.in_spool or stats.in_memory:
                    self.outcome.problems.append(f"alive, but not done: {stats}")
        else:
            await asyncio.sleep(random.choice([0.0, 0.5, 5.0]))
        for sibling in siblings:
            await sibling.aclose(timeout=random.choice([0.5, 10.0]))
        report = await pipeline.aclose(timeout=random.choice([0.5, 10.0]))
        total = report.stored + report.possibly_stored + report.in_memory + report.in_spool
        total += sum(report.dropped.values()) + sum(report.dead_lettered.values())
        if total != report.accepted:
            self.outcome.problems.append(f"the equation does not hold: {report}")
        for ask in asks:
            ask.cancel()

    def _visit(self, view: DiskProcess, stranger: Callable[[], None]) -> None:
        if view.alive:
            stranger()

    def _hear(self, event: object) -> None:
        if isinstance(event, SpoolLeft) and "its rows are for" in event.reason:
            self.outcome.met[FOREIGN] += 1
        # A power cut may lose a page in the middle of what was not synced.
        unharmed = not self.rots and not self.outcome.ends["power cut"]
        if isinstance(event, SpoolDamaged) and unharmed:
            self.outcome.problems.append(f"damage where there is none: {event}")

    def _sibling(self, loop: VirtualLoop, view: DiskProcess, number: int, tenant: str) -> Pipeline:
        return Pipeline(
            Reach(self, view, tenant),
            spool=SPOOL,
            linger=0.1,
            max_batch_bytes=1024,
            max_memory_bytes=40_000,
            retry=Retry(base=0.05, cap=1.0, hold=2.0, attempt_timeout=3.0, overdue=0.2),
            _seams=Seams(
                clock=VirtualClock(loop, epoch=EPOCH),
                chance=Random(self.random.random()).random,
                writer_id=f"{self.seed & 0xFFFFFFFF:08x}{0x80 + number:02x}",
                disk=view,
            ),
        )

    async def _ask(self, receipt: Any, rows: list[Row]) -> None:
        if await receipt.durable():
            self.promises.durable.update(rows)

    def _deliver_late(self, loop: VirtualLoop) -> None:
        """What dead processes had sent arrives now, or never."""
        late, self.on_their_way = self.on_their_way, []

        def arrive(
            store: MemoryStore, path: str, data: bytes, offset: int, etag: str | None
        ) -> None:
            with suppress(StoreError):
                store._append(path, data, offset, etag)

        for request in late:
            if self.random.random() < 0.6:
                loop.call_later(self.random.expovariate(0.5), arrive, *request)

    def judge(self) -> None:
        """Compare what is stored, and what is left, with what was accepted and promised."""
        outcome, disk = self.outcome, self.disk
        outcome.problems += self.promises.judge(self.stores)
        left = [path for path in disk.files if "corrupt-" not in path]
        if left:
            outcome.problems.append(f"left on the disk: {left}")
        if disk.on_loop:
            outcome.problems.append(f"the loop was held: {dict(disk.on_loop)}")
        outcome.met += self.disk_faults.count()
        outcome.rows = len(self.promises.accepted)
        outcome.kept = len(self.promises.promised)
        outcome.calls = Counter({call.value: n for call, n in disk.calls.items()})
        outcome.crashed_at = Counter({call.value: n for call, n in disk.crashes.items()})


def bury(loop: VirtualLoop) -> None:
    """The process is gone: none of its tasks ever takes another step, and none of its pipelines is
    closed when this one ends."""
    for pipeline in exits.held():
        exits.let_go(pipeline)
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        task.get_coro().close()
    loop.close()


def live(seed: int) -> CrashOutcome:
    """Run a machine's life."""
    world = World(seed)
    lives = world.random.randint(1, 5)
    for number in range(lives):
        world.live(number, last=False)
    world.live(lives, last=True)
    world.judge()
    return world.outcome
