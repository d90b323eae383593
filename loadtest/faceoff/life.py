"""A contender's process as the face-off sees it: start, begin, kill or end.

Invariants: every wait is bounded; a process that was started is ended, whatever happens.
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
from typing import Any

from ..harness.environments import OWN_PYTHON

__all__ = ["Life", "LifeFailed"]

_ROOT = Path(__file__).resolve().parents[2]
# pandas takes seconds to import where the machine is busy.
_START = 40.0


class LifeFailed(Exception):
    """A contender's process did not do what was awaited; the message says what it said last."""


class Life:
    """One process: ``module`` of this package, with a task."""

    def __init__(self, module: str, task: Mapping[str, Any], *, log: Path) -> None:
        self._module = module
        self._task = task
        self._log = log
        self.ready: dict[str, Any] = {}
        self._process: asyncio.subprocess.Process

    async def start(self, *, own_python: bool, environment: Mapping[str, str]) -> None:
        """Start it, and wait until it is ready."""
        # Only what it needs: no variable of the caller's may configure a contender.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(OWN_PYTHON) if own_python else sys.executable,
                *("-m", f"loadtest.faceoff.{self._module}", json.dumps(self._task)),
                cwd=_ROOT,
                env={**kept, **environment},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        try:
            self.ready = await self.hear("ready", timeout=_START)
        except BaseException:
            await self.kill()
            raise

    async def hear(self, event: str, *, timeout: float) -> dict[str, Any]:
        """Wait until it says this event. Raises LifeFailed, TimeoutError."""
        assert self._process.stdout is not None
        async with asyncio.timeout(timeout):
            async for line in self._process.stdout:
                # azureml-ai-monitoring logs to stdout too.
                if line.startswith(b"{") and event in (said := json.loads(line)):
                    found: dict[str, Any] = said
                    return found
        tail = self._log.read_text(errors="replace").strip().splitlines()[-3:]
        raise LifeFailed(f"{self._module} ended before {event}: {' | '.join(tail)}")

    def begin(self, moment: float) -> None:
        """Let the load begin."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{moment}\n".encode())

    async def end(self, *, timeout: float) -> bool:
        """SIGTERM; whether it ended by itself within the time. It is killed where it did not."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(max(0.0, timeout)):
                await self._process.wait()
        except TimeoutError:
            await self.kill()
            return False
        return self._process.returncode == 0

    async def kill(self) -> None:
        """SIGKILL."""
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
