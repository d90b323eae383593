"""CPU per row from collect() to the acknowledged append, beside a store that costs nothing."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from aiocollect import Pipeline

from .load import (
    BURST,
    FEATURES,
    InstantStore,
    bare,
    check_rows,
    collect_all,
    floats,
    missing,
    pipeline_on,
)
from .measure import Figure, Size, cpu_of, ratios, take_turns

if TYPE_CHECKING:
    from aiocollect import Collector

__all__ = ["run"]


def run(size: Size) -> list[Figure]:
    """Against a bare dump of the rows: one row a call, many rows a call, missing cells, a spool."""
    count = size.of(20_000, 1_000)
    rows, gaps = floats(count), missing(count, 0.05)
    tables = [list(rows[first : first + 1000]) for first in range(0, count, 1000)]
    with asyncio.Runner() as runner, tempfile.TemporaryDirectory(prefix="bench-") as directory:
        sides: dict[str, Callable[[], float]] = {
            "bare, one": partial(cpu_of, bare(rows, calls=count)),
            "bare, many": partial(cpu_of, bare(rows, calls=count // 1000)),
        }
        pipelines: list[Pipeline] = []
        checks: list[Callable[[], Coroutine[Any, Any, None]]] = []
        for name, calls, options in (
            ("one row a call", rows, {}),
            ("5 % missing", gaps, {}),
            ("one row a call, JSON Lines", rows, {"format": "jsonl"}),
            ("one row a call, with a spool", rows, {"spool": directory}),
            ("1,000 rows a call", tables, {}),
            ("1,000 rows a call, JSON Lines", tables, {"format": "jsonl"}),
        ):
            store = InstantStore()
            pipeline = pipeline_on(store, **options)
            pipelines.append(pipeline)
            collector = pipeline.collector("bench", feature_names=FEATURES)
            sides[name] = partial(_cost, runner, pipeline, collector, calls)
            checks.append(
                partial(
                    check_rows, store, collector.collect, calls, flush=pipeline.flush, rows=count
                )
            )
        costs = take_turns(sides, rounds=size.of(5, 1))
        for check in checks:
            runner.run(check())
        for pipeline in pipelines:
            runner.run(pipeline.aclose())
    one, many = costs["bare, one"], costs["bare, many"]
    goals = {
        "one row a call": 2.0,
        "one row a call, JSON Lines": 2.5,
        "one row a call, with a spool": 3.0,
        "1,000 rows a call": 1.5,
    }
    figures = [
        Figure(
            f"row to acknowledged append, {name}",
            ratios(found, many if name.startswith("1,000") else one),
            goal=goals.get(name),
        )
        for name, found in costs.items()
        if not name.startswith("bare")
    ]
    pairs = (
        ("5 % missing against none missing", "5 % missing", 1.3),
        ("with a spool against without", "one row a call, with a spool", None),
    )
    figures += [
        Figure(
            f"row to acknowledged append, {title}",
            ratios(costs[name], costs["one row a call"]),
            goal=goal,
        )
        for title, name, goal in pairs
    ]
    return figures


def _cost(
    runner: asyncio.Runner, pipeline: Pipeline, collector: Collector, calls: Sequence[Any]
) -> float:
    # Of a thousand rows one call is a burst.
    burst = 1 if type(calls[0][0]) is list else BURST
    begin = time.process_time()
    runner.run(collect_all(collector.collect, calls, flush=pipeline.flush, burst=burst))
    return time.process_time() - begin
