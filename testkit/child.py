"""A child process that speaks JSON lines: the parent's side, and what the child itself uses.

A child gets its task as JSON in its first argument, says JSON objects on stdout, a line each, and
hears JSON lines on stdin. Its stdin closes when the parent dies, and then it ends: none outlives
its test. Lines that are no JSON object are passed over, since libraries log to stdout too.

Standard library alone: children run in environments of their own.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

__all__ = ["Child", "ChildFailed", "ChildLate", "heard", "say", "stop_event", "task_of"]

ROOT: Final = Path(__file__).resolve().parents[1]
# What a child says in one line, at most; histograms of latencies are long.
_LONGEST_LINE: Final = 1 << 24


class ChildFailed(Exception):
    """A child ended before it said what was awaited; the message has the end of its log."""


class ChildLate(ChildFailed):
    """A child did not say in time what was awaited."""


class Child:
    """One process, ``python -m module TASK``. An async context manager: killed at its end.

    ``log`` takes its stderr. ``environment``: all of its variables; without, the parent's own.
    ``core``: the only one that it may run on.
    """

    def __init__(
        self,
        module: str,
        task: Mapping[str, Any],
        *,
        log: Path,
        python: str = sys.executable,
        environment: Mapping[str, str] | None = None,
        core: int | None = None,
    ) -> None:
        self._module = module
        self._task = task
        self._log = log
        self._python = python
        self._environment = environment
        self._core = core
        self._process: asyncio.subprocess.Process

    def __repr__(self) -> str:
        return f"<Child {self._module}>"

    async def __aenter__(self) -> Child:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def start(self) -> None:
        """Start it. Who calls this outside of a block calls ``kill()`` or ``end()``."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(self._python, "-m", self._module, json.dumps(self._task)),
                cwd=ROOT,
                env=self._environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=_LONGEST_LINE,
            )
        if self._core is not None and (os.cpu_count() or 1) > 1:
            os.sched_setaffinity(self._process.pid, {self._core})

    async def hear(self, word: str, *, timeout: float) -> dict[str, Any]:
        """The next line with this word. Raises ChildFailed."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(timeout):
                async for line in self._process.stdout:
                    if line.startswith(b"{") and word in (said := json.loads(line)):
                        found: dict[str, Any] = said
                        return found
        except TimeoutError:
            raise ChildLate(self._complaint(f"did not say {word!r} in {timeout:.0f} s")) from None
        raise ChildFailed(self._complaint(f"ended before it said {word!r}"))

    async def tell(self, **words: Any) -> None:
        """A line for its stdin."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words).encode() + b"\n")
        with suppress(ConnectionError):  # it is gone: the next hear() says so
            await self._process.stdin.drain()

    async def end(self, *, timeout: float) -> bool:
        """SIGTERM; whether it ended by itself, with 0, within the time. If not, it is killed."""
        self.terminate()
        return await self.ended(timeout=timeout)

    async def ended(self, *, timeout: float) -> bool:
        """Whether it ends by itself, with 0, within the time. If not, it is killed."""
        try:
            async with asyncio.timeout(max(0.0, timeout)):
                await self._process.wait()
        except TimeoutError:
            await self.kill()
        return self._process.returncode == 0

    def terminate(self) -> None:
        """SIGTERM."""
        self._signal(signal.SIGTERM)

    async def kill(self) -> None:
        """SIGKILL."""
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def _complaint(self, what: str) -> str:
        tail = self._log.read_text(errors="replace").strip().splitlines()[-5:]
        return f"{self._module} {what}: {' | '.join(tail)}"


# In the child ---------------------------------------------------------------------------------


def task_of() -> dict[str, Any]:
    """What this process is to do."""
    task: dict[str, Any] = json.loads(sys.argv[1])
    return task


def say(**words: Any) -> None:
    """Tell the parent."""
    os.write(1, json.dumps(words).encode() + b"\n")


def heard() -> dict[str, Any]:
    """The parent's next line; blocks. Ends this process where the parent is gone."""
    line = sys.stdin.readline()
    if not line:
        raise SystemExit("the parent is gone")
    words: dict[str, Any] = json.loads(line)
    return words


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
