"""The host: which event loop a pipeline lives on.

The loop of the first start or call; or that of a thread of its own. When a loop has ended, the next
one takes over. While it runs, work from other loops is carried to it and its answer back.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..errors import ConfigError
from .driver import Driver
from .thread import LoopThread

__all__ = ["Host"]

_T = TypeVar("_T")


class Host:
    """``turn`` is what the loop does (see Driver); ``leave`` is called when a loop has ended, and
    ``arrive`` on the next one, also the first."""

    def __init__(
        self,
        thread: LoopThread | None,
        *,
        turn: Callable[[], float | None],
        leave: Callable[[], None],
        arrive: Callable[[], None],
    ) -> None:
        self._thread = thread
        self._turn = turn
        self._leave = leave
        self._arrive = arrive
        self._driver: Driver | None = None
        self._binding = threading.Lock()  # taken by the first call, and by none once it runs

    def __repr__(self) -> str:
        return f"<Host {'not started' if self._driver is None else self._driver!r}>"

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop, as long as it runs."""
        driver = self._driver
        if driver is None or (self._thread is None and not driver.loop.is_running()):
            return None
        return driver.loop

    def wake(self) -> bool:
        """Take a turn soon; starts where it can. False: there is no loop. From any thread."""
        driver = self._driver
        if driver is not None:
            try:
                driver.wake()
            except RuntimeError:
                pass  # its loop has ended; another may go on
            else:
                return True
        loop = self._here()
        if loop is None:
            return False
        self._bind(loop)
        return True

    def start(self) -> None:
        """Live on the running loop, or on the thread's; idempotent. Raises ConfigError."""
        loop = self._here()
        if loop is None:
            raise ConfigError(
                "no event loop runs here; await start() on one, or take host='thread'"
            )
        if self._elsewhere(loop):
            raise ConfigError("the pipeline runs on another event loop; make one pipeline per loop")
        self._bind(loop)

    async def run(self, task: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Run ``task`` on the pipeline's loop, and wait for it on the caller's."""
        here = asyncio.get_running_loop()
        driver = self._driver
        if driver is None or not self._elsewhere(here):
            self._bind(self._here() or here)
            driver = self._driver
        assert driver is not None
        if driver.loop is here:
            return await task()
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(task(), driver.loop))

    def run_blocking(self, task: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Run ``task`` on the pipeline's loop, and block this thread until it is done."""
        loop = self.loop if self._thread is None else self._thread.start()
        if loop is None:
            return asyncio.run(task())
        if self._thread is not None:
            self._bind(loop)
        return asyncio.run_coroutine_threadsafe(task(), loop).result()

    def stop(self) -> None:
        """Take no more turns. On the loop."""
        if self._driver is not None:
            self._driver.stop()

    def end(self) -> None:
        """Let the thread end, where there is one."""
        if self._thread is not None:
            self._thread.stop()

    def in_child(self) -> Host:
        """The host of a child process, which has neither loop nor thread yet."""
        thread = None if self._thread is None else self._thread.another()
        return Host(thread, turn=self._turn, leave=self._leave, arrive=self._arrive)

    def _here(self) -> asyncio.AbstractEventLoop | None:
        """The loop to live on, as seen from here; None where there is none."""
        if self._thread is not None:
            return self._thread.start()
        try:
            return asyncio.get_running_loop()
        except RuntimeError:
            return None

    def _elsewhere(self, loop: asyncio.AbstractEventLoop) -> bool:
        driver = self._driver
        if driver is None or driver.loop is loop:
            return False
        return self._thread is not None or driver.loop.is_running()

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Live on ``loop`` from now on, and go on there with what another has left."""
        with self._binding:
            driver = self._driver
            if driver is None or driver.loop is not loop:
                if driver is not None:
                    driver.stop()
                    self._leave()
                pause = 0.0 if self._thread is None else self._thread.pause
                driver = self._driver = Driver(loop, self._turn, pause=pause)
                loop.call_soon_threadsafe(self._arrive)
        driver.wake()
