"""A fork at every moment of another thread's first calls.

A thread is stopped at the seed's moment inside of the package, whatever it holds there; then the
process forks. In the child that thread does not exist, and what it held nobody gives back. The
child's pipeline must record and store all the same.

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

__all__ = ["live"]

PACKAGE = str(Path(aiocollect.__file__).parent)
# A child that waits for what nobody gives back is ended by its alarm, in seconds.
PATIENCE = 5


class Told:
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


def live(seed: int) -> Told:
    """Fork at the seed's moment; the child records a row, closes, and says how that went."""
    told = Told(seed)
    pipeline = Pipeline(MemoryStore(), host="thread", linger=0.01)
    collector = pipeline.collector("a", feature_names=["n"])
    stop = Stop(seed + 1)

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
        _end(pipeline, collector)
    _, status = os.waitpid(child, 0)
    stop.go_on.set()
    thread.join()
    report = pipeline.close(10)
    if (report.accepted, report.stored) != (2, 2):
        told.problems.append(f"lost: the parent's rows, {report}")
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGALRM:
        told.problems.append("the child hangs")
    elif code != 0:
        told.problems.append("lost: the child's row was not stored")
    return told


def _end(pipeline: Pipeline, collector: Any) -> None:
    """The child: it ends here, without finalizers."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(PATIENCE)
    code = 3
    try:
        accepted = collector.collect([[3]]) is not None
        report = pipeline.close(PATIENCE / 2)
        code = 0 if accepted and (report.accepted, report.stored) == (1, 1) else 4
    finally:
        os._exit(code)
