"""What the log takes of a row: a record of a batch, against collecting and storing its rows.

The record is made, chained and taken as in a pipeline; only its way to the store is left out, which
is one append a linger. The rows are collected, encoded and acknowledged without a log, in blocks of
so many rows. Both are CPU time of one thread.
"""

from __future__ import annotations

import asyncio
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

    def has_room(self, size: int) -> bool:
        """There always is."""
        return True

    def turns_day(self, now: float) -> bool:
        """Never."""
        return False

    def put(self, lines: list[bytes], now: float) -> None:
        """Nothing."""


def run(size: Size) -> list[Figure]:
    """The share of the log in a row's CPU time, signed and not."""
    rows = floats(size.of(50_000, 2_000))
    batches = len(rows) // BATCH
    per_row: list[float] = []
    logged: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(size.of(7, 2)):
        per_row.append(asyncio.run(_collected(rows)) / len(rows))
        for signed, costs in logged.items():
            costs.append(_logged(batches, signed=signed) / (batches * BATCH))
    return [
        Figure(
            f"the log{' with a key' if signed else ''}, of a row's CPU time",
            tuple(100 * one for one in ratios(costs, per_row)),
            unit="%",
            goal=1.0,
            note=f"{BATCH} rows a batch",
        )
        for signed, costs in logged.items()
    ]


async def _collected(rows: Any) -> float:
    store = InstantStore()
    pipeline = pipeline_on(store, log=False, max_batch_bytes=BATCH * 250)
    collector = pipeline.collector("bench", feature_names=FEATURES)
    begin = time.process_time()
    await collect_all(collector.collect, rows, flush=pipeline.flush)
    cost = time.process_time() - begin
    await pipeline.aclose()
    return cost


def _logged(batches: int, *, signed: bool) -> float:
    sender: Any = Taken()
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
