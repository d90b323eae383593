"""Exits: what becomes of the rows of a process, or of a worker, that ends with nobody to close.

Pipelines that hold rows are kept here, strongly, until they are closed: one that its program has
let go of has rows to store as well. At the end each is closed: what can be stored is, or goes to
the spool, and of the rest one line on stderr tells how many rows are gone, and why.

Whoever ends this process calls us: the interpreter (``atexit``, from the import on, so that the
exit handlers of the program come before), and in a worker of multiprocessing or billiard, which
ends by ``os._exit``, its finalizers. What collects after that has its rows stored before it goes
on; while the interpreter is taken apart nothing can be stored, and that is said. Who ends by
``os._exit`` or by a signal runs none of this; for these there are ``Pipeline.flush_sync`` and
``aiocollect.flush``, and the spool.
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

# Whose Finalize a worker runs when it ends.
_WORKERS = ("multiprocessing.util", "billiard.util")


class Leaving(Protocol):
    """What has rows to lose."""

    def at_exit(self, spent: float) -> None:
        """The process ends, and others have spent so many seconds on that: close within what is
        left of the time for it, and say on stderr what is not stored. Raises nothing."""


class _Marker:
    """What multiprocessing keeps its hooks by, as long as it lives."""


_held: dict[Leaving, None] = {}
_left = is_interpreter_ending()  # exit handlers have run, or we are in one
_marker = _Marker()
_heard: set[str] = set()  # of whom we have asked to hear of their workers
_finalized: set[tuple[str, int]] = set()


def hold(one: Leaving) -> None:
    """Have ``at_exit`` called where this process ends; idempotent. From any thread."""
    if one in _held:
        return
    _held[one] = None
    if sys.is_finalizing():
        # No thread runs any more, and modules are half gone: whatever were tried might hang.
        say("rows collected while the interpreter exits are not stored")
    elif _left:
        one.at_exit(0.0)
    else:
        _finalize_worker()


def let_go(one: Leaving) -> None:
    """It was closed, or its rows are another process's."""
    _held.pop(one, None)


def held() -> list[Leaving]:
    """Who has rows to lose now."""
    return list(_held)


def say(text: str) -> None:
    """Not through a log, whose handlers may be gone by now."""
    with suppress(Exception):  # stderr may be closed, or None
        sys.stderr.write(f"aiocollect: {text}\n")


def _leave() -> None:
    global _left
    _left = True
    # Many pipelines whose store does not answer take no longer than one of them.
    began = SystemClock.monotonic()
    for one in held():
        one.at_exit(SystemClock.monotonic() - began)


def _hear_of_workers() -> None:
    """A worker begins by forgetting what its parent had registered, and then calls these."""
    for name in _WORKERS:
        util: Any = sys.modules.get(name)
        if util is not None and name not in _heard:
            _heard.add(name)
            util.register_after_fork(_marker, _finalize_worker)


def _finalize_worker(_: object = None) -> None:
    """In a worker: have it call us at its end."""
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
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(before=_hear_of_workers, after_in_child=_in_child)


class Inline(ThreadPoolExecutor):
    """Runs what it is given at once, in the thread that asks: for loops that are used while the
    interpreter ends, when no thread can be started any more. Names are resolved by it.

    A ThreadPoolExecutor by type, since loops take nothing else for their default.
    """

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """The answer of ``fn``, which is there already."""
        answer: Future[_T] = Future()
        try:
            answer.set_result(fn(*args, **kwargs))
        except Exception as error:  # whoever asked shall see it
            answer.set_exception(error)
        return answer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """There is nothing to end."""


def without_threads(loop: asyncio.AbstractEventLoop) -> None:
    """Let the loop do without threads, where none can be started."""
    loop.set_default_executor(Inline(1))
