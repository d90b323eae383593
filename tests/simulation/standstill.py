"""A life in which for half an hour nothing can succeed: refused for good, conditions that never
hold, parts that take nothing. It is told, it stands in ``held``, it costs few requests and few
blobs, no row pays for it; and after it all is stored soon.

How few requests: answers that decide nothing are waited for 5 s in the middle (12 a minute), what
is held asks twice after 7.5 to 15 s (8 to 16), what begins a part asks five times after 30 to 60 s;
REQUESTS leaves the rest for chance. The first minute is not counted: its waits are short, so that
what passes by itself is not noticed.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass
from random import Random

from aiocollect import FlushTimeout, Pipeline, Retry
from aiocollect.events import Event, Held, Resumed, Retrying
from aiocollect.testing import (
    Fault,
    FaultKind,
    MemoryStore,
    Operation,
    Seams,
    VirtualClock,
    VirtualLoop,
    run_virtual,
)

from .faults import ONLY
from .life import Outcome
from .trace import Say, silent, told

MINUTE, LONG = 60.0, 1800.0
REQUESTS = 24  # of a path, in any minute but the first
BLOBS = 80  # that a path may have made in vain: one at the end of each wait
RETRY = Retry()
# What it may take to notice that it works again: the longest wait, four times ``hold``; a request
# that hangs; a minute until an emptied blob is believed; and then the requests themselves.
SOON = RETRY.attempt_timeout + 4 * RETRY.hold + MINUTE + 5.0

KINDS = [
    *(FaultKind.INVALID, FaultKind.UNSUPPORTED, FaultKind.IMMUTABLE, FaultKind.OVERWRITE),
    *(FaultKind.CREDENTIAL, FaultKind.CONTAINER, FaultKind.LEASED, FaultKind.TOO_LARGE),
    *(FaultKind.VANISHED, FaultKind.WEAK, FaultKind.MIXED_UP, FaultKind.OTHER),
    *(FaultKind.SEALED, FaultKind.DELETED, FaultKind.RETYPED, FaultKind.REPLACED),
    *(FaultKind.NOT_SENT, FaultKind.BUSY, FaultKind.ERROR, FaultKind.HANG),
    *(FaultKind.EMPTIED, FaultKind.LOST_ANSWER),
]
# What strikes the blob itself, so at each append: else the part would not even be begun.
AT_APPENDS = {
    *(FaultKind.SEALED, FaultKind.DELETED, FaultKind.RETYPED, FaultKind.REPLACED),
    FaultKind.EMPTIED,
}


@dataclass(frozen=True)
class Cause:
    """What a seed decides: what is answered, to which requests, and from when on."""

    kind: FaultKind
    operations: frozenset[Operation]
    begin: float
    readable: bool
    doubt: bool  # the first append has no answer, so that the refusals meet a doubt


def cause_of(random: Random) -> Cause:
    """Drawn first of all."""
    kind = random.choice(KINDS)
    every = {Operation.APPEND} if kind in AT_APPENDS else ONLY.get(kind, set(Operation))
    operations = frozenset(every)
    if kind in (FaultKind.INVALID, FaultKind.UNSUPPORTED, FaultKind.CREDENTIAL):
        # Of all requests, or of one kind only; none of looks alone, behind which rows are stored.
        operations = random.choice([frozenset(Operation), frozenset({Operation.APPEND})])
    if kind is FaultKind.RETYPED:
        # At appends, or where a part that was just made is looked at.
        operations = frozenset({random.choice([Operation.APPEND, Operation.OPEN])})
    # Before any blob exists, or after; a refused creation or look must come before.
    first = kind in (FaultKind.OVERWRITE, FaultKind.VANISHED) or operations == {Operation.OPEN}
    begin = 0.0 if first else random.choice([0.0, MINUTE])
    if kind is FaultKind.WEAK:
        begin = 0.0  # afterwards the ETags of appends are sound
    readable = kind is not FaultKind.IMMUTABLE or random.random() < 0.5
    doubt = Operation.APPEND in operations and random.random() < 0.5
    return Cause(kind, operations, begin, readable, doubt)


def live(seed: int, say: Say = silent) -> Outcome:
    """The life, and what it broke."""
    outcome = Outcome(seed)
    random = Random(seed)
    cause = cause_of(random)
    end = cause.begin + LONG
    asked: dict[str, list[float]] = defaultdict(list)
    alarms: dict[str, list[str]] = defaultdict(list)
    doubted: set[str] = set()
    created: Counter[str] = Counter()

    def model(path: str) -> str:
        return path.split("/")[-7]

    async def main(loop: VirtualLoop) -> None:
        def faults(operation: Operation, path: str) -> Fault | None:
            if not cause.begin <= loop.time() < end:
                return None
            asked[model(path)].append(loop.time())
            if operation not in cause.operations:
                created[model(path)] += operation is Operation.CREATE
                return None
            kind = cause.kind
            if cause.doubt and operation is Operation.APPEND and model(path) not in doubted:
                doubted.add(model(path))
                kind = FaultKind.NOT_SENT
            outcome.faults[kind] += 1
            say(f"{loop.time():10.4f} fault {kind.value} at {operation.value} {path}")
            return Fault(kind)

        def hook(event: Event) -> None:
            say(f"{loop.time():10.4f} {told(event)}")
            match event:
                case Held():
                    alarms[model(event.path)].append(event.reason)
                case Retrying():
                    alarms[model(event.path)].append(event.code)
                case Resumed():
                    alarms[model(event.path)].append("")

        store = MemoryStore(faults=faults, latency=0.02, readable=cause.readable)
        pipeline = Pipeline(
            store,
            _seams=Seams(
                clock=VirtualClock(loop),
                chance=Random(seed).random,
                writer_id=f"{seed & 0xFFFFFFFFFF:010x}",
            ),
            linger=0.5,
            hooks=[hook],
        )
        names = [f"m{n}" for n in range(random.randint(1, 3))]
        collectors = [pipeline.collector(name, feature_names=["a", "b"]) for name in names]

        def collect() -> None:
            for collector in collectors:
                assert collector.collect([random.random(), "text"]) is not None
                outcome.rows += 1

        while loop.time() < end:
            collect()
            await asyncio.sleep(random.uniform(1, 60))
            if cause.begin + 3 * MINUTE < loop.time() < end:
                judge_now(outcome, pipeline, names, alarms)
        asked_until = {name: list(times) for name, times in asked.items()}
        # Blobs that somebody has taken away, or made something else of, were made all the same.
        made = max(len(store.blobs) / len(names), *created.values(), 0)
        judge(outcome, asked_until, made, cause.begin)
        collect()
        began = loop.time()
        try:
            await pipeline.flush(SOON)
        except FlushTimeout as error:
            outcome.problems.append(f"not stored soon after {cause.kind.value}: {error}")
        outcome.healing = loop.time() - began
        if pipeline.stats().held:
            outcome.problems.append(f"held though it works: {pipeline.stats().held}")
        report = await pipeline.aclose()
        outcome.hours = loop.time() / 3600
        rows = report.accepted - report.stored
        if rows:
            outcome.found["lost"] += rows
            outcome.problems.append(f"lost: {rows} rows: {report}")

    try:
        run_virtual(main)
    except Exception as error:
        outcome.problems.append(f"{cause.kind.value}: {type(error).__name__}: {error}")
    return outcome


def judge_now(
    outcome: Outcome, pipeline: Pipeline, names: list[str], alarms: dict[str, list[str]]
) -> None:
    """In the midst of it: each path has an entry in ``held``, and was told."""
    held = pipeline.stats().held
    for name in names:
        if not any(f"/{name}/" in part for part in held):
            outcome.found["silent"] += 1
            outcome.problems.append(f"{name} stands still, and is not held: {held}")
        if not alarms[name] or not alarms[name][-1]:
            outcome.found["silent"] += 1
            outcome.problems.append(f"{name} stands still, and nobody was told")
    if pipeline.healthy():
        outcome.found["silent"] += 1
        outcome.problems.append("healthy, though nothing is stored")


def judge(outcome: Outcome, asked: dict[str, list[float]], made: float, begin: float) -> None:
    """Whether the paths cost few requests, and few blobs."""
    for name, times in asked.items():
        calm = [time for time in times if time >= begin + MINUTE]
        for first, last in zip(calm, calm[REQUESTS:], strict=False):
            if last - first < MINUTE:
                outcome.found["storm"] += 1
                outcome.problems.append(
                    f"{name}: {REQUESTS + 1} requests in {last - first:.0f} s, at {first:.0f} s"
                )
                break
    if made > BLOBS:
        outcome.found["storm"] += 1
        outcome.problems.append(f"{made:.0f} blobs were made of each path, in vain")
