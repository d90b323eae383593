"""The driver: when the pump looks at the ring.

While there is load it looks every few milliseconds (see _delivery/polling.py), and nobody needs to
wake it; without, it sleeps until a call wakes it, or until a batch is due. It is made of the loop's
callbacks, not of a task: hosts cancel all tasks when they end, and rows that come after that must
still find their way.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Driver"]

# After a bug of ours, so that it cannot take the whole loop.
AFTER_A_BUG = 1.0


class Driver:
    """Calls ``turn`` on one event loop, as often as it asks for.

    ``turn`` returns how many seconds it may be until the next one: 0 for at once, None for not
    before a wake. ``rest`` is called before each turn that comes at once: it lets others have the
    interpreter, where the loop is a thread's of our own.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        turn: Callable[[], float | None],
        *,
        rest: Callable[[], None] | None,
    ) -> None:
        self.loop = loop
        # Whose loop it is: made there, or where the loop is another thread's, corrected there.
        self.thread = threading.get_ident()
        self._turn = turn
        self._rest = rest
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
            wait = self._turn()
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
        if self._rest is not None:
            self._rest()
        self._next = self.loop.call_soon(self.look)

    def stop(self) -> None:
        """Never look again."""
        self._stopped = True
        if self._next is not None:
            self._next.cancel()
            self._next = None
