"""Pipelines in virtual time, for the tests of the engine."""

from __future__ import annotations

import asyncio
from typing import Any

from aiocollect import Pipeline, Retry
from aiocollect.testing import Seams, VirtualClock, VirtualLoop
from aiocollect.typing import Clock
from tests.support.disks import InlineDisk

RTT = 0.020
SLICE = 0.001


def make_pipeline(
    store: Any,
    loop: VirtualLoop,
    *,
    clock: Clock | None = None,
    writer_id: str = "00000000aa",
    disk: Any = None,
    **options: Any,
) -> Pipeline:
    seams = Seams(
        clock=clock or VirtualClock(loop),
        chance=lambda: 0.5,
        writer_id=writer_id,
        disk=disk or InlineDisk(),
    )
    retry = Retry(base=0.1, cap=1.0, attempt_timeout=5.0, overdue=0.1)
    return Pipeline(store, **{"retry": retry, **options}, _seams=seams)


def small(store: Any, loop: VirtualLoop, **options: Any) -> Pipeline:
    return make_pipeline(store, loop, max_batch_bytes=1024, max_memory_bytes=8192, **options)


def fill(collector: Any) -> int:
    """Collect until it is refused; returns how many were accepted."""
    accepted = 0
    while collector.collect(1.0) is not None:
        accepted += 1
    return accepted


async def choke(collector: Any) -> int:
    """Fill up until the encoded rows, smaller than their estimates, leave no room either."""
    accepted = more = fill(collector)
    while more:
        await asyncio.sleep(0.1)
        more = fill(collector)
        accepted += more
    return accepted
