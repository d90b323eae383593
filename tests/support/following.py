"""A writer and a follower on one store, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import aiocollect
from aiocollect import MemoryStore, Pipeline
from aiocollect.reading import Follower
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual
from tests.support.reads import NOON

__all__ = ["Stage", "run"]


class Stage:
    """A store, a pipeline that writes numbers, and a follower that notes what it gets and when."""

    def __init__(self, loop: VirtualLoop, at: datetime = NOON, **options: Any) -> None:
        self.loop = loop
        self.clock = VirtualClock(loop, epoch=at.timestamp())
        self.store = MemoryStore(latency=0.05)
        self.options = {"linger": 0.1, **options}
        self.got: list[int] = []
        self.when: list[float] = []
        self.position: str | None = None
        self.count = 0

    def pipeline(self, writer: str = "00000000aa", **options: Any) -> Pipeline:
        return Pipeline(
            self.store,
            _seams=Seams(clock=self.clock, writer_id=writer),
            **{**self.options, **options},
        )

    def follow(self, **options: Any) -> Follower:
        return aiocollect.follow(
            self.store, "m", stream="inputs", _seams=Seams(clock=self.clock), **options
        )

    async def take(self, follower: Follower) -> None:
        async for batch in follower:
            self.got += batch.rows["n"].to_pylist()
            self.when.append(self.loop.time())
            self.position = batch.position

    async def write(self, pipeline: Pipeline, rows: int = 1, **options: Any) -> None:
        stream = pipeline.collector("m", identifier="inputs", feature_names=["n", "t"])
        stream.collect([[self.count + n, 'a,"\n'] for n in range(rows)], **options)
        self.count += rows
        await pipeline.flush()


def run(main: Callable[[VirtualLoop], Awaitable[Any]]) -> None:
    async def bounded(loop: VirtualLoop) -> None:
        async with asyncio.timeout(100_000):
            await main(loop)

    run_virtual(bounded)
