"""Foreign: how to wait for the pipeline's thread where another framework than asyncio runs.

A pipeline with ``host="thread"`` needs no loop of its host's, so neither may those who wait for
it. trio is asked for by its module, which is loaded where it runs, and never imported. Whatever
else drives a coroutine has no way to wait that is known here: then the thread is blocked, which
loses nothing.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, TypeVar

from .loops import running_loop

__all__ = ["answer_of", "breathe", "is_foreign"]

_T = TypeVar("_T")


def is_foreign() -> bool:
    """Whether no asyncio task runs here, so that nothing of asyncio's can be awaited."""
    if _trio() is not None:
        return True  # also as a guest on a loop of asyncio's
    return running_loop() is None


async def answer_of(future: Future[_T], *, cancels: bool) -> _T:
    """The answer of another thread. ``cancels``: who gives up waiting gives up the work."""
    trio = _trio()
    if trio is None:
        wait([future])
        return future.result()
    done = trio.Event()
    token = trio.lowlevel.current_trio_token()

    def tell(_: object) -> None:
        with suppress(trio.RunFinishedError):  # nobody waits any more
            token.run_sync_soon(done.set)

    future.add_done_callback(tell)
    try:
        await done.wait()
    finally:
        if cancels:
            future.cancel()
    return future.result()


async def breathe() -> None:
    """Let others run, once."""
    trio = _trio()
    if trio is not None:
        await trio.lowlevel.checkpoint()
    elif not is_foreign():
        await asyncio.sleep(0)


def _trio() -> Any:
    """trio's module, where the code that runs now is driven by it."""
    trio: Any = sys.modules.get("trio")
    try:
        return trio if trio is not None and trio.lowlevel.current_task() else None
    except RuntimeError:
        return None
