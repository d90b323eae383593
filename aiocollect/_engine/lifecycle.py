"""The lifecycle: how often an engine starts, and when it has ended for good.

Hosts enter a lifespan more than once: for each test, or for each invocation. So a lifespan's end
is the end of one life of the engine, and the next start begins another, under a writer id and with
counts of its own. Only a program that closes the pipeline by itself, outside of a lifespan, has
ended it for ever.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..errors import ConfigError, PipelineClosed
from ..records import Report

if TYPE_CHECKING:
    from .engine import Engine

__all__ = ["Lifecycle"]


class Lifecycle:
    """Of one engine, in all its lives."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._inside = False  # of a lifespan
        self._for_good = False

    def __repr__(self) -> str:
        return f"<Lifecycle {'ended' if self._for_good else 'inside' if self._inside else 'open'}>"

    async def start(self) -> None:
        """Live on the running loop, or on the pipeline's thread; in a new life where the last one
        has ended. Idempotent. Raises PipelineClosed where it was closed for good."""
        engine = self._engine
        if engine.closed:
            self._check_open()
            # Its loop may have ended in the middle of that.
            await engine.ending.aclose()
            self._begin_again()
        engine.start()

    async def enter(self) -> None:
        """A lifespan begins."""
        await self.start()
        self._inside = True

    async def leave(self) -> Report:
        """A lifespan ends, and this life with it."""
        self._inside = False
        return await self._engine.ending.aclose()

    def enter_blocking(self) -> None:
        """A lifespan of a thread that runs no event loop begins."""
        _refuse_on_a_loop("with", "async with")
        if self._engine.closed:
            self._check_open()
            self._engine.ending.close()
            self._begin_again()
        if self._engine.host.has_thread:  # else rows wait for a loop
            self._engine.start()
        self._inside = True

    def leave_blocking(self) -> Report:
        """It ends, and this life with it."""
        self._inside = False
        return self._engine.ending.close()

    async def aclose(self, timeout: float | None) -> Report:
        """The program closes the pipeline: for good, unless inside of a lifespan."""
        self._for_good = self._for_good or not self._inside
        return await self._engine.ending.aclose(timeout)

    def close(self, timeout: float | None) -> Report:
        """aclose() for a thread that runs no event loop."""
        _refuse_on_a_loop("close()", "aclose()")
        self._for_good = self._for_good or not self._inside
        return self._engine.ending.close(timeout)

    def flush(self, timeout: float | None) -> Report:
        """flush() for a thread that runs no event loop."""
        _refuse_on_a_loop("flush_sync()", "flush()")
        return self._engine.ending.flush_blocking(timeout)

    def _check_open(self) -> None:
        if self._for_good:
            raise PipelineClosed("the pipeline was closed for good; make a new one")

    def _begin_again(self) -> None:
        if self._engine.closed:  # nobody else has, meanwhile
            self._engine.begin_again()


def _refuse_on_a_loop(verb: str, instead: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    how = instead if instead.startswith("async") else f"await {instead}"
    raise ConfigError(f"{verb} would block the event loop of this thread; {how}")
