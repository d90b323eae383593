"""Flushes: callers that wait until everything accepted so far is final.

Two stages. First the pump must have taken the calls and sealed their rows: the barrier. Then the
batches up to the serial number of that moment must be final.
"""

from __future__ import annotations

import asyncio

from .._core.unsettled import Unsettled
from .channel import Channel
from .pump import Pump

__all__ = ["Flushes"]

# Batches that are sealed in one slice, in about a millisecond.
SEALS = 64


class Flushes:
    """The waiting flushes of one pipeline."""

    def __init__(self, unsettled: Unsettled) -> None:
        self._unsettled = unsettled
        self._barriers: list[tuple[int, asyncio.Future[int]]] = []
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._sealing: list[Channel] = []  # channels that are still to be sealed
        self._sealing_to = 0

    def __repr__(self) -> str:
        return f"<Flushes {len(self._barriers)} before, {len(self._waiting)} after the seal>"

    async def settle(self, accepted: int) -> None:
        """Return when the first ``accepted`` calls are final."""
        loop = asyncio.get_running_loop()
        sealed: asyncio.Future[int] = loop.create_future()
        self._barriers.append((accepted, sealed))
        serial = await sealed
        if not self._unsettled.settled(serial):
            settled: asyncio.Future[None] = loop.create_future()
            self._waiting.append((serial, settled))
            await settled

    def due(self, calls_done: int) -> bool:
        """Whether a barrier is reached, so that all open batches must be sealed now."""
        return any(calls_done >= accepted for accepted, _ in self._barriers)

    def seal(self, pump: Pump) -> bool:
        """If a barrier is reached, seal what is open, a few channels at a time. Returns whether
        there are more."""
        if not self._sealing:
            if not self.due(pump.calls_done):
                return False
            self._sealing = pump.open.channels()
            self._sealing_to = pump.calls_done
        for _ in range(min(SEALS, len(self._sealing))):
            pump.seal(self._sealing.pop())
        if not self._sealing:
            self.sealed(self._sealing_to)
        return bool(self._sealing)

    def sealed(self, calls_done: int) -> None:
        """All open batches were sealed after so many calls."""
        for entry in [e for e in self._barriers if calls_done >= e[0]]:
            self._barriers.remove(entry)
            if not entry[1].done():
                entry[1].set_result(self._unsettled.serial)

    def wake(self) -> None:
        """Wake the callers whose batches are all final."""
        for entry in [e for e in self._waiting if self._unsettled.settled(e[0])]:
            self._waiting.remove(entry)
            if not entry[1].done():
                entry[1].set_result(None)

    def forget(self) -> None:
        """Drop all callers: their loop has ended."""
        self._barriers.clear()
        self._waiting.clear()
        self._sealing.clear()
