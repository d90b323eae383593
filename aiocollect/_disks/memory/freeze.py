"""A call that hangs, while everything else goes on.

Work that may hang runs on a thread of its own, but never at the same time as other code: it runs up
to a call that hangs, or to its end, while its starter waits. So the same work runs in the same
order each time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Freeze"]


class Freeze:
    """``work`` begins with the first ``go_on``."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._go = threading.Semaphore(0)
        self._stopped = threading.Semaphore(0)
        self._thread: threading.Thread | None = None
        self._seconds: float | None = None
        self._answer: Any = None
        self._error: BaseException | None = None

    def __repr__(self) -> str:
        return f"<Freeze {'hangs' if self._seconds is not None else 'goes'}>"

    def go_on(self) -> float | None:
        """Run up to the next call that hangs; returns for how many seconds. None: it has ended."""
        self._seconds = None
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="frozen", daemon=True)
            self._thread.start()
        else:
            self._go.release()
        self._stopped.acquire()
        return self._seconds

    def answer(self) -> Any:
        """The result of the work; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._answer

    @property
    def inside(self) -> bool:
        """Whether the work itself is the caller."""
        return threading.current_thread() is self._thread

    def hang(self, seconds: float) -> None:
        """In the work: hang."""
        self._seconds = seconds
        self._stopped.release()
        self._go.acquire()

    def end(self) -> None:
        """The process has ended: let a call that hangs notice it."""
        if self._seconds is not None and not self.inside:
            self.go_on()

    def _run(self) -> None:
        try:
            self._answer = self._work()
        except BaseException as error:  # a crash too: the starter raises it
            self._error = error
        self._stopped.release()
