"""Event loops: which one runs here, and which kind is made where we make one."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["keep", "loop_maker", "run", "running_loop"]

_T = TypeVar("_T")


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop that runs in this thread; None where none does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def keep(thing: object) -> None:
    """Keep what belonged to a loop that has ended until the process ends: no finalizer of it runs,
    which would use that loop, or warn."""
    # One extra reference. A list of ours would be emptied when the interpreter exits.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def loop_maker() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes loops: uvloop where it is installed, else asyncio.

    uvloop is imported by this call, not by the first loop: the import takes 20 ms, and a child
    that is forked meanwhile would wait forever for the module's lock.
    """
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.new_event_loop
    made: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return made


def run(main: Coroutine[Any, Any, _T]) -> _T:
    """``asyncio.run`` on a loop of uvloop where it is installed."""
    with asyncio.Runner(loop_factory=loop_maker()) as runner:
        return runner.run(main)
