"""The side thread: file calls that may block, beside the event loop.

For files that operators name, each of which may lie on a disk that hangs. So the thread holds up
neither the loop nor, being a daemon, the end of the process; and never the spool, which has one of
its own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

__all__ = ["Aside", "SideThread"]

_T = TypeVar("_T")


class Aside(Protocol):
    """Runs what blocks beside the running loop; a ``disk.Disk`` is one too, for simulations."""

    def apart(self, work: Callable[[], _T], then: Callable[[_T | OSError], None]) -> None:
        """Run ``work`` beside the running loop, in the order asked. ``then`` gets its answer or its
        OSError, on that loop; never, where the loop has ended by then."""
        ...

    def abandon(self) -> None:
        """In a forked child: begin anew; what the parent has asked for is the parent's."""
        ...


class SideThread:
    """One thread, made with the first call. Where none can be made any more, at the end of the
    interpreter, the caller does the work itself."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None]] | None = None

    def __repr__(self) -> str:
        return f"<SideThread {'not started' if self._jobs is None else 'running'}>"

    def apart(self, work: Callable[[], _T], then: Callable[[_T | OSError], None]) -> None:
        """See Aside.apart."""
        loop = asyncio.get_running_loop()

        def job() -> None:
            answer: Any
            try:
                answer = work()
            except OSError as error:
                answer = error
            except Exception as error:  # our bug; the thread must not end by it
                answer = OSError(0, type(error).__name__)
            with suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(then, answer)

        jobs = self._jobs
        if jobs is None:
            jobs = SimpleQueue()
            thread = threading.Thread(
                target=_work, args=(jobs,), name="aiocollect-files", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:
                job()
                return
            self._jobs = jobs
        jobs.put(job)

    def abandon(self) -> None:
        """See Aside.abandon: the parent's thread is not here."""
        self._jobs = None


def _work(jobs: SimpleQueue[Callable[[], None]]) -> None:
    while True:
        jobs.get()()
