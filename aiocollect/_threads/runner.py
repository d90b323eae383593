"""Coroutines for callers that run no event loop, or whose loop is busy with themselves (Jupyter).

Each call has a loop of its own, in a thread that ends with it: nothing is left behind, and a
process that forks later has nothing of it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

__all__ = ["iterate", "run"]

_T = TypeVar("_T")
_END: Any = object()


def run(main: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """The result of a coroutine."""
    with _loop() as submit:
        result: _T = submit(main())
        return result


def iterate(make: Callable[[], AsyncGenerator[_T, None]]) -> Iterator[_T]:
    """What an async generator yields. It is closed when nobody goes on to ask."""
    with _loop() as submit:
        generator = make()
        try:
            while (item := submit(anext(generator, _END))) is not _END:
                yield item
        finally:
            submit(generator.aclose())


@contextmanager
def _loop() -> Iterator[Callable[[Any], Any]]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="aiocollect-read", daemon=True)
    thread.start()

    def submit(awaitable: Any) -> Any:
        async def wait() -> Any:
            return await awaitable

        future = asyncio.run_coroutine_threadsafe(wait(), loop)
        try:
            return future.result()
        except BaseException:  # Ctrl-C too: nothing goes on that nobody waits for
            future.cancel()
            raise

    try:
        yield submit
    finally:
        submit(_ended())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _ended() -> None:
    loop = asyncio.get_running_loop()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()
