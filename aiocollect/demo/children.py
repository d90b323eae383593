"""The parent's side of the demo's child processes: start, listen, end.

Every wait is bounded. A child ends when asked, or is killed; when this process dies, the child's
stdin closes and it ends by itself (see child.py, the other side).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from ..errors import ConfigError

__all__ = ["Child", "ChildFailed", "check_system"]

_TAIL = 5


class ChildFailed(Exception):
    """A child process failed; the message has the end of its log."""


def check_system() -> None:
    """Raise ConfigError where processes cannot be killed or handed an open socket: on Windows."""
    if not hasattr(signal, "SIGKILL"):
        raise ConfigError(
            "the demo kills its servers and hands sockets to them, which needs Linux, macOS or "
            "another POSIX system; what works here: docs/explanation/other-systems.md"
        )


class Child:
    """One child process that speaks in JSON lines. ``log`` takes its stderr.

    ``async with`` starts it, and ends it whatever happens inside.
    """

    def __init__(
        self,
        name: str,
        *,
        arguments: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
        on_event: Callable[[dict[str, Any]], None] = lambda event: None,
    ) -> None:
        self.name = name
        self.latest: dict[str, dict[str, Any]] = {}
        self._arguments = arguments
        self._log = log
        self._environment = environment or {}
        self._descriptors = tuple(descriptors)
        self._on_event = on_event
        self._news = asyncio.Event()
        self._process: asyncio.subprocess.Process
        self._reader: asyncio.Task[None]

    def __repr__(self) -> str:
        return f"<Child {self.name}, last heard: {', '.join(self.latest) or 'nothing'}>"

    async def __aenter__(self) -> Child:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                # Not from the current folder, which may contain another aiocollect.
                "-P",
                "-m",
                f"aiocollect.demo.{self.name}",
                *self._arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=_environment(self._environment),
                pass_fds=self._descriptors,
                # Ctrl-C is for the parent, which then ends its children in order.
                start_new_session=True,
            )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # After a failure nobody waits for a flush.
        await self.end(timeout=20.0 if kind is None else 3.0)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # cut off by its end
            self.latest[event["event"]] = event
            self._on_event(event)
            self._news.set()

    async def expect(self, event: str, *, timeout: float) -> dict[str, Any]:
        """Wait until the child has said ``event``. Raises ChildFailed."""
        try:
            async with asyncio.timeout(timeout):
                while event not in self.latest:
                    if self._reader.done():
                        raise ChildFailed(self._complaint(f"ended before it reported {event!r}"))
                    self._news.clear()
                    news = asyncio.create_task(self._news.wait())
                    try:
                        await asyncio.wait(
                            {news, self._reader}, return_when=asyncio.FIRST_COMPLETED
                        )
                    finally:
                        news.cancel()
        except TimeoutError:
            raise ChildFailed(
                self._complaint(f"did not report {event!r} within {timeout:.0f} s")
            ) from None
        return self.latest[event]

    def tell(self, line: str) -> None:
        """Write a line to its stdin. One that has ended hears nothing."""
        stdin = self._process.stdin
        assert stdin is not None
        if not stdin.is_closing():
            stdin.write(f"{line}\n".encode())

    async def end(self, *, timeout: float) -> int:
        """Ask it to end (SIGTERM), wait, and kill it at last; idempotent; returns its exit code."""
        self._signal(signal.SIGTERM)
        ended = asyncio.create_task(self._process.wait())
        try:
            # Its stdout is closed by then too, and its last words are heard.
            await asyncio.wait({ended, self._reader}, timeout=timeout)
            await asyncio.wait({ended}, timeout=1.0)
        finally:
            self._signal(signal.SIGKILL)
        await asyncio.wait({self._reader}, timeout=1.0)
        self._reader.cancel()
        return await ended

    def _signal(self, number: signal.Signals) -> None:
        # Not through the process object: it would ask the kernel itself whether the child has
        # ended, and so take the exit code away from the loop.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def _complaint(self, what: str) -> str:
        if "error" in self.latest:
            return str(self.latest["error"]["message"])
        with contextlib.suppress(OSError):
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
            if lines:
                tail = "".join(f"\n    {line}" for line in lines[-_TAIL:])
                return f"the {self.name} {what}; {self._log} ends with:{tail}"
        return f"the {self.name} {what}"


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """This process's, with its module path, and of the package's variables only ``own``."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AIOCOLLECT_")}
    # In the same order as here, so that the child imports what we would.
    kept["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
    return {**kept, **own}
