"""Processes of the load test: a child gets its task as JSON in the first argument, says JSON lines
on stdout, and ends when its stdin does: none outlives the test.

Those that are to begin together say when they are ready, and wait for the word to go: a moment of
the monotonic clock, which all processes share. What they take to start is in no figure.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

__all__ = ["Child", "ChildFailed", "cpu_seconds", "go", "go_at", "say", "stop_event", "task_of"]

ROOT = Path(__file__).resolve().parents[2]
# From the word to the moment: for it to reach all of them.
_LEAD: Final = 0.25


class ChildFailed(Exception):
    """A child did not do what was awaited; the message says what it said last."""


class Child:
    """``python -m <module>``. An async context manager: killed at the end of the block."""

    def __init__(
        self,
        module: str,
        task: Mapping[str, Any],
        *,
        log: Path,
        python: str = sys.executable,
        core: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._module = module
        self._task = task
        self._log = log
        self._python = python
        self._core = core
        self._environment = environment or {}
        self._process: asyncio.subprocess.Process

    async def __aenter__(self) -> Child:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(self._python, "-m", self._module, json.dumps(self._task)),
                cwd=ROOT,
                env={**os.environ, **self._environment},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=1 << 24,
            )
        if self._core is not None and (os.cpu_count() or 1) > 1:
            os.sched_setaffinity(self._process.pid, {self._core})
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def hear(self, word: str, *, timeout: float) -> dict[str, Any]:
        """The next line with this word. Raises ChildFailed."""
        assert self._process.stdout is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                async for line in self._process.stdout:
                    if line.startswith(b"{") and word in (said := json.loads(line)):
                        found: dict[str, Any] = said
                        return found
        tail = self._log.read_text(errors="replace").strip().splitlines()[-5:]
        raise ChildFailed(f"{self._module} did not say {word!r}: {' | '.join(tail)}")

    async def tell(self, **words: Any) -> None:
        """A line for its stdin."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words).encode() + b"\n")
        with suppress(ConnectionError):  # it is gone: that is heard when it is next listened to
            await self._process.stdin.drain()

    async def end(self, *, timeout: float) -> dict[str, Any]:
        """SIGTERM; what it says at its end. Raises ChildFailed."""
        self._process.send_signal(signal.SIGTERM)
        said = await self.hear("ended", timeout=timeout)
        await self._process.wait()
        return said

    async def stop(self, *, timeout: float) -> None:
        """SIGTERM to one that says nothing at its end."""
        self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(timeout):
            await self._process.wait()


async def go(children: Iterable[Child], *, timeout: float) -> float:
    """The moment at which all begin: when all were ready they were told. Raises ChildFailed."""
    waiting = list(children)
    for child in waiting:
        await child.hear("ready", timeout=timeout)
    begin = time.monotonic() + _LEAD
    for child in waiting:
        await child.tell(begin=begin)
    return begin


# In the child ---------------------------------------------------------------------------------


def task_of() -> dict[str, Any]:
    """What this process is to do."""
    task: dict[str, Any] = json.loads(sys.argv[1])
    return task


def say(**words: Any) -> None:
    """Tell the parent."""
    os.write(1, json.dumps(words).encode() + b"\n")


async def go_at() -> float:
    """Be ready; the moment of the monotonic clock to begin at. Ends the process with its parent."""
    say(ready=True)
    line = await asyncio.to_thread(sys.stdin.readline)
    if not line:
        raise SystemExit("the parent is gone")
    return float(json.loads(line)["begin"])


def stop_event() -> asyncio.Event:
    """Set by SIGTERM, and when the parent is gone."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)

    def gone() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            stop.set()

    loop.add_reader(0, gone)
    return stop


def cpu_seconds() -> float:
    """Of this process, all threads, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
