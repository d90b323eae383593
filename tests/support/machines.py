"""Machines in memory whose processes share a disk and a store, for the tests of the spool."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from aiocollect import MemoryStore, Pipeline
from aiocollect.events import Event
from aiocollect.testing import (
    DiskProcess,
    MemoryDisk,
    VirtualLoop,
    run_virtual,
)
from tests.support.virtual import make_pipeline

SPOOL = "/spool"


Life = Callable[[Pipeline, VirtualLoop], Awaitable[None]]


class Machine:
    """One disk and one store; processes live on it one after the other."""

    def __init__(self) -> None:
        self.disk = MemoryDisk(Random(1), latency=0.001)
        self.store = MemoryStore()
        self.lives = 0
        self.events: list[Event] = []

    def live(self, life: Life, *, killed: bool = True, **options: Any) -> None:
        """A process lives, and is killed, or closes its pipeline."""
        self.lives += 1
        view = self.disk.process()

        async def main(loop: VirtualLoop) -> None:
            pipeline = self.pipeline(loop, view, **options)
            await pipeline.start()
            await life(pipeline, loop)
            if killed:
                view.end()
            else:
                await pipeline.aclose()

        run_virtual(main)
        view.end()
        assert not self.disk.on_loop, "a call to the disk held the event loop"

    def pipeline(self, loop: VirtualLoop, view: DiskProcess, **options: Any) -> Pipeline:
        given = {
            "spool": SPOOL,
            "disk": view,
            "linger": 0.1,
            "writer_id": f"{self.lives:010x}",
            "hooks": [self.events.append],
            **options,
        }
        return make_pipeline(self.store, loop, **given)

    def end(self) -> None:
        """The last life, without faults: it brings what is left to the store; nothing is left."""
        self.store.faults = self.disk.faults = None
        self.live(rest, killed=False)
        assert self.disk.files == {}


async def rest(pipeline: Pipeline, loop: VirtualLoop) -> None:
    """Long enough for all that is left."""
    await asyncio.sleep(100.0)
