"""The lifecycle: how a pipeline is flushed, and how it is closed.

Closing runs in its own task, because servers cancel their shutdown, sometimes repeatedly. The
rows that are left at the deadline are accounted for one by one: they stay in the spool if they are
there, else they are given up.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from .._delivery.spooling import Spool
from .._hooks.hooks import pass_on
from .._validation.checks import check_flag, check_timeout
from ..errors import ConfigError, FlushTimeout, PipelineClosed
from ..events import Closed
from ..stats import Report
from ..typing import Store
from . import exits
from .engine import Engine
from .exits import without_threads
from .status import report

__all__ = ["Lifecycle"]

# How long a store may take to close, in seconds; then its connections and threads are left alone.
# The spool's last writes have as long.
CLOSE_TIMEOUT = 5.0
# So long the log may take, where rows have taken nearly all the time there was.
LOG_TIMEOUT = 1.0
# Senders, log, spool, dead letters and store can each take that long.
ENDS = 4
# How much longer than its timeout a flush from another loop waits for the answer, in seconds.
GRACE = 1.0
# How often replay() checks whether the spool is empty, in seconds.
LOOK = 0.02


class Lifecycle:
    """Flushes and closes one engine; from one start to the close after it."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store
        self._closing: asyncio.Task[Report] | None = None
        self._final: Report | None = None
        self._leaving = False  # the process is ending: report on stderr, not in the log

    def __repr__(self) -> str:
        return f"<Lifecycle {self._final or self._closing}>"

    async def flush(self, timeout: float | None = None) -> Report:
        """Seal everything, and wait until all rows accepted before are final."""
        engine = self._engine
        check_timeout(timeout)
        if engine.closed:
            return await self.aclose()
        began = engine.clock.monotonic()
        # The timeout also holds here: the pipeline may run on another loop, which can stop.
        patience = None if timeout is None else timeout + GRACE
        try:
            async with engine.binding.within(patience):
                await engine.binding.run(lambda: self._settle_all(timeout))
        except TimeoutError:
            found = engine.binding.ask(lambda: report(engine, began))
            raise self._late(timeout, found) from None
        return engine.binding.ask(lambda: report(engine, began))

    @staticmethod
    def _late(timeout: float | None, found: Report) -> FlushTimeout:
        waiting = found.in_memory + found.in_spool
        return FlushTimeout(f"{waiting} rows were not stored within {timeout} s", found)

    async def _settle_all(self, timeout: float | None) -> None:
        """Return when all rows accepted before are final. Raises TimeoutError."""
        engine = self._engine
        async with asyncio.timeout(timeout):
            engine.wake()
            await engine.delivery.flush()

    async def replay(self, timeout: float | None = None, *, any_target: bool = False) -> Report:
        """Wait until the spool has no rows of ended processes for this store, workspace and
        service; with ``any_target``, for any."""
        engine, spool = self._engine, self._engine.delivery.spool
        check_timeout(timeout)
        check_flag("any_target", any_target)
        if spool is None:
            raise ConfigError("there is no spool to replay; set spool= of the pipeline")
        spool.any_target = any_target
        began = engine.clock.monotonic()
        try:
            await engine.binding.run(lambda: self._replayed(spool, timeout))
        except TimeoutError:
            found = engine.binding.ask(lambda: report(engine, began))
            raise FlushTimeout(f"the spool was not replayed within {timeout} s", found) from None
        return engine.binding.ask(lambda: report(engine, began))

    @staticmethod
    async def _replayed(spool: Spool, timeout: float | None) -> None:
        async with asyncio.timeout(timeout):
            before = spool.looks
            while spool.looks == before or spool.adopting:
                spool.look(now=not spool.adopting)
                await asyncio.sleep(LOOK)

    async def aclose(self, timeout: float | None = None) -> Report:
        """Refuse new calls, flush until the deadline, then give up what is left; idempotent."""
        engine = self._engine
        check_timeout(timeout)
        if self._final is not None:
            return self._final
        try:
            return await engine.binding.run(lambda: self._closed(timeout))
        except (PipelineClosed, RuntimeError, asyncio.CancelledError):
            # The pipeline's thread has just ended, because another caller closed it.
            if self._final is None:
                raise
            return self._final

    async def _closed(self, timeout: float | None) -> Report:
        """Wait for the one task that closes: servers cancel their shutdown, which calls this."""
        loop = asyncio.get_running_loop()
        while True:
            closing = self._closing
            if closing is None or closing.cancelled() or closing.get_loop() is not loop:
                # Not by the loop's task factory: an eager one would run the task before
                # self._closing is set, and a custom one can do anything.
                closing = self._closing = asyncio.Task(self._close(timeout), loop=loop)
            try:
                return await asyncio.shield(closing)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if not closing.cancelled() or (task is not None and task.cancelling()):
                    raise

    async def _close(self, timeout: float | None) -> Report:
        engine, delivery = self._engine, self._engine.delivery
        began = engine.clock.monotonic()
        delivery.close_admission()
        deadline = engine.settings.close_timeout if timeout is None else timeout
        answers = False
        try:
            with suppress(TimeoutError):
                await self._settle_all(deadline)
                answers = True
                async with asyncio.timeout(min(LOG_TIMEOUT, deadline)):
                    await delivery.settle_logs()
            await delivery.stop_sending()
        except asyncio.CancelledError:
            # All tasks are being cancelled: the loop is about to end. Account for what is left.
            delivery.abandon_requests()
            answers = False
        patience = _patience(deadline)
        engine.binding.stop()
        await delivery.spool_rest(CLOSE_TIMEOUT)
        if engine.settings_watcher is not None:
            engine.settings_watcher.stop()
        delivery.give_up("closed")
        # It comes after everything else, so that it can tell of everything else; and where the
        # store did not answer for the rows, it is not waited for.
        left = began + deadline - engine.clock.monotonic()
        await delivery.close_log(max(left, min(LOG_TIMEOUT, patience)) if answers else 0.0)
        with suppress(asyncio.CancelledError):
            if engine.status_file is not None:
                await engine.status_file.remove()
            await engine.dead_letters.settle(CLOSE_TIMEOUT)
        engine.aside.close()
        for close in (self._store.aclose, delivery.close_spool):
            try:
                async with asyncio.timeout(patience):
                    await close()
            except (KeyboardInterrupt, SystemExit) as interrupt:
                pass_on(interrupt)
            except BaseException:  # a store can raise anything
                engine.hooks.errors += 1
        self._final = report(engine, began)
        exits.let_go(engine.lifespans)
        if not self._leaving:
            engine.hooks.emit(Closed(report=self._final))
        engine.binding.end()
        return self._final

    def close(self, timeout: float | None = None) -> Report:
        """aclose() for a thread that runs no event loop."""
        check_timeout(timeout)
        engine = self._engine
        if self._final is not None:
            return self._final
        deadline = engine.settings.close_timeout if timeout is None else timeout
        try:
            # The loop of another thread may never run again.
            patience = deadline + ENDS * _patience(deadline)
            return engine.binding.run_blocking(lambda: self.aclose(timeout), patience)
        except PipelineClosed:
            return self._final or report(engine, engine.clock.monotonic() - patience)

    def flush_blocking(self, timeout: float | None = None) -> Report:
        """flush() for a thread that runs no event loop."""
        check_timeout(timeout)
        engine = self._engine
        if self._final is not None:
            return self._final
        began = engine.clock.monotonic()
        patience = None if timeout is None else timeout + GRACE
        try:
            return engine.binding.run_blocking(lambda: self.flush(timeout), patience)
        except PipelineClosed:
            if timeout is None or self._final is not None:
                raise
            raise self._late(timeout, report(engine, began)) from None  # the loop does not run

    def at_exit(self, spent: float) -> None:
        """The process is ending: see exits.Leaving."""
        self._leaving = True
        engine = self._engine
        try:
            with suppress(RuntimeError):
                if engine.binding.loop is not None:
                    # The loop of our thread, which can start no threads any more.
                    engine.binding.loop.call_soon_threadsafe(without_threads, engine.binding.loop)
            found = self.close(max(0.0, engine.settings.close_timeout - spent))
        except BaseException as error:  # no caller is left
            exits.say(f"rows may be lost at exit: {type(error).__name__}")
            return
        finally:
            exits.let_go(engine.lifespans)
        if not found.complete:
            lost = found.accepted - found.stored
            exits.say(f"{lost} rows were not stored at exit: {found}")


def _patience(deadline: float) -> float:
    """How long each part may take to close: a caller with a short deadline waits briefly."""
    return min(CLOSE_TIMEOUT, max(deadline, 1.0))
