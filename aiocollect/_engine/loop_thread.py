"""A thread with an event loop of its own, for programs that run no loop or must not share theirs.

It is a daemon thread, so it keeps no process alive; the pipeline is closed before the process ends.

While this thread runs Python code the program's threads cannot: one that wakes gets the interpreter
only after sys.getswitchinterval(), 5 ms, and changing that setting is up to the program. So the
thread works in small slices and really sleeps between them. Nothing shorter works: a lock that is
released and taken again at once is taken before a waiting thread is awake, and the timers of uvloop
are whole milliseconds, with shorter ones rounded to 0. This thread may sleep, since only the
pipeline uses its loop.
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

# Long enough for a thread that waits for the lock to wake, which takes about 50 us.
REST = 0.0001


class LoopThread:
    """Starts at most one thread, at the first ``start()``."""

    def __init__(self, make_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self._make_loop = make_loop
        self._starting = threading.RLock()
        self._being_started = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.obstacle = ""  # the code of what prevents it from starting, if anything does

    def __repr__(self) -> str:
        return f"<LoopThread {'running' if self._loop else 'not started'}>"

    def another(self) -> LoopThread:
        """A new one: for a child process, where this thread does not exist, or another start."""
        return LoopThread(self._make_loop)

    def start(self) -> asyncio.AbstractEventLoop | None:
        """The thread's loop, which is started if it does not run yet. None if the interpreter is
        ending and starts no threads, if no file descriptor is left, and in a signal handler or
        finalizer that runs while the thread is being started. From any thread."""
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
            return None  # a thread that is started now never runs, and start() would wait for it
        if _green():  # patched after the pipeline was created
            if not self.obstacle:
                self.obstacle = "GreenThreads"
                logger.error(
                    "rows stay in memory until the process ends: %s", explain(self.obstacle)
                )
            return None
        try:
            loop = self._make_loop()
        except OSError:  # no file descriptor is left now
            return None
        thread = threading.Thread(target=_run, args=(loop,), name="aiocollect", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            loop.close()
            return None
        return loop

    def rest(self) -> None:
        """Give other threads the interpreter. Called on this thread."""
        sleep(REST)

    def stop(self) -> None:
        """Let the loop and its thread end soon. From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        end_loop(loop)


def end_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel all tasks of a loop that has stopped, and close it. On the loop's thread."""
    try:
        loop.run_until_complete(_cancel_all())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


async def _cancel_all() -> None:
    # Callers on other loops must learn that the work that they sent here is never done.
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def check_threads() -> None:
    """Raise ConfigError if threads are green ones: our loop would block all of them, and the worker
    would receive neither requests nor signals."""
    found = _green()
    if found:
        name, way = found
        raise ConfigError(
            f"host='thread' needs real threads, but {name} has replaced threads or their "
            "queues with green ones: use another worker class (gunicorn -k gthread, or "
            f"uvicorn_worker.UvicornWorker), or tell {name} to leave them alone: {way}"
        )


def _green() -> tuple[str, str] | None:
    """The framework that has replaced threads, or the queues between them, and the call that does
    not; None if none has."""
    gevent: Any = sys.modules.get("gevent.monkey")
    # A loop's executor waits at a queue; a green queue fails at once on a thread without a hub.
    if gevent is not None and any(map(gevent.is_module_patched, ("threading", "queue"))):
        return "gevent", "gevent.monkey.patch_all(thread=False, queue=False)"
    eventlet: Any = sys.modules.get("eventlet.patcher")
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return "eventlet", "eventlet.monkey_patch(thread=False)"
    return None
