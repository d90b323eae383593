"""Whether a row costs the same whatever the number of rows, and of paths, at equal rows an append.

CPU of our process, beside a store that costs nothing. The sides take turns.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from aiocollect import Pipeline

from .load import BURST, FEATURES, InstantStore, collect_all, floats, pipeline_on
from .measure import Figure, Size, ratios, take_turns

if TYPE_CHECKING:
    from aiocollect import Collector

__all__ = ["run"]

ROWS_AN_APPEND = 20


def run(size: Size) -> list[Figure]:
    """The cost of a row with many, by that with few."""
    counts = [size.of(10_000, 256), size.of(1_000_000, 512)] + [10_000_000] * size.full
    paths = [10, size.of(10_000, 20)]
    figures = []
    with asyncio.Runner() as runner:
        pipeline = pipeline_on(InstantStore())
        collector = pipeline.collector("bench", feature_names=FEATURES)
        sides = {
            f"{count:,}": partial(_cost_by_rows, runner, pipeline, collector, count)
            for count in counts
        }
        costs = take_turns(sides, rounds=size.of(2, 1), warm=0)
        few, *more = sides
        figures += [
            Figure(
                f"cost of a row, {many} rows against {few}",
                ratios(costs[many], costs[few]),
                goal=1.15,
            )
            for many in more
        ]
        runner.run(pipeline.aclose())
        lives = {number: pipeline_on(InstantStore()) for number in paths}
        each = max(paths) * ROWS_AN_APPEND
        wide = {
            f"{number:,}": partial(
                _cost_by_paths,
                runner,
                pipeline,
                [pipeline.collector(f"m{at}", feature_names=FEATURES) for at in range(number)],
                each,
            )
            for number, pipeline in lives.items()
        }
        costs = take_turns(wide, rounds=size.of(2, 1))
        few, many = wide
        figures.append(
            Figure(
                f"cost of a row, {many} paths against {few}",
                ratios(costs[many], costs[few]),
                goal=1.15,
                note=f"{ROWS_AN_APPEND} rows an append",
            )
        )
        for pipeline in lives.values():
            runner.run(pipeline.aclose())
    return figures


def _cost_by_rows(
    runner: asyncio.Runner, pipeline: Pipeline, collector: Collector, count: int
) -> float:
    rows = floats(BURST)

    async def produce() -> None:
        # Acknowledged after each 16 bursts: the rows of any count wait equally long.
        for first in range(0, count, 16 * BURST):
            bursts = min(16, -(-(count - first) // BURST))
            await collect_all(collector.collect, rows * bursts, flush=pipeline.flush)

    begin = time.process_time()
    runner.run(produce())
    return (time.process_time() - begin) / (-(-count // BURST) * BURST)


def _cost_by_paths(
    runner: asyncio.Runner,
    pipeline: Pipeline,
    collectors: list[Collector],
    count: int,
) -> float:
    rows = list(floats(ROWS_AN_APPEND))

    async def produce() -> None:
        # Flushed after each row of ten calls, whatever the number of paths.
        for _ in range(count // ROWS_AN_APPEND // len(collectors)):
            for first in range(0, len(collectors), 10):
                for collector in collectors[first : first + 10]:
                    collector.collect(rows)
                await asyncio.sleep(0)
            await pipeline.flush()

    begin = time.process_time()
    runner.run(produce())
    return (time.process_time() - begin) / count
