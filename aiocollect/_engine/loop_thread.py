"""A thread with an event loop of its own, for hosts that run none or must not share theirs.

A daemon thread: it keeps no process alive. Whoever made it closes the pipeline before the end.

While it works the host's threads cannot: of one that wakes meanwhile the interpreter lets go only
after sys.getswitchinterval(), 5 ms, and that setting is the host's. So the thread works in small
slices and really sleeps between them. Nothing less will do: a lock that is given and taken at once
is taken before anybody waiting for it is awake, and the timers of uvloop are whole milliseconds,
and shorter ones none. The thread may sleep, for nobody else lives on its loop.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

from ..errors import ConfigError
from ..remedies import explain
from .clock import sleep

__all__ = ["LoopThread", "check_threads", "end_loop"]

logger = logging.getLogger("aiocollect")

# 0.3 ms of work where 256 rows take 0.9 to 2: what a host that wakes has to wait at most. Its price
# is in docs/performance.md.
SLICE_ROWS = 32
# Long enough for a thread that waits for the lock to wake, which takes about 50 us.
REST = 0.0001


class LoopThread:
    """Starts at most one thread, at the first ``start``."""

    slice_rows = SLICE_ROWS

    def __init__(self, make_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self._make_loop = make_loop
        self._starting = threading.RLock()
        self._being_started = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.obstacle = ""  # the code of what keeps it from its start, if anything does

    def __repr__(self) -> str:
        return f"<LoopThread {'running' if self._loop else 'not started'}>"

    def another(self) -> LoopThread:
        """One for a child process, in which this one's thread does not exist."""
        return LoopThread(self._make_loop)

    def start(self) -> asyncio.AbstractEventLoop | None:
        """The thread's loop, started where it does not run yet; None where the interpreter is at
        its end and starts no threads any more, where no descriptor is left, and in a signal handler
        or finalizer that strikes while it is being started. Any thread."""
        if self._loop is None:
            with self._starting:
                if self._loop is None and not self._being_started:
                    self._being_started = True
                    try:
                        self._loop = self._started()
                    finally:
                        self._being_started = False
        return self._loop

    def _started(self) -> asyncio.AbstractEventLoop | None:
        if sys.is_finalizing():
            return None  # a thread that is started now never runs, and who starts it waits for it
        if _green():  # since the pipeline was made
            if not self.obstacle:
                self.obstacle = "GreenThreads"
                logger.error(
                    "rows stay in memory until the process ends: %s", explain(self.obstacle)
                )
            return None
        try:
            loop = self._make_loop()
        except OSError:  # no descriptor is left; later there may be
            return None
        thread = threading.Thread(target=_run, args=(loop,), name="aiocollect", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            loop.close()
            return None
        return loop

    def rest(self) -> None:
        """Let others have the interpreter. On the thread."""
        sleep(REST)

    def stop(self) -> None:
        """End the loop and its thread, soon. From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        end_loop(loop)


def end_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is left on a loop that has stopped, and close it. On the loop's thread."""
    try:
        loop.run_until_complete(_cancel_all())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


async def _cancel_all() -> None:
    # What was carried here and is not done: whoever waits for it must hear that it never is.
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def check_threads() -> None:
    """Raise ConfigError where threads are none: as a green thread the loop would stop them all, and
    the worker would hear neither requests nor signals any more."""
    found = _green()
    if found:
        name, way = found
        raise ConfigError(
            f"host='thread' needs real threads, but {name} has replaced threads or their "
            "queues with green ones: use another worker class (gunicorn -k gthread, or "
            f"uvicorn_worker.UvicornWorker), or tell {name} to leave them alone: {way}"
        )


def _green() -> tuple[str, str] | None:
    """Whose threads, or queues between threads, are none; and how it leaves both alone."""
    gevent: Any = sys.modules.get("gevent.monkey")
    # A loop's executor waits at a queue, which a green one fails at once on a thread without hub.
    if gevent is not None and any(map(gevent.is_module_patched, ("threading", "queue"))):
        return "gevent", "gevent.monkey.patch_all(thread=False, queue=False)"
    eventlet: Any = sys.modules.get("eventlet.patcher")
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return "eventlet", "eventlet.monkey_patch(thread=False)"
    return None
