"""How full blocks are, and how many appends there are: in virtual time, so these are exact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from aiocollect import Collector, Pipeline
from aiocollect.events import Settled
from aiocollect.testing import MemoryStore, Seams, VirtualClock, VirtualLoop, run_virtual

from .load import FEATURES, floats, pipeline_on
from .measure import Figure, Size

__all__ = ["run"]

Producing = Callable[[Pipeline, list[Collector], int, list[int]], Coroutine[Any, Any, None]]

BLOCK = 2**20
LINGER = 2.0
LATENCY = 0.02


def run(size: Size) -> list[Figure]:
    """At saturation, at a trickle, and idle."""
    paths, seconds = size.of(20, 2), size.of(30, 4)
    full = run_virtual(_lives(_saturated, 1, size.of(60, 20)))
    sealed = full[:-1]  # what the flush has sealed is as full as it is
    trickle, idle = (run_virtual(_lives(each, paths, seconds)) for each in (_trickle, _idle))
    allowed = paths * (seconds / LINGER + 1)
    return [
        Figure(
            "fill of blocks at saturation, the least full",
            (100 * min(sealed) / BLOCK,),
            unit="%",
            goal=90.0,
            at_least=True,
            note=f"{len(sealed)} blocks of 1 MiB, {LATENCY * 1000:g} ms a request",
        ),
        Figure(
            "appends at a trickle, of paths x (seconds / linger + 1)",
            (len(trickle) / allowed,),
            goal=1.0,
            note=f"{len(trickle)} of {paths} paths in {seconds} s",
        ),
        Figure("appends of idle paths", (float(len(idle)),), unit="", goal=0.0),
    ]


def _lives(
    produce: Producing,
    paths: int,
    much: int,
) -> Callable[[VirtualLoop], Coroutine[Any, Any, list[int]]]:
    """A pipeline's life in virtual time; the sizes of its appends."""

    async def life(loop: VirtualLoop) -> list[int]:
        sizes: list[int] = []

        def note(event: object) -> None:
            if isinstance(event, Settled):
                sizes.append(event.length)

        pipeline = pipeline_on(
            MemoryStore(latency=LATENCY),
            _seams=Seams(clock=VirtualClock(loop)),
            linger=LINGER,
            hooks=[note],
        )
        collectors = [
            pipeline.collector(f"model-{number}", feature_names=FEATURES) for number in range(paths)
        ]
        await produce(pipeline, collectors, much, sizes)
        await pipeline.aclose()
        return sizes

    return life


async def _saturated(
    pipeline: Pipeline, collectors: list[Collector], much: int, sizes: list[int]
) -> None:
    rows = list(floats(1000))
    for _ in range(much):
        await collectors[0].acollect(rows)
    await pipeline.flush()


async def _trickle(
    pipeline: Pipeline, collectors: list[Collector], much: int, sizes: list[int]
) -> None:
    (row,) = floats(1)
    for _ in range(10 * much):
        for collector in collectors:
            collector.collect(row)
        await asyncio.sleep(0.1)


async def _idle(
    pipeline: Pipeline, collectors: list[Collector], much: int, sizes: list[int]
) -> None:
    await _trickle(pipeline, collectors, 1, sizes)
    await pipeline.flush()
    sizes.clear()
    await asyncio.sleep(60 * much)
