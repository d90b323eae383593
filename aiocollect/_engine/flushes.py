"""Flushes: who waits until everything accepted so far is final.

Two stages. First the pump must have taken the calls and sealed their rows: the barrier. Then the
batches up to the serial number of that moment must be final.
"""

from __future__ import annotations

import asyncio

from .._core.unsettled import Unsettled

__all__ = ["Flushes"]


class Flushes:
    """The waiting flushes of one pipeline."""

    def __init__(self, unsettled: Unsettled) -> None:
        self._unsettled = unsettled
        self._barriers: list[tuple[int, asyncio.Future[int]]] = []
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def __repr__(self) -> str:
        return f"<Flushes {len(self._barriers)} before, {len(self._waiting)} behind the seal>"

    async def settle(self, accepted: int) -> None:
        """Return once the first ``accepted`` calls are final."""
        loop = asyncio.get_running_loop()
        sealed: asyncio.Future[int] = loop.create_future()
        self._barriers.append((accepted, sealed))
        serial = await sealed
        if not self._unsettled.settled(serial):
            settled: asyncio.Future[None] = loop.create_future()
            self._waiting.append((serial, settled))
            await settled

    def due(self, calls_done: int) -> bool:
        """Whether a barrier is reached: all open batches are to be sealed now."""
        return any(calls_done >= accepted for accepted, _ in self._barriers)

    def sealed(self, calls_done: int) -> None:
        """All open batches were sealed when so many calls were taken."""
        for entry in [e for e in self._barriers if calls_done >= e[0]]:
            self._barriers.remove(entry)
            if not entry[1].done():
                entry[1].set_result(self._unsettled.serial)

    def wake(self) -> None:
        """Let those go on whose batches are all final."""
        for entry in [e for e in self._waiting if self._unsettled.settled(e[0])]:
            self._waiting.remove(entry)
            if not entry[1].done():
                entry[1].set_result(None)

    def forget(self) -> None:
        """Their loop has ended, or they are a parent process's."""
        self._barriers.clear()
        self._waiting.clear()
