"""Work with a limit: in a thread of its own, which does not keep the process from exiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from aiocollect._threads.line import within

__all__ = ["apart", "in_time"]

_T = TypeVar("_T")


def in_time(seconds: float, work: Callable[[], _T]) -> _T:
    """What ``work`` returns or raises. Raises TimeoutError if that takes longer."""
    found: list[_T] = []
    within(seconds, lambda: found.append(work()))
    if not found:
        raise TimeoutError
    return found[0]


async def apart(seconds: float, work: Callable[[], _T]) -> _T:
    """The same, while the event loop runs."""
    return await asyncio.get_running_loop().run_in_executor(None, in_time, seconds, work)
