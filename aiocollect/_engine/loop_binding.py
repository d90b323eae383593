"""The loop binding: which event loop a pipeline lives on.

That of the first start or call, or that of a thread of our own. When a loop has ended, the next
one takes over. While it runs, work from other loops is carried to it, and the answer back.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, wait
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol, TypeVar

from .._threads.foreign_loops import answer_of, is_foreign
from .._threads.line import is_interpreter_ending
from .._threads.loops import running_loop
from ..errors import ConfigError, PipelineClosed
from .driver import Driver, TakesTurns
from .exits import without_threads
from .loop_thread import LoopThread, end_loop

__all__ = ["LoopBinding"]

_T = TypeVar("_T")

# How long a loop can take to answer a question, in seconds; its turns take a millisecond.
ASK_TIMEOUT = 1.0
_ENDED = "the pipeline's event loop has ended"
_NO_THREAD = "no thread can be started, because the interpreter is exiting"


class Arrives(TakesTurns, Protocol):
    """What its loop needs of the engine."""

    def arrive(self, again: bool) -> None:
        """Called before the first turn on a loop. ``again``: another loop has ended before."""


class LoopBinding:
    """Binds the ``engine`` to a loop, on which it takes its turns. ``thread``: ours, if there is
    one; else the caller's loop."""

    def __init__(self, thread: LoopThread | None, engine: Arrives) -> None:
        self._thread = thread
        self._engine = engine
        self._driver: Driver | None = None
        self._binding = threading.RLock()  # the first call takes it, later ones do not
        self._being_bound = False

    def __repr__(self) -> str:
        return f"<LoopBinding {'not started' if self._driver is None else self._driver!r}>"

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop, while it runs."""
        driver = self._driver
        if driver is None or driver.loop.is_closed():
            return None
        if self._thread is None and not driver.loop.is_running():
            return None
        return driver.loop

    def ask(self, question: Callable[[], _T]) -> _T:
        """The answer to a short ``question`` about data that only the loop may change. If the loop
        runs on another thread, the question is asked there."""
        loop, driver = self.loop, self._driver
        if loop is None or driver is None or driver.thread == threading.get_ident():
            return question()
        answer: Future[_T] = Future()

        def put() -> None:
            try:
                answer.set_result(question())
            except Exception as error:  # our own code's: for the caller to see
                answer.set_exception(error)

        try:
            loop.call_soon_threadsafe(put)
            return answer.result(ASK_TIMEOUT)
        except (RuntimeError, TimeoutError):  # the loop has just ended, or hangs
            return question()

    def wake(self) -> bool:
        """Take a turn soon; start if possible. False: there is no loop. From any thread."""
        driver = self._driver
        if driver is not None and (self._thread is not None or driver.loop.is_running()):
            return _woken(driver)
        loop = self._here()
        if loop is None or (driver is not None and self._elsewhere(loop)):
            return driver is not None and _woken(driver)
        self._bind(loop)
        return True

    def start(self) -> None:
        """Bind to the running loop, or to the thread's; idempotent. Raises ConfigError."""
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
        """Run ``task`` on the pipeline's loop, and wait for it on the caller's. Raises ConfigError
        and PipelineClosed."""
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
        """The same for callers without an asyncio loop, such as trio's."""
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
        """A timeout for the caller, if an asyncio loop runs here. Else the pipeline has its own
        thread, whose loop always runs and keeps the timeouts of its tasks."""
        return nullcontext() if is_foreign() else asyncio.timeout(seconds)

    def run_blocking(
        self, task: Callable[[], Coroutine[Any, Any, _T]], timeout: float | None = None
    ) -> _T:
        """Run ``task`` on the pipeline's loop, and block this thread until it is done.

        ``timeout`` is the task's own. Raises PipelineClosed if the loop ends or stops running
        meanwhile.
        """
        loop = self.loop if self._thread is None else self._thread.start()
        if loop is None:
            driver = self._driver
            if driver is not None and not driver.loop.is_closed():
                if is_interpreter_ending():
                    without_threads(driver.loop)
                return driver.loop.run_until_complete(task())  # it was stopped, so we run it
            return _run(task())
        if self._thread is not None:
            self._bind(loop)
        coroutine = task()
        future = _carried(coroutine, loop)
        waited = 0.0
        while True:
            # Not by result(timeout): the task may raise a TimeoutError too.
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
        """Let the thread end, if there is one."""
        if self._thread is not None:
            self._thread.stop()

    @property
    def obstacle(self) -> str:
        """The code of what prevents the thread from starting; empty if nothing does."""
        return "" if self._thread is None else self._thread.obstacle

    @property
    def has_thread(self) -> bool:
        """Whether the loop runs in a thread of our own."""
        return self._thread is not None

    def another(self) -> LoopBinding:
        """A new one, for another start here or in a child process: without loop and thread yet."""
        thread = None if self._thread is None else self._thread.another()
        return LoopBinding(thread, self._engine)

    def _here(self) -> asyncio.AbstractEventLoop | None:
        """The loop that a caller here would bind to; None if there is none."""
        if self._thread is not None:
            return self._thread.start()
        return running_loop()

    def _elsewhere(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether the pipeline is bound to another loop, which has not ended.

        A loop that does not run now may run again any moment, unless this is its thread, which
        runs another loop.
        """
        driver = self._driver
        if driver is None or driver.loop is loop or driver.loop.is_closed():
            return False
        if self._thread is not None or driver.loop.is_running():
            return True
        return driver.thread != threading.get_ident()

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Bind to ``loop``, and go on there with what another loop has left."""
        with self._binding:
            if self._being_bound:
                return  # this is a signal handler inside of _bind, which wakes the driver after it
            self._being_bound = True
            try:
                old = driver = self._driver
                # Of two threads that call this at once, the second finds the first one's loop.
                if driver is None or not (driver.loop is loop or self._elsewhere(loop)):
                    driver = self._driver = Driver(loop, self._engine, thread=self._thread)
            finally:
                self._being_bound = False
        if driver is not old:
            # Not under the lock: this may call hooks, which may collect.
            if old is not None:
                old.stop()
            if running_loop() is loop:
                self._engine.arrive(old is not None)
            else:
                loop.call_soon_threadsafe(self._engine.arrive, old is not None)
        _woken(driver)


def _run(task: Coroutine[Any, Any, _T]) -> _T:
    """Run it on a new loop, without threads if none can be started any more."""
    if not is_interpreter_ending():
        return asyncio.run(task)
    # Not asyncio.run(): it shuts the executor down in a thread.
    loop = asyncio.new_event_loop()
    without_threads(loop)
    try:
        return loop.run_until_complete(task)
    finally:
        end_loop(loop)


def _carried(task: Coroutine[Any, Any, _T], loop: asyncio.AbstractEventLoop) -> Future[_T]:
    """Run the task on another thread's loop. Raises PipelineClosed."""
    try:
        return asyncio.run_coroutine_threadsafe(task, loop)
    except RuntimeError:
        task.close()
        raise PipelineClosed(_ENDED) from None


def _woken(driver: Driver) -> bool:
    """Wake the driver. False: its loop is closed."""
    try:
        driver.wake()
    except RuntimeError:
        return False
    return True
