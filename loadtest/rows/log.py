"""What the log takes of a row: records of batches, against collecting and storing their rows.

Records are made, chained and taken as in a pipeline; only their way to the store is left out, which
is one append a linger. The rows are collected, encoded and acknowledged without a log, in blocks of
so many rows, as many within a linger as a process can. With a spool each batch is told at once, in
a line of its own; its rows are those of a pipeline with a spool. CPU time of all threads.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from typing import Any

from aiocollect._core.commands import Finish, Outcome
from aiocollect._delivery.counters import LogSums
from aiocollect._delivery.log import Log
from aiocollect._engine.clock import SystemClock
from aiocollect.events import Settled

from .load import FEATURES, InstantStore, collect_all, floats, pipeline_on
from .measure import Figure, Size, ratios

__all__ = ["run"]

BATCH = 250
PART = "default/default/default/default/churn/10/inputs/2026/11/28/data.csv"


class Taken:
    """Takes lines, and keeps none: the place of a LogSender."""

    lost = 0

    def __init__(self, *, keeps: bool) -> None:
        self.keeps = keeps

    def has_room(self, size: int) -> bool:
        """There always is."""
        return True

    def turns_day(self, now: float) -> bool:
        """Never."""
        return False

    def arm(self) -> None:
        """Nothing."""

    def put(self, lines: list[bytes], now: float) -> None:
        """Nothing."""


def run(size: Size) -> list[Figure]:
    """The share of the log in a row's CPU time: signed and not, with a spool and without."""
    rows = floats(size.of(50_000, 2_000))
    batches = len(rows) // BATCH
    per_row: dict[bool, list[float]] = {False: [], True: []}
    logged: dict[tuple[bool, bool], list[float]] = {
        (signed, spool): [] for spool in per_row for signed in (False, True)
    }
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        for _ in range(size.of(7, 2)):
            for spool, costs in per_row.items():
                options = {"spool": directory} if spool else {}
                costs.append(asyncio.run(_collected(rows, options)) / len(rows))
            for (signed, spool), costs in logged.items():
                cost = _logged(batches, signed=signed, spool=spool)
                costs.append(cost / (batches * BATCH))
    return [
        Figure(
            f"the log{' with a key' if signed else ''}, of a row's CPU time"
            f"{', with a spool' if spool else ''}",
            tuple(100 * one for one in ratios(costs, per_row[spool])),
            unit="%",
            goal=1.0,
            note=f"{BATCH} rows a batch",
        )
        for (signed, spool), costs in logged.items()
    ]


async def _collected(rows: Any, options: dict[str, Any]) -> float:
    store = InstantStore()
    pipeline = pipeline_on(store, log=False, max_batch_bytes=BATCH * 250, **options)
    collector = pipeline.collector("bench", feature_names=FEATURES)
    begin = time.process_time()
    await collect_all(collector.collect, rows, flush=pipeline.flush)
    cost = time.process_time() - begin
    await pipeline.aclose()
    return cost


def _logged(batches: int, *, signed: bool, spool: bool) -> float:
    sender: Any = Taken(keeps=spool)
    log = Log(
        sender,
        writer="15ac4935df",
        key=b"a key of sixteen bytes" if signed else None,
        clock=SystemClock(),
        sums=lambda: LogSums(0, {}, {}, {}),
    )
    ends: list[list[Any]] = [[_end(number)] for number in range(batches)]
    begin = time.process_time()
    for some in ends:
        log.ended(some)
    sender.before_seal()
    return time.process_time() - begin


def _end(number: int) -> Finish:
    first = number * BATCH
    notice = Settled(
        path=PART,
        part=PART,
        created="2026-11-28T13:15:00+00:00",
        offset=number * 60_000,
        length=60_000,
        rows=BATCH,
        first=first,
        last=first + BATCH - 1,
        crc=3_141_592_653,
        life="15ac4935df",
        lane=7,
    )
    return Finish(Outcome.STORED, BATCH, "", notice, first=first)
