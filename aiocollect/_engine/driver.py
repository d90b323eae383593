"""The driver: when the pump looks at the ring.

Under load it looks every few milliseconds (see _delivery/polling.py), so calls need not wake it.
Without load it sleeps until a call wakes it, or until a batch is due. It uses callbacks of the
loop, not a task: servers cancel all tasks when they shut down, and rows that are collected after
that must still be delivered.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Protocol

__all__ = ["Driver", "TakesTurns"]

# How long to wait after an exception of our own code, so that a bug cannot occupy the loop.
AFTER_A_BUG = 1.0


class TakesTurns(Protocol):
    """What its driver needs of the engine."""

    def turn(self) -> float | None:
        """Do one slice of work. Returns in how many seconds to take the next turn: 0 means at
        once, None means after the next wake."""


class Rests(Protocol):
    """What its driver needs of our own thread."""

    def rest(self) -> None:
        """Give other threads the interpreter. Called on this thread."""


class Driver:
    """Has the ``engine`` take turns on one event loop, as often as it asks for.

    ``thread`` is the one that runs the loop, if it is ours. It rests before each immediate turn, so
    that other threads get the interpreter.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        engine: TakesTurns,
        *,
        thread: Rests | None,
    ) -> None:
        self.loop = loop
        # The thread that runs the loop. If the driver was made on another one, look() corrects it.
        self.thread = threading.get_ident()
        self._engine = engine
        self._thread = thread
        self._next: asyncio.Handle | None = None
        self._stopped = False

    def __repr__(self) -> str:
        state = "stopped" if self._stopped else "waiting" if self._next else "asleep"
        return f"<Driver {state}>"

    def wake(self) -> None:
        """Look now. From any thread, and from signal handlers. RuntimeError: the loop is closed."""
        self.loop.call_soon_threadsafe(self.look)

    def look(self) -> None:
        """One turn, on the loop; and the next one's time."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._stopped:
            return
        self.thread = threading.get_ident()
        wait: float | None = AFTER_A_BUG
        try:
            wait = self._engine.turn()
        except (KeyboardInterrupt, SystemExit):
            self._next = self.loop.call_soon(self.look)  # the rows must still be delivered
            raise
        except BaseException as error:
            context: dict[str, Any] = {
                "message": "aiocollect: internal error, please report it",
                "exception": error,
            }
            self.loop.call_exception_handler(context)
        if wait is None or self._stopped:
            return
        if wait:
            self._next = self.loop.call_later(wait, self.look)
            return
        if self._thread is not None:
            self._thread.rest()
        self._next = self.loop.call_soon(self.look)

    def stop(self) -> None:
        """Never look again: the pipeline is closed, or another loop has taken over."""
        self._stopped = True
        if self._next is not None:
            self._next.cancel()
            self._next = None
