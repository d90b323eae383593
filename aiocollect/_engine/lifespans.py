"""The lifespans: when a pipeline starts, starts again, and is closed for good.

Some hosts enter a lifespan more than once: for each test, or for each invocation. So the end of a
lifespan closes the pipeline, and the next one starts it again, with a new writer id and counts from
0. When lifespans overlap (two apps share a pipeline, or one is nested in another), the last one to
end closes it. Only a program that closes the pipeline itself, outside of a lifespan, closes it for
good.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from .._threads.foreign_loops import is_foreign
from .._threads.loops import running_loop
from ..errors import ConfigError, FlushTimeout, PipelineClosed
from ..stats import Report
from ..typing import Store
from . import exits
from .engine import Engine
from .fork import watch_forks
from .lifecycle import Lifecycle

__all__ = ["Lifespans"]


class Lifespans:
    """Starts and closes one engine, as often as it is needed."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store
        self._lifecycle = Lifecycle(engine, store)
        engine.lifespans = self
        # One entry for each lifespan that has not ended: its loop, None on a thread without one.
        self._inside: list[asyncio.AbstractEventLoop | None] = []
        self._for_good = False
        watch_forks(self)

    def __repr__(self) -> str:
        return f"<Lifespans {'ended' if self._for_good else 'inside' if self._inside else 'open'}>"

    async def start(self) -> None:
        """Start on the running loop, or on the pipeline's thread; again, if it was closed by a
        lifespan. Idempotent. Raises PipelineClosed if it was closed for good."""
        engine = self._engine
        if engine.closed:
            self._check_open()
            # The close may not have finished: its loop may have ended meanwhile.
            await self._lifecycle.aclose()
            self._begin_again()
        engine.start()

    async def enter(self) -> None:
        """A lifespan begins. If another one is active, nothing starts: the pipeline may run on that
        one's loop, and calls are carried to it."""
        if self._engine.closed or not self._is_inside():
            await self.start()
        self._inside.append(None if is_foreign() else asyncio.get_running_loop())

    async def leave(self) -> Report:
        """A lifespan ends. The last one closes the pipeline."""
        lifecycle = self._lifecycle
        if self._others(None if is_foreign() else asyncio.get_running_loop()):
            try:
                return await lifecycle.flush(self._engine.settings.close_timeout)
            except FlushTimeout as error:  # the other lifespans store what is left
                return error.report
        return await lifecycle.aclose()

    def enter_blocking(self) -> None:
        """A lifespan begins, on a thread without an event loop."""
        _refuse_on_a_loop("with", "async with")
        if self._engine.closed:
            self._check_open()
            self._lifecycle.close()
            self._begin_again()
        if self._engine.binding.has_thread:  # else rows wait for an event loop
            self._engine.start()
        self._inside.append(None)

    def leave_blocking(self) -> Report:
        """It ends. The last one closes the pipeline."""
        lifecycle = self._lifecycle
        if self._others(None):
            try:
                return lifecycle.flush_blocking(self._engine.settings.close_timeout)
            except FlushTimeout as error:
                return error.report
        return lifecycle.close()

    def _others(self, loop: asyncio.AbstractEventLoop | None) -> bool:
        """Whether other lifespans are active, when one of ``loop`` ends."""
        with suppress(ValueError):
            self._inside.remove(loop)
        return self._is_inside() and not self._engine.closed

    def _is_inside(self) -> bool:
        """Whether a lifespan is active."""
        # One whose loop was closed never ends by itself.
        self._inside = [one for one in self._inside if one is None or not one.is_closed()]
        return bool(self._inside)

    def begin_in_child(self) -> None:
        """In a forked child: none of the parent's lifespans is active here, and the pipeline starts
        empty."""
        exits.let_go(self)
        self._inside = []
        self._lifecycle = Lifecycle(self._engine, self._store)
        self._engine.begin_in_child()

    def at_exit(self, spent: float) -> None:
        """The process is ending: see exits.Leaving."""
        self._lifecycle.at_exit(spent)

    async def aclose(self, timeout: float | None) -> Report:
        """The program closes the pipeline: for good, unless a lifespan is active."""
        self._for_good = self._for_good or not self._is_inside()
        return await self._lifecycle.aclose(timeout)

    def close(self, timeout: float | None) -> Report:
        """aclose() for a thread that runs no event loop."""
        _refuse_on_a_loop("close()", "aclose()")
        self._for_good = self._for_good or not self._is_inside()
        return self._lifecycle.close(timeout)

    async def flush(self, timeout: float | None) -> Report:
        """Wait until all rows accepted before are final."""
        return await self._lifecycle.flush(timeout)

    def flush_blocking(self, timeout: float | None) -> Report:
        """flush() for a thread that runs no event loop."""
        _refuse_on_a_loop("flush_sync()", "flush()")
        return self._lifecycle.flush_blocking(timeout)

    async def replay(self, timeout: float | None, *, any_target: bool) -> Report:
        """Wait until the rows that ended processes left in the spool are final."""
        return await self._lifecycle.replay(timeout, any_target=any_target)

    def _check_open(self) -> None:
        if self._for_good:
            raise PipelineClosed("the pipeline is closed; create a new one")

    def _begin_again(self) -> None:
        if self._engine.closed:  # else another caller already has
            self._lifecycle = Lifecycle(self._engine, self._store)
            self._engine.begin_again()


def _refuse_on_a_loop(verb: str, instead: str) -> None:
    if running_loop() is None:
        return
    how = instead if instead.startswith("async") else f"await {instead}"
    raise ConfigError(f"{verb} would block the event loop of this thread; {how}")
