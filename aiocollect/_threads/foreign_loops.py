"""How to wait for the pipeline's thread under another framework than asyncio.

A pipeline with ``host="thread"`` needs no event loop in its host, so neither can its callers need
one to wait for it. trio is found by its module, which is loaded wherever it runs, and never
imported. For any other framework no way to wait is known: then the calling thread is blocked, which
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
    """Whether no asyncio task runs here, so that nothing of asyncio can be awaited."""
    if _trio() is not None:
        return True  # also as a guest on an asyncio loop
    return running_loop() is None


async def answer_of(future: Future[_T], *, cancels: bool) -> _T:
    """The answer of another thread. ``cancels``: whether a caller that is cancelled cancels the
    work."""
    trio = _trio()
    if trio is None:
        wait([future])
        return future.result()
    done = trio.Event()
    token = trio.lowlevel.current_trio_token()

    def tell(_: object) -> None:
        with suppress(trio.RunFinishedError):  # the caller was cancelled
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
    """trio's module, if it runs the current code."""
    trio: Any = sys.modules.get("trio")
    try:
        return trio if trio is not None and trio.lowlevel.current_task() else None
    except RuntimeError:
        return None
