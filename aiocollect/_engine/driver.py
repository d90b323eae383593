"""The driver: when the pump looks at the ring.

While there is load it looks every few milliseconds (see _delivery/polling.py), and nobody needs to
wake it; without, it sleeps until a call wakes it, or until a batch is due. It is made of the loop's
callbacks, not of a task: hosts cancel all tasks when they end, and rows that come after that must
still find their way.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Protocol

__all__ = ["Driver", "TakesTurns"]

# After a bug of ours, so that it cannot take the whole loop.
AFTER_A_BUG = 1.0


class TakesTurns(Protocol):
    """The engine, as its driver knows it."""

    def turn(self) -> float | None:
        """One slice of work. Returns how many seconds it may be until the next one: 0 for at once,
        None for not before a wake."""


class Rests(Protocol):
    """A thread of ours."""

    def rest(self) -> None:
        """Let others have the interpreter. On the thread."""


class Driver:
    """Has the ``engine`` take turns on one event loop, as often as it asks for.

    ``thread``: whose loop it is, where it is one of ours. It rests before each turn that comes at
    once, to let others have the interpreter.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        engine: TakesTurns,
        *,
        thread: Rests | None,
    ) -> None:
        self.loop = loop
        # Whose loop it is: made there, or where the loop is another thread's, corrected there.
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
            self._next = self.loop.call_soon(self.look)  # the rows must still find their way
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
        """Never look again."""
        self._stopped = True
        if self._next is not None:
            self._next.cancel()
            self._next = None
