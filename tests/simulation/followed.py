"""Lives that are followed and read while they are lived: by consumers that die, over a store that
breaks for readers too.

Each stream has a consumer, which keeps rows and position together, is killed now and then, and goes
on from what it kept. In between the stream is read as a whole. The oracle is the bytes of the
blobs, through reference.py: of each life of a blob the consumer has the first rows, in order, once
each; of those that stand at the end it has all. A read has every row that was there when it began,
and of each blob exactly the rows up to the length that it names.

``python -m tests.simulation.followed --seeds 1000``; ``--seed N`` replays one.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import aiocollect
from aiocollect._engine.exits import Inline
from aiocollect.errors import SnapshotGone, StoreError
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
from aiocollect.typing import Listed
from tests.property.reference import bare, table_of

from .host_faults import PANICS
from .life import Life, LifeHangsError, Outcome
from .producer import SERVICE, WORKSPACE
from .run import describe, run, run_chunk
from .trace import Say, silent

__all__ = ["FollowedLife", "live"]

TIME = "$aml_dc_scoring_timestamp"
# What a reader meets of its own, beside what the writers' faults do to the blobs.
KINDS = [
    *(FaultKind.SLOW, FaultKind.NOT_SENT, FaultKind.HANG, FaultKind.BUSY, FaultKind.ERROR),
    *(FaultKind.CREDENTIAL, FaultKind.CONTAINER, FaultKind.STALE, FaultKind.WEAK),
    *(FaultKind.MIXED_UP, FaultKind.OTHER, FaultKind.NO_RIGHT),
]
# Virtual seconds after the last fault within which a follower has everything: a hung answer, the
# longest wait, the listings of a minute.
PATIENCE = 150.0


class View(MemoryStore):
    """The same blobs, seen by a reader whose requests fail in ways of their own."""

    def __init__(self, life: FollowedLife) -> None:
        super().__init__(faults=self._fault, latency=life.store.latency)
        self._blobs = life.store._blobs
        self._life = life

    def _fault(self, operation: Operation, path: str) -> Fault | None:
        random = self._life.reading
        if not self._life.breaks or random.random() >= self._life.rate:
            return None
        return Fault(random.choice(KINDS), random.random() * 3)

    async def list(self, prefix: str) -> AsyncIterator[Listed]:
        """May break off, as a page may."""
        random = self._life.reading
        breaks = self._life.breaks and random.random() < self._life.rate
        async for listed in super().list(prefix):
            if breaks and random.random() < 0.5:
                raise aiocollect.errors.OutcomeUnknown("ReadTimeout")
            yield listed


class FollowedLife(Life):
    """A life with a consumer of each stream."""

    def __init__(self, seed: int, loop: VirtualLoop, outcome: Outcome, say: Say) -> None:
        super().__init__(seed, loop, outcome, say)
        loop.set_default_executor(Inline(1))
        self.reading = Random(f"reading {seed}")
        self.rate = self.reading.choice([0.0, 0.1, 0.3, 0.6])
        self.breaks = True
        self.ended = False
        self.kept: dict[tuple[str, str], list[tuple[str, tuple[Any, ...]]]] = defaultdict(list)
        self.reads = self.deaths = 0
        # Filled again with what it had, it cannot be told from a blob that was never emptied.
        self.plan.leave_out(FaultKind.EMPTIED)

    async def live(self) -> None:
        """As it is lived; then the readers have no more faults, and are given time."""
        streams = {
            (producer._escaped.replace("~2F", "/"), identifier)
            for producer in self.producers
            for identifier in producer._streams
        }
        consuming = [asyncio.create_task(self._consume(*stream)) for stream in sorted(streams)]
        self.host_faults._spared |= set(consuming)
        await super().live()
        self.host_faults.active = self.breaks = False
        await asyncio.sleep(PATIENCE)
        self.ended = True
        for task in consuming:
            task.cancel()
        ends = await asyncio.gather(*consuming, return_exceptions=True)
        self.outcome.problems += [
            f"a consumer ended: {type(end).__name__}: {end}"
            for end in ends
            if end is not None and not isinstance(end, asyncio.CancelledError)
        ]
        for stream in sorted(streams):
            self._compare(stream)

    # The consumers --------------------------------------------------------------------------------

    async def _consume(self, model: str, identifier: str) -> None:
        """Rows and position are kept together; whoever dies goes on from there."""
        random, kept = self.reading, self.kept[model, identifier]
        where: dict[str, Any] = {"version": "1", "workspace": WORKSPACE, "service": SERVICE}
        position: str | None = None
        while True:
            self.deaths += 1
            left = random.choice([1, 3, 10, 1000])
            follower = aiocollect.follow(
                View(self),
                model,
                stream=identifier,
                since=position,
                poll=random.choice([0.5, 2.0, 10.0]),
                _seams=Seams(clock=VirtualClock(self.loop, epoch=self.epoch)),
                **where,
            )
            try:
                async with follower:
                    async for batch in follower:
                        left -= 1
                        if not left and self.breaks:
                            break  # it dies before it has kept this
                        kept += [(batch.path, row) for row in rows_of(batch.rows)]
                        position = batch.position
                async with asyncio.timeout(30.0):  # of an answer that never comes
                    await self._read(model, identifier, where)
            except (StoreError, SnapshotGone, TimeoutError):
                pass  # it is started again by whoever runs it
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if self.ended or (task is not None and task.cancelling()):
                    raise
            if self.ended:
                return
            await asyncio.sleep(random.random())

    async def _read(self, model: str, identifier: str, where: dict[str, Any]) -> None:
        """One read under the same faults."""
        there = {path: (blob.created, len(blob.data)) for path, blob in self.store._blobs.items()}
        try:
            dataset = await aiocollect.aread(View(self), model, streams=identifier, **where)
            table = await dataset.ato_arrow()
        except aiocollect.ConfigError:
            return  # there is nothing yet
        want: list[tuple[dict[str, str], int]] = []
        for part in dataset.parts:
            blob = self.store._blobs.get(part.path)
            if blob is None or blob.created != part.created:
                return  # nobody knows its bytes any more
            created, length = there.get(part.path, ("", 0))
            if created == part.created and part.length < length:
                self._wrong("lost", f"{part.path} was read to {part.length} of {length}")
            want += fields_of(bytes(blob.data[: part.length]))
        self.reads += 1
        got = table.to_pylist()
        if len(got) != len(want):
            self._wrong("lost", f"a read has {len(got)} rows of {len(want)}")
            return
        for row, (fields, _) in zip(got, want, strict=True):
            for name, cell in row.items():
                if name != TIME and not says(fields.get(name, ""), cell):
                    self._wrong("altered", f"{name} of {identifier}: {cell!r}")
                    return

    # The judgement --------------------------------------------------------------------------------

    def _compare(self, stream: tuple[str, str]) -> None:
        got: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for path, row in self.kept[stream]:
            got[path].append(row)
        lives: dict[str, list[bytes]] = defaultdict(list)
        for path, data in self.store.destroyed:
            lives[path].append(data)
        model, identifier = stream
        folder = f"/{model.replace('/', '~2F')}/1/{identifier}/"
        blobs = {path: data for path, data in self.store.blobs.items() if folder in path}
        for path in {*got, *blobs}:
            rows = got[path]
            ends = {0}
            for data in lives[path]:
                ends = {end for begin in ends for end in prefixes(fields_of(data), rows, begin)}
            if path in blobs:
                want = fields_of(blobs[path])
                whole = {begin + len(want) for begin in ends}
                ends = {
                    end
                    for begin in ends
                    for end in prefixes(want, rows, begin)
                    if end in whole and end - begin == len(want)
                }
            if len(rows) not in ends:
                self._wrong("not once", f"{path}: {len(rows)} rows, known are ends at {ends}")

    def _wrong(self, word: str, text: str) -> None:
        self.outcome.found[word] += 1
        self.outcome.problems.append(f"{word}: {text}")


def rows_of(batch: Any) -> list[tuple[Any, ...]]:
    """Each row as its names and cells, without the time."""
    names = [name for name in batch.schema.names if name != TIME]
    columns = [batch.column(name).to_pylist() for name in names]
    return [tuple(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def fields_of(data: bytes) -> list[tuple[dict[str, str], int]]:
    """The whole rows of a file: each as its fields by column, with their number."""
    at = len(data)
    while (at := data.rfind(b"\n", 0, at)) >= 0:
        if data.count(b'"', 0, at) % 2 == 0:
            break
    data = data[: at + 1]
    if not data:
        return []
    names = data.partition(b"\n")[0].decode().split(",")
    table = table_of(data, len(names))
    rows = zip(*(fields[1:] for fields in table), strict=True)
    return [(dict(zip(names, row, strict=True)), len(names)) for row in rows]


def prefixes(
    want: list[tuple[dict[str, str], int]], rows: list[tuple[Any, ...]], begin: int
) -> list[int]:
    """Where the first rows of a file may end that were handed out from ``begin`` on."""
    ends = [begin]
    for (fields, width), row in zip(want, rows[begin:], strict=False):
        if len(row) != width - 1 or not all(says(fields[name], cell) for name, cell in row):
            break
        ends.append(ends[-1] + 1)
    return ends


def says(field: str, cell: Any) -> bool:
    """Whether a cell is what a field says, in the type that its column has."""
    if cell is None:
        return field == ""
    if isinstance(cell, str):
        return field != "" and bare(field) == cell
    if isinstance(cell, bool):
        return field == ("true" if cell else "false")
    if field.startswith('"') or not field:
        return False
    if isinstance(cell, int):
        return int(field) == cell
    value = float(field)
    exact = not field.lstrip("-").isdigit() or int(field) == int(cell)
    return exact and (value == cell or (math.isnan(value) and math.isnan(cell)))


def live(seed: int, say: Say = silent) -> Outcome:
    """Run the followed life of a seed to its end."""
    outcome = Outcome(seed)

    async def main(loop: VirtualLoop) -> None:
        life = FollowedLife(seed, loop, outcome, say)
        try:
            await life.live()
        except (Exception, *PANICS) as error:
            outcome.problems.append(f"{type(error).__name__}: {error}")
        finally:
            loop.after_step = None
            outcome.rows = sum(map(len, life.kept.values()))
            outcome.hours = loop.time() / 3600
            outcome.host_faults += Counter(reads=life.reads, consumers=life.deaths)

    try:
        run_virtual(main)
    except (LifeHangsError, RuntimeError, *PANICS) as error:
        outcome.problems.append(f"{type(error).__name__}: {error}")
    return outcome


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.followed")
    parser.add_argument("--seeds", type=int, default=200, help="how many lives")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="replay this one")
    options: Any = parser.parse_args()
    began = time.perf_counter()
    if options.seed is not None:
        summary = run_chunk(range(options.seed, options.seed + 1), live)
    else:
        for summary in run(options.seeds, first=options.first, live=live):  # noqa: B007
            pass
    print(describe(summary, time.perf_counter() - began))
    return 1 if summary.failures else 0


if __name__ == "__main__":
    sys.exit(main())
