"""Exits: what happens to the rows of a process, or worker, that ends without a close().

Pipelines that hold rows are referenced here until they are closed, also those that their program
has dropped. When the process ends, each is closed: rows are stored, or go to the spool. For the
rest, one line on stderr says how many rows are lost, and why.

This is called by ``atexit`` (registered at import, so that the program's own exit handlers run
first), and in workers of multiprocessing or billiard, which end by ``os._exit``, by their
finalizers. A collect() after that stores its rows before it returns; while the interpreter is being
finalized nothing can be stored, and stderr says so. A process that calls ``os._exit`` itself, or is
killed by a signal, runs none of this; it has ``Pipeline.flush_sync``, ``aiocollect.flush`` and the
spool.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from .._threads.line import is_interpreter_ending
from .clock import SystemClock

__all__ = ["held", "hold", "let_go", "say", "without_threads"]

_T = TypeVar("_T")

# Modules whose Finalize objects a worker runs when it ends.
_WORKERS = ("multiprocessing.util", "billiard.util")


class Leaving(Protocol):
    """What holds rows that would be lost."""

    def at_exit(self, spent: float) -> None:
        """The process is ending, and ``spent`` seconds went to other pipelines: close within the
        time that is left, and report on stderr what is not stored. Raises nothing."""


class _Marker:
    """multiprocessing keeps a registered function as long as such an object lives."""


_held: dict[Leaving, None] = {}
_left = is_interpreter_ending()  # exit handlers have run, or are running
_marker = _Marker()
_heard: set[str] = set()  # modules that call us after a fork
_finalized: set[tuple[str, int]] = set()


def hold(one: Leaving) -> None:
    """Call its ``at_exit`` when this process ends; idempotent. From any thread."""
    if one in _held:
        return
    _held[one] = None
    if sys.is_finalizing():
        # No thread runs any more, and modules are partly gone: anything we try could hang.
        say("rows collected while the interpreter exits are not stored")
    elif _left:
        one.at_exit(0.0)
    else:
        _finalize_worker()


def let_go(one: Leaving) -> None:
    """It was closed, or its rows belong to another process."""
    _held.pop(one, None)


def held() -> list[Leaving]:
    """All that hold rows now."""
    return list(_held)


def say(text: str) -> None:
    """Write a line to stderr: the handlers of the log may be gone."""
    with suppress(Exception):  # stderr may be closed, or None
        sys.stderr.write(f"aiocollect: {text}\n")


def _leave() -> None:
    global _left
    _left = True
    # Many pipelines whose stores do not answer take no longer together than one.
    began = SystemClock.monotonic()
    for one in held():
        one.at_exit(SystemClock.monotonic() - began)


def _hear_of_workers() -> None:
    """Be called in new workers: they first forget what their parent had registered."""
    for name in _WORKERS:
        util: Any = sys.modules.get(name)
        if util is not None and name not in _heard:
            _heard.add(name)
            util.register_after_fork(_marker, _finalize_worker)


def _finalize_worker(_: object = None) -> None:
    """In a worker: be called when it ends."""
    for name in _WORKERS:
        util: Any = sys.modules.get(name)
        process: Any = sys.modules.get(name.replace("util", "process"))
        if util is None or process is None or (name, os.getpid()) in _finalized:
            continue
        # Empty in the main process, whose finalizers run before the program's exit handlers.
        if getattr(process.current_process(), "_identity", ()):
            _finalized.add((name, os.getpid()))
            util.Finalize(None, _leave, exitpriority=0)


def _in_child() -> None:
    global _left
    _left = False


atexit.register(_leave)
_hear_of_workers()
if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(before=_hear_of_workers, after_in_child=_in_child)


class Inline(ThreadPoolExecutor):
    """Runs functions at once, in the calling thread: for loops that run while the interpreter ends,
    when no thread can be started. Loops resolve host names with it.

    It is a ThreadPoolExecutor because loops accept nothing else as their default executor.
    """

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Run ``fn`` now. The future that is returned is done."""
        answer: Future[_T] = Future()
        try:
            answer.set_result(fn(*args, **kwargs))
        except Exception as error:  # for the caller to see
            answer.set_exception(error)
        return answer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Do nothing: there are no threads."""


def without_threads(loop: asyncio.AbstractEventLoop) -> None:
    """Make the loop work without threads, when none can be started."""
    loop.set_default_executor(Inline(1))
