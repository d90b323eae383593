"""Processes that begin at one moment, and what a process costs. Children are testkit's.

Those that are to begin together say when they are ready, and wait for the word to go: a moment of
the monotonic clock, which all processes share. What they take to start is in no figure.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Iterable
from typing import Any, Final

from testkit.child import Child, heard, say

__all__ = ["cpu_seconds", "finish", "go", "go_at"]

# From the word to the moment: for it to reach all of them.
_LEAD: Final = 0.25


async def go(children: Iterable[Child], *, timeout: float) -> float:
    """The moment at which all begin: when all were ready they were told. Raises ChildFailed."""
    waiting = list(children)
    for child in waiting:
        await child.hear("ready", timeout=timeout)
    begin = time.monotonic() + _LEAD
    for child in waiting:
        await child.tell(begin=begin)
    return begin


async def finish(child: Child, *, timeout: float) -> dict[str, Any]:
    """SIGTERM; what it says at its end. Raises ChildFailed."""
    child.terminate()
    said = await child.hear("ended", timeout=timeout)
    await child.ended(timeout=timeout)
    return said


# In the child ---------------------------------------------------------------------------------


async def go_at() -> float:
    """Be ready; the moment of the monotonic clock to begin at."""
    say(ready=True)
    return float((await asyncio.to_thread(heard))["begin"])


def cpu_seconds() -> float:
    """Of this process, all threads, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
