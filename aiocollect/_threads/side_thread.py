"""The side thread: file calls that may block, beside the event loop.

It serves files that operators name, any of which may lie on a disk that hangs. So a call there
holds up neither the loop nor the end of the process, nor the spool, which has threads of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from .line import ThreadLine

__all__ = ["Aside", "SideThread"]

_T = TypeVar("_T")

_NAME = "aiocollect-files"


class Aside(Protocol):
    """Runs blocking work beside the running loop. A ``Disk`` is one too, for simulations."""

    def apart(self, work: Callable[[], _T], then: Callable[[_T | OSError], None]) -> None:
        """Run ``work`` beside the running loop, in the order asked. ``then`` gets its answer or its
        OSError, on that loop; never, if the loop has ended by then."""
        ...

    def close(self) -> None:
        """Finish what was asked for. A later ``apart`` is a new beginning."""
        ...

    def abandon(self) -> None:
        """In a forked child: begin with nothing; what the parent has asked for is the parent's."""
        ...


class SideThread:
    """One thread, started by the first call. When none can be started, at the end of the
    interpreter, the caller does the work itself."""

    def __init__(self) -> None:
        self._line = ThreadLine(_NAME)

    def __repr__(self) -> str:
        return f"<SideThread {'running' if self._line.stands else 'not started'}>"

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

        if not self._line.put(job):
            job()

    def close(self) -> None:
        """See Aside.close."""
        self._line.end()

    def abandon(self) -> None:
        """See Aside.abandon: the parent's thread does not exist here."""
        self._line = ThreadLine(_NAME)
