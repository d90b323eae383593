"""What the contenders' processes share: their task, the pace of the load, and how they end.

A producer says ``{"ready": versions}`` on stdout, waits for the load's begin on stdin, offers its
rows at the steady rate, says ``{"offered": n}``, and waits for SIGTERM. Then it ends gracefully, as
its library's documents tell. When the parent is gone, stdin ends, and so does the producer.

Rows are due at their times whatever became of the rows before: a producer that was held up offers
what is due as fast as it can. Standard library alone: see rows.py.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import FrameType

from testkit.child import heard, say, task_of

from .rows import Ledger, make_row

__all__ = ["Producer"]


class Producer:
    """One life of a producer. The task comes as JSON in the first argument."""

    def __init__(self, *packages: str) -> None:
        task = task_of()
        self.connection_string: str = task["connection_string"]
        self.container: str = task["container"]
        self.attempt_timeout: float = task["attempt_timeout"]
        self.task = task
        self.ledger = Ledger(Path(task["ledger"]))
        self._packages = packages

    def _wait_for_begin(self) -> float:
        """Blocks. The begin is on the monotonic clock, which all processes share."""
        say(ready={name: importlib.metadata.version(name) for name in self._packages})
        return float(heard()["begin"])

    def _due(self, begin: float) -> Iterator[tuple[float, dict[str, str | int]]]:
        """All rows of this life, each with its time."""
        for seq in range(self.task["first"], self.task["rows"]):
            row = make_row(self.task["seed"], self.task["producer"], seq)
            yield begin + seq / self.task["rate"], row

    def rows(self) -> Iterator[dict[str, str | int]]:
        """The rows at their times; behind the last, returns when it is time to end."""
        begin = self._wait_for_begin()
        signal.signal(signal.SIGTERM, _end)
        try:
            for due, row in self._due(begin):
                time.sleep(max(0.0, due - time.monotonic()))
                yield row
            say(offered=True)
            while sys.stdin.readline():
                pass
        except _End:
            pass

    async def rows_async(self) -> AsyncIterator[dict[str, str | int]]:
        """The same on an event loop."""
        begin = self._wait_for_begin()
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        for due, row in self._due(begin):
            # Also when late: whatever else runs on this loop needs its turn.
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            yield row
        say(offered=True)
        loop.add_reader(0, _read_end, stop)
        await stop.wait()


class _End(BaseException):
    """SIGTERM."""


def _end(number: int, frame: FrameType | None) -> None:
    raise _End


def _read_end(stop: asyncio.Event) -> None:
    if not os.read(0, 1024):
        asyncio.get_running_loop().remove_reader(0)
        stop.set()
