"""The demo while it runs: a server, a load, faults, restarts.

The server is a process of its own, and so is the load; this one starts them, listens, and presses
the buttons that nobody does. It holds the listening socket over a restart, so that requests wait in
the kernel and none is refused. Every wait is bounded, and no child outlives this process (see
children.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from . import view
from .children import Child
from .history import record_earlier_days
from .place import DemoPlace
from .script import DRIFT_FROM, Controls

__all__ = ["Restart", "Stage"]

# Half a second instead of the usual two, so that one sees the rows arrive.
_LINGER = 0.5
# So small that one sees it fill up; twice what the longest fault needs.
_BUDGET = 8 * 2**20
_BUDGET_PER_RATE = 14_000
# The longest fault ends within it, so that a SIGTERM meanwhile loses nothing either.
_CLOSE_TIMEOUT = 20.0
# As long as the server keeps them; more than this lowers to the kernel's own limit.
_BACKLOG = 4096
# A cold start of Python on a busy machine.
_START = 30.0
# Longer than the pipeline's close timeout and the server's own (5 s).
_END = 30.0
# The load waits for the last answers, through a restart.
_LOAD_END = 60.0
_TICK = 0.05


class Restart(NamedTuple):
    """How long a server took to end, and the next one to start, in seconds."""

    ended_s: float
    started_s: float


class Stage:
    """One run. ``say`` takes lines for the terminal. ``servers`` are those that were started, in
    order; ``load`` what the load said of itself in the end."""

    def __init__(
        self,
        folder: Path,
        place: DemoPlace,
        *,
        seconds: float,
        rate: float,
        say: Callable[[str], None],
    ) -> None:
        self.controls = Controls(seconds)
        self.servers: list[Child] = []
        self.restarts: list[Restart] = []
        self.load: dict[str, Any] = {}
        self.status = folder / "status"
        self._folder = folder
        self._place = place
        self.seconds = seconds
        self.rate = rate
        self._say = say
        self._began: float | None = None  # when the load did, on the monotonic clock
        self._over = False
        self._on: set[str] = set()  # faults of the store
        self._asked = False  # for a restart
        self._restarting: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Stage with {len(self.servers)} servers, {self.controls!r}>"

    def elapsed(self) -> float | None:
        """Seconds since the load has begun, 0 before it; None where nothing can be pressed."""
        if self._over:
            return None
        return 0.0 if self._began is None else time.monotonic() - self._began

    def ended(self) -> list[dict[str, Any]]:
        """The last status of each server that has ended."""
        closed = [server.latest["closed"] for server in self.servers if "closed" in server.latest]
        return [dict(one["status"]) for one in closed]

    async def run(self) -> None:
        """From the first start to the last end. Raises ChildFailed, AioCollectError."""
        async with contextlib.AsyncExitStack() as stack:
            sock = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG))
            await self._start(stack, sock)
            load = await stack.enter_async_context(self._loads(sock.getsockname()[1]))
            await load.expect("start", timeout=_START)
            self._began = time.monotonic()
            turn = partial(self._turn, stack, sock)
            earlier = asyncio.create_task(record_earlier_days(self._place))
            pressing = asyncio.create_task(_often(turn))
            try:
                self.load = await load.expect("done", timeout=self.seconds + _LOAD_END)
                await earlier
            finally:
                pressing.cancel()
                earlier.cancel()
                await asyncio.gather(pressing, earlier, return_exceptions=True)
            # On a busy machine some of the script is still to come.
            await turn()
            if self._restarting is not None:
                await self._restarting
            self._over = True
            for name, on in self.controls.end():
                self._switch(name, on)
            await self.servers[-1].end(timeout=_END)

    async def _turn(self, stack: contextlib.AsyncExitStack, sock: socket.socket) -> None:
        """What the script does now, and the restart that was asked for."""
        for name, on in self.controls.due(self.elapsed() or 0.0):
            self.act(name, on)
        if self._asked and (self._restarting is None or self._restarting.done()):
            self._asked = False
            if self._restarting is not None:
                await self._restarting  # says what went wrong
            self._restarting = asyncio.create_task(self._restart(stack, sock))

    def act(self, name: str, on: bool) -> None:
        """A button goes on or off; once the server is there, if it is not yet."""
        self._say(view.happened(self.controls.note))
        if name == "restart":
            self._asked = True
        else:
            self._switch(name, on)

    def _switch(self, name: str, on: bool) -> None:
        (self._on.add if on else self._on.discard)(name)
        if self.servers:
            self._tell()

    def _tell(self) -> None:
        """Tell the server which faults are on."""
        for name in ("down", "slow", "lose"):
            self.servers[-1].tell(f"{name} {'on' if name in self._on else 'off'}")
        self._on.discard("lose")  # over at once

    async def _restart(self, stack: contextlib.AsyncExitStack, sock: socket.socket) -> None:
        began = time.monotonic()
        server = self.servers[-1]
        await server.end(timeout=_END)
        ended = time.monotonic()
        await self._start(stack, sock)
        self.restarts.append(Restart(ended - began, time.monotonic() - ended))
        closed = server.latest.get("closed")
        report = None if closed is None else closed["report"]
        self._say(view.happened(view.stopped(*self.restarts[-1], report)))

    async def _start(self, stack: contextlib.AsyncExitStack, sock: socket.socket) -> None:
        budget = max(_BUDGET, round(_BUDGET_PER_RATE * self.rate))
        server = Child(
            "server",
            arguments=["--fd", str(sock.fileno())],
            environment={
                **self._place.environment,
                "AIOCOLLECT_LINGER": str(_LINGER),
                "AIOCOLLECT_MAX_MEMORY_BYTES": str(budget),
                "AIOCOLLECT_CLOSE_TIMEOUT": str(_CLOSE_TIMEOUT),
                "AIOCOLLECT_STATUS": str(self.status.absolute()),
            },
            descriptors=[sock.fileno()],
            log=self._folder / "server.log",
        )
        await stack.enter_async_context(server)
        await server.expect("ready", timeout=_START)
        self.servers.append(server)
        self._tell()

    def _loads(self, port: int) -> Child:
        options = {
            "--rate": self.rate,
            "--seconds": self.seconds,
            "--drift-from": DRIFT_FROM * self.seconds,
            "--answers": self._folder / "answers.jsonl",
        }
        given = [text for name, value in options.items() for text in (name, str(value))]
        return Child(
            "load",
            arguments=[f"http://127.0.0.1:{port}", *given],
            log=self._folder / "load.log",
            on_event=self._heard,
        )

    def _heard(self, event: dict[str, Any]) -> None:
        """Each second of the load: one line."""
        if event["event"] != "second":
            return
        lives = [stats for server in self.servers if (stats := _stats(server)) is not None]
        now = lives[-1] if lives else {"budget_used": 0, "budget": 0}
        line = view.second(
            event["second"],
            answered=event["answered"],
            p50=event["p50_ms"],
            p99=event["p99_ms"],
            budget_used=now["budget_used"],
            budget=now["budget"],
            appends=sum(stats["appends"] for stats in lives),
            collected=sum(stats["accepted"] for stats in lives),
            stored=sum(stats["stored"] for stats in lives),
        )
        self._say(line)


async def _often(turn: Callable[[], Awaitable[None]]) -> None:
    while True:
        await turn()
        await asyncio.sleep(_TICK)


def _stats(server: Child) -> dict[str, Any] | None:
    """The last that a server said of its pipeline."""
    if "closed" in server.latest:
        stats: dict[str, Any] = server.latest["closed"]["stats"]
        return stats
    return server.latest.get("stats")
