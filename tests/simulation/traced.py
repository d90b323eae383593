"""A tracer at every instruction: what comes in between two of them breaks nothing.

Without a tracer CPython runs somebody else's code only after calls; one that is written in Python
(a debugger, coverage) is itself a call between any two lines, or instructions. There another thread
may go on, a signal handler may come in, or Ctrl-C. The seed names the instruction, and which of the
three it is. Each row whose id was returned must be stored once, no other one may be, times and ids
are unique, and at the end nothing is charged to the budget any more.

There are about 1,500 instructions, three kinds each.
"""

from __future__ import annotations

import asyncio
import csv
import io
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import aiocollect

from .world import Result, World, run_scenario

__all__ = ["KINDS", "live"]

PACKAGE = str(Path(aiocollect.__file__).parent)
# Where several threads meet.
ROOMS = tuple(
    f"{PACKAGE}/{room}.py"
    for room in ("_core/ring", "_core/ids", "_engine/python_path", "_engine/recorder")
)
KINDS = ("thread", "handler", "interrupt")
# For a thread that may have to wait for the one that is traced, in seconds: then it goes on after.
PATIENCE = 0.005


class Tracer:
    """Does ``act`` before the ``moment``-th instruction of the rooms."""

    def __init__(self, moment: int, act: Any) -> None:
        self.left = moment
        self._act = act

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(ROOMS):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if event == "opcode":
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                self._act()
        return self


async def traced(world: World, moment: int, kind: str) -> None:
    """Calls of each way in, one of them with something in between."""
    pipeline = world.pipeline(linger=0.05)
    await pipeline.start()
    collector = pipeline.collector("m", version="1", identifier="i", feature_names=["a", "b"])
    made = [collector.collect([0.0, 0.0])]
    threads: list[threading.Thread] = []

    def intrude() -> None:
        made.extend([collector.collect([1.0, 1.0]), collector.collect([[1.0, 2.0]])])

    def act() -> None:
        if kind == "interrupt":
            raise KeyboardInterrupt
        if kind == "handler":
            intrude()
            return
        threads.append(threading.Thread(target=intrude))
        threads[0].start()
        threads[0].join(PATIENCE)

    interrupted = False
    before = sys.gettrace()  # coverage's, where it is measured
    sys.settrace(Tracer(moment, act))
    try:
        made.extend(map(collector.collect, ([2.0, 2.0], [[2.0, 3.0]], [2.0, 4.0])))
    except KeyboardInterrupt:
        interrupted = True
    finally:
        sys.settrace(before)
    for thread in threads:
        thread.join()
    lock: Any = getattr(pipeline._engine.ring, "lock", None)  # the native core's ring has none
    if lock is not None and lock._is_owned():
        # It struck as the lock's own with statement ended, which no Python code can be safe from.
        lock.release()
    made.append(collector.collect([3.0, 3.0]))
    await asyncio.sleep(1.0)
    stats = pipeline.stats()
    used = pipeline._engine.ring.used
    await pipeline.aclose()
    judge(world, [one for one in made if one is not None], interrupted=interrupted)
    refused = sum(stats.refused.values())
    if kind != "interrupt":
        world.expect(len(made) == stats.stored + refused, f"lost: {len(made)} calls, {stats}")
    if kind == "thread":
        world.expect(not refused, f"a thread was refused: {stats.refused}")
    world.expect(made[-1] is not None, "stuck: the lock was never left")
    # Ctrl-C under a tracer can leave one call charged that is not there, and no row lost.
    world.expect(used == 0 or kind == "interrupt", f"the budget leaks: {used} bytes")


def judge(world: World, ids: list[str], *, interrupted: bool) -> None:
    """Compare what was returned with what is stored. An interrupted call returned nothing: it was
    accepted or not."""
    rows = [
        row
        for data in world.store.blobs.values()
        for row in csv.DictReader(io.StringIO(data.decode(), newline=""))
    ]
    stored = [row["$aml_dc_correlation_id"] for row in rows]
    missing = set(ids) - set(stored)
    more = len(stored) - len(ids)
    world.expect(not missing, f"lost: {len(missing)} of {len(ids)}")
    world.expect(len(stored) == len(set(stored)), "doubled: an id stands in two rows")
    world.expect(more in ((0, 1) if interrupted else (0,)), f"doubled: {more} rows too many")
    times = {row["$aml_dc_scoring_timestamp"] for row in rows}
    world.expect(len(times) == len(rows), "doubled: a scoring time was given out twice")


def live(seed: int) -> Result:
    """The life in which it happens before the seed's instruction."""
    moment, kind = divmod(seed, len(KINDS))
    return run_scenario(lambda world: traced(world, moment + 1, KINDS[kind]), seed)
