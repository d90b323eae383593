"""asyncio.eager_task_factory (Python 3.12), also on Python 3.11: a task's first step is taken at
once, inside of whoever makes it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

__all__ = ["eager"]


def _stepped(loop: Any, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    task = asyncio.Task(coroutine, loop=loop, **options)
    first = loop._ready.pop()
    tasks: Any = asyncio.tasks
    current = asyncio.current_task(loop)
    if current is not None:
        tasks._leave_task(loop, current)
    try:
        first._run()
    finally:
        if current is not None:
            tasks._enter_task(loop, current)
    return task


eager: Any = vars(asyncio)["eager_task_factory"] if sys.version_info >= (3, 12) else _stepped
