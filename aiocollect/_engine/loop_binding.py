"""The loop binding: which event loop a pipeline lives on.

The loop of the first start or call; or that of a thread of its own. When a loop has ended, the next
one takes over. While it runs, work from other loops is carried to it and its answer back.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, wait
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol, TypeVar

from .._delivery.pump import SLICE_ROWS
from .._threads.foreign_loops import answer_of, is_foreign
from .._threads.line import is_interpreter_ending
from .._threads.loops import running_loop
from ..errors import ConfigError, PipelineClosed
from .driver import Driver, TakesTurns
from .exits import without_threads
from .loop_thread import LoopThread, end_loop

__all__ = ["LoopBinding"]

_T = TypeVar("_T")

# How long a loop may take to answer a question, in seconds; its turns take a millisecond.
ASK_TIMEOUT = 1.0
_ENDED = "the pipeline's event loop has ended"
_NO_THREAD = "no thread can be started, because the interpreter is exiting"


class Arrives(TakesTurns, Protocol):
    """The engine, as its loop knows it."""

    def arrive(self, again: bool) -> None:
        """Before the first turn on a loop. ``again``: another one has ended before."""


class LoopBinding:
    """The ``engine`` takes its turns on the loop."""

    def __init__(self, thread: LoopThread | None, engine: Arrives) -> None:
        self._thread = thread
        self._engine = engine
        self._driver: Driver | None = None
        self._binding = threading.RLock()  # taken by the first call, and by none once it runs
        self._being_bound = False

    def __repr__(self) -> str:
        return f"<LoopBinding {'not started' if self._driver is None else self._driver!r}>"

    @property
    def slice_rows(self) -> int:
        """How many rows a turn may take."""
        return SLICE_ROWS if self._thread is None else self._thread.slice_rows

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop, as long as it runs."""
        driver = self._driver
        if driver is None or driver.loop.is_closed():
            return None
        if self._thread is None and not driver.loop.is_running():
            return None
        return driver.loop

    def ask(self, question: Callable[[], _T]) -> _T:
        """The answer of a short ``question`` about what only the loop may change: asked there, and
        waited for, where it runs on another thread."""
        loop, driver = self.loop, self._driver
        if loop is None or driver is None or driver.thread == threading.get_ident():
            return question()
        answer: Future[_T] = Future()

        def put() -> None:
            try:
                answer.set_result(question())
            except Exception as error:  # ours: whoever asked shall see it
                answer.set_exception(error)

        try:
            loop.call_soon_threadsafe(put)
            return answer.result(ASK_TIMEOUT)
        except (RuntimeError, TimeoutError):  # it has just ended, or hangs
            return question()

    def wake(self) -> bool:
        """Take a turn soon; starts where it can. False: there is no loop. From any thread."""
        driver = self._driver
        if driver is not None and (self._thread is not None or driver.loop.is_running()):
            return _woken(driver)
        loop = self._here()
        if loop is None or (driver is not None and self._elsewhere(loop)):
            return driver is not None and _woken(driver)
        self._bind(loop)
        return True

    def start(self) -> None:
        """Live on the running loop, or on the thread's; idempotent. Raises ConfigError."""
        loop = self._here()
        if loop is None:
            raise ConfigError(
                "no event loop is running here; call start() on one, or make the pipeline "
                "with host='thread'"
            )
        if self._elsewhere(loop):
            raise ConfigError(
                "the pipeline runs on another event loop; create one pipeline per loop"
            )
        self._bind(loop)

    async def run(self, task: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Run ``task`` on the pipeline's loop, and wait for it on the caller's, or wherever the
        caller runs. Raises ConfigError and PipelineClosed."""
        if is_foreign():
            return await self._run_from_afar(task)
        here = asyncio.get_running_loop()
        if not self._elsewhere(here):
            self._bind(self._here() or here)
        driver = self._driver
        assert driver is not None
        if driver.loop is here:
            return await task()
        if not driver.loop.is_running() and self._thread is None:
            raise ConfigError(
                "the pipeline's event loop, in another thread, has stopped; run it or close it"
            )
        coroutine = task()
        carried = asyncio.wrap_future(_carried(coroutine, driver.loop))
        try:
            while not (await asyncio.wait([carried], timeout=ASK_TIMEOUT))[0]:
                if driver.loop.is_closed():  # it took the task, and never ran it
                    coroutine.close()
                    raise PipelineClosed(_ENDED)
        finally:
            carried.cancel()
        return carried.result()

    async def _run_from_afar(self, task: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """The same for callers without a loop of asyncio's: trio's, say."""
        if self._thread is None:
            raise ConfigError(
                "no asyncio event loop is running here (none, or one of another "
                "framework): make the pipeline with host='thread'"
            )
        loop = self._thread.start()
        if loop is None:
            raise PipelineClosed(_NO_THREAD)
        self._bind(loop)
        try:
            return await answer_of(_carried(task(), loop), cancels=True)
        except CancelledError:
            raise PipelineClosed(_ENDED) from None

    def within(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """A limit for the caller's waiting, where there is a loop to keep it. A thread's own loop
        does not stand still, and keeps the limits of its tasks by itself."""
        return nullcontext() if is_foreign() else asyncio.timeout(seconds)

    def run_blocking(
        self, task: Callable[[], Coroutine[Any, Any, _T]], timeout: float | None = None
    ) -> _T:
        """Run ``task`` on the pipeline's loop, and block this thread until it is done.

        ``timeout`` is what the task keeps by itself. Raises PipelineClosed where the loop ends or
        stands still meanwhile.
        """
        loop = self.loop if self._thread is None else self._thread.start()
        if loop is None:
            driver = self._driver
            if driver is not None and not driver.loop.is_closed():
                if is_interpreter_ending():
                    without_threads(driver.loop)
                return driver.loop.run_until_complete(task())  # it was stopped, and is ours to run
            return _run(task())
        if self._thread is not None:
            self._bind(loop)
        coroutine = task()
        future = _carried(coroutine, loop)
        waited = 0.0
        while True:
            # Not by result(timeout): what the task raises may be a TimeoutError as well.
            if wait([future], timeout=ASK_TIMEOUT).done:
                try:
                    return future.result()
                except CancelledError:
                    raise PipelineClosed(_ENDED) from None
            waited += ASK_TIMEOUT
            late = timeout is not None and waited > timeout + ASK_TIMEOUT
            ended = loop.is_closed()
            if ended:  # it took the task, and never ran it
                coroutine.close()
            if ended or (late and future.cancel()):
                raise PipelineClosed(_ENDED)

    def stop(self) -> None:
        """Take no more turns. On the loop."""
        if self._driver is not None:
            self._driver.stop()

    def end(self) -> None:
        """Let the thread end, where there is one."""
        if self._thread is not None:
            self._thread.stop()

    @property
    def obstacle(self) -> str:
        """The code of what keeps the thread from its start; empty where nothing does."""
        return "" if self._thread is None else self._thread.obstacle

    @property
    def has_thread(self) -> bool:
        """Whether it lives on a thread of its own."""
        return self._thread is not None

    def another(self) -> LoopBinding:
        """The host of another life, here or in a child: with neither loop nor thread yet."""
        thread = None if self._thread is None else self._thread.another()
        return LoopBinding(thread, self._engine)

    def _here(self) -> asyncio.AbstractEventLoop | None:
        """The loop to live on, as seen from here; None where there is none."""
        if self._thread is not None:
            return self._thread.start()
        return running_loop()

    def _elsewhere(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether the pipeline lives on another loop, which has not ended.

        One that stands still may run again any moment; only where this is its own thread, which
        runs another one, it surely does not.
        """
        driver = self._driver
        if driver is None or driver.loop is loop or driver.loop.is_closed():
            return False
        if self._thread is not None or driver.loop.is_running():
            return True
        return driver.thread != threading.get_ident()

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Live on ``loop`` from now on, and go on there with what another has left."""
        with self._binding:
            if self._being_bound:
                return  # we are a signal handler in the middle of it, and it wakes the driver after
            self._being_bound = True
            try:
                old = driver = self._driver
                # Of two threads that come at once, the second finds the first one's loop alive.
                if driver is None or not (driver.loop is loop or self._elsewhere(loop)):
                    driver = self._driver = Driver(loop, self._engine, thread=self._thread)
            finally:
                self._being_bound = False
        if driver is not old:
            # Not under the lock: hooks may hear of it, and collect.
            if old is not None:
                old.stop()
            if running_loop() is loop:
                self._engine.arrive(old is not None)
            else:
                loop.call_soon_threadsafe(self._engine.arrive, old is not None)
        _woken(driver)


def _run(task: Coroutine[Any, Any, _T]) -> _T:
    """On a loop of its own, which needs no threads where there are none any more."""
    if not is_interpreter_ending():
        return asyncio.run(task)
    # Not by run(), which ends an executor in a thread, though ours has none to wait for.
    loop = asyncio.new_event_loop()
    without_threads(loop)
    try:
        return loop.run_until_complete(task)
    finally:
        end_loop(loop)


def _carried(task: Coroutine[Any, Any, _T], loop: asyncio.AbstractEventLoop) -> Future[_T]:
    """The task, on its way to another thread's loop. Raises PipelineClosed."""
    try:
        return asyncio.run_coroutine_threadsafe(task, loop)
    except RuntimeError:
        task.close()
        raise PipelineClosed(_ENDED) from None


def _woken(driver: Driver) -> bool:
    """Whether its loop still takes a wake."""
    try:
        driver.wake()
    except RuntimeError:  # it is closed
        return False
    return True
