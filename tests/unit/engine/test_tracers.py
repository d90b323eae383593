"""Under tracers that are written in Python: debuggers, coverage without C, sys.monitoring.

They are called between any two lines or instructions, where other threads then go on, and signal
handlers come in. What collect() promises holds there too.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import pytest

from aiocollect import MemoryStore, Pipeline
from aiocollect._core import ids, ring
from aiocollect._delivery import counters
from aiocollect._engine import python_path, recorder
from tests.simulation import traced
from tests.support.races import hasty_switches as hasty_switches
from tests.support.races import interrupted, recorded_once, run_threads

pytestmark = pytest.mark.slow  # Line tracers in Python, beside threads.

ROOMS = {room.__file__ for room in (ids, ring, counters, python_path, recorder)}
THREADS = 4
CALLS = 200


def ours(code: CodeType) -> bool:
    return code.co_filename in ROOMS


@contextmanager
def line_tracer() -> Iterator[None]:
    """A debugger's: called at each line of ours, in every thread."""

    def trace(frame: FrameType, _event: str, _argument: Any) -> Any:
        return trace if ours(frame.f_code) else None

    before, of_threads = sys.gettrace(), threading.gettrace()
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)
        threading.settrace(of_threads)


@contextmanager
def monitoring() -> Iterator[None]:
    """sys.monitoring's, at each line and instruction (Python 3.12 and later)."""
    watch: Any = vars(sys)["monitoring"]
    events = watch.events.LINE | watch.events.INSTRUCTION

    def see(code: CodeType, _where: int) -> Any:
        return None if ours(code) else watch.DISABLE

    tool = watch.OPTIMIZER_ID
    watch.use_tool_id(tool, "test_tracers")
    for event in (watch.events.LINE, watch.events.INSTRUCTION):
        watch.register_callback(tool, event, see)
    watch.set_events(tool, events)
    try:
        yield
    finally:
        watch.set_events(tool, 0)
        watch.free_tool_id(tool)


TRACERS = [
    line_tracer,
    pytest.param(
        monitoring,
        marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="comes with Python 3.12"),
    ),
]


@pytest.mark.usefixtures("hasty_switches")
@pytest.mark.parametrize("tracer", TRACERS)
@pytest.mark.parametrize("handled", [False, True], ids=["threads", "and a handler"])
def test_threads_under_a_tracer_lose_nothing(tracer: Callable[[], Any], handled: bool) -> None:
    """Four threads, and a signal handler that collects, while each line of ours is traced: every
    id that was returned is stored once, and whatever was refused is counted."""
    store = MemoryStore()
    made: list[str | None] = []

    async def main() -> tuple[int, int, dict[str, int]]:
        async with Pipeline(store, linger=0.01) as pipeline:
            collector = pipeline.collector("m", feature_names=["a", "b"])
            made.append(collector.collect([0.0, 0.0]))

            def produce() -> None:
                for turn in range(CALLS):
                    made.append(collector.collect([float(turn), 1.0]))
                    made.append(collector.collect([[turn, None]]))

            def interrupt() -> None:
                made.append(collector.collect([0.0, 2.0]))

            with interrupted(interrupt, every=0.001 if handled else 0.0), tracer():
                await run_threads(produce, THREADS, here=True)
            report = await pipeline.flush()
            used = pipeline._engine.ring.used
            return report.stored, used, dict(pipeline.stats().refused)

    stored, used, refused = asyncio.run(main())
    recorded_once(store, made, stored=stored, refused=refused)
    assert handled or not refused
    assert used == 0


@pytest.mark.parametrize("kind", traced.KINDS)
def test_something_comes_in_at_an_instruction(kind: str) -> None:
    """Another thread, a handler that collects, or Ctrl-C, between any two instructions. The
    simulation tries each; here every 37th of 1,200."""
    number = traced.KINDS.index(kind)
    for moment in range(0, 1200, 37):
        told = traced.live(moment * len(traced.KINDS) + number)
        assert not told.problems, (moment, told.problems)
