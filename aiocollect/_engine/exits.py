"""Exits: what becomes of the rows of a process, or of a worker, that ends with nobody to close.

Pipelines that hold rows are kept here, strongly, until they are closed: one that its program has
let go of has rows to store as well. At the end each is closed: what can be stored is, or goes to
the spool, and of the rest one line on stderr tells how many rows are gone, and why.

Nothing is registered before the first row is accepted. Then it is, with whoever ends this process:
the interpreter (``atexit``), and in a worker of multiprocessing or billiard, which ends by
``os._exit``, its finalizers. Who ends by ``os._exit`` or by a signal runs neither; for these there
are ``Pipeline.flush_sync`` and ``aiocollect.flush``, and the spool.
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

__all__ = ["Inline", "hold", "let_go", "say"]

_T = TypeVar("_T")

# Whose Finalize a worker runs when it ends.
_WORKERS = ("multiprocessing.util", "billiard.util")


class Leaving(Protocol):
    """What has rows to lose."""

    def leave(self) -> None:
        """Close, as the process ends. Raises nothing."""


_held: dict[Leaving, None] = {}
_registered_in = 0  # the process that has registered


def hold(one: Leaving) -> None:
    """Have ``leave`` called where this process ends; idempotent. From any thread."""
    if one in _held:
        return
    _held[one] = None
    global _registered_in
    if _registered_in != os.getpid():
        _registered_in = os.getpid()
        _register()


def let_go(one: Leaving) -> None:
    """It was closed, or its rows are another process's."""
    _held.pop(one, None)


def say(text: str) -> None:
    """Not through a log, whose handlers may be gone by now."""
    with suppress(Exception):  # stderr may be closed, or None
        sys.stderr.write(f"aiocollect: {text}\n")


def _register() -> None:
    # A forked child has its parent's; that one finds nothing of its parent's held in the child.
    atexit.unregister(_leave)
    atexit.register(_leave)
    for name in _WORKERS:
        util: Any = sys.modules.get(name)
        if util is not None:
            # A worker has forgotten, by its own first step, what its parent had registered.
            util.Finalize(None, _leave, exitpriority=0)


def _leave() -> None:
    for one in list(_held):
        let_go(one)
        one.leave()


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
