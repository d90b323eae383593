"""A fork at every moment of another thread's first calls.

A thread is stopped at the seed's moment inside of the package, whatever it holds there; then the
process forks. In the child that thread does not exist, and what it held nobody gives back. The
child's pipeline must record and store all the same; and a child that ends at once, in whatever way,
takes nothing of its parent's along.

Run in a process of its own: it forks while threads run.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import aiocollect
from aiocollect import MemoryStore, Pipeline

__all__ = ["ENDS", "MOMENTS", "Stop", "case_of", "live"]

PACKAGE = str(Path(aiocollect.__file__).parent)
# A child that waits for what nobody gives back is ended by its alarm, in seconds.
PATIENCE = 5
# How a child ends, by turns: after it has closed; at once, as subprocess' children do; with a row
# that it does not wait for; after a flush, as jobs do that end by os._exit; killed.
ENDS = ("closes", "at once", "with a row at once", "flushes", "is killed")
# Calls and returns of the package within the two first calls of a thread.
MOMENTS = 200


class Result:
    """What became of one fork."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.problems: list[str] = []


class Stop:
    """A profile function that stops its thread at one moment, until it may go on."""

    def __init__(self, moment: int) -> None:
        self.left = moment
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "call" and event != "c_return":
            return
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return
        self.left -= 1
        if self.left == 0:
            sys.setprofile(None)
            self.reached.set()
            self.go_on.wait()


def case_of(seed: int) -> tuple[int, str]:
    """The moment of the fork, and how the child ends: each moment first, then each pair."""
    turn, moment = divmod(seed, MOMENTS)
    return moment + 1, ENDS[(moment + turn) % len(ENDS)]


def live(seed: int) -> Result:
    """Fork at the seed's moment; the child ends in the seed's way, and says how that went."""
    told = Result(seed)
    pipeline = Pipeline(MemoryStore(), host="thread", linger=0.01)
    collector = pipeline.collector("a", feature_names=["n"])
    moment, end = case_of(seed)
    stop = Stop(moment)

    def calls() -> None:
        sys.setprofile(stop)
        try:
            collector.collect([[1]])
            collector.collect([[2]])
        finally:
            sys.setprofile(None)
            stop.reached.set()

    thread = threading.Thread(target=calls)
    thread.start()
    stop.reached.wait()
    child = os.fork()
    if child == 0:
        _end(pipeline, collector, end)
    _, status = os.waitpid(child, 0)
    stop.go_on.set()
    thread.join()
    report = pipeline.close(10)
    if (report.accepted, report.stored) != (2, 2):
        told.problems.append(f"lost: the parent's rows, {report}")
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGALRM:
        told.problems.append("the child hangs")
    elif code != (-signal.SIGKILL if end == "is killed" else 0):
        told.problems.append("lost: the child's row was not stored")
    return told


def _end(pipeline: Pipeline, collector: Any, end: str) -> None:
    """The child: it ends here, without finalizers."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(PATIENCE)
    code = 3
    try:
        if end == "at once":
            os._exit(0)
        accepted = collector.collect([[3]]) is not None
        if end == "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if end == "with a row at once":
            os._exit(0 if accepted else 4)
        if end == "flushes":
            report = pipeline.flush_sync(PATIENCE / 2)
        else:
            report = pipeline.close(PATIENCE / 2)
        code = 0 if accepted and (report.accepted, report.stored) == (1, 1) else 4
    finally:
        os._exit(code)
