"""Adoptions: brings what other processes have left in the spool to the store.

Their channels are made in slices of the event loop. From then on they go their way like all others,
but that nothing is added to them, and that they are forgotten when their rows are final.
"""

from __future__ import annotations

import asyncio
from collections import deque

from .._core.commands import Note, Outcome, Release
from .._core.unsettled import Unsettled
from .._hooks.hooks import Hooks
from .._spool.recovery import Recovered
from .._spool.syncer import Syncer
from ..events import LogIncomplete, SpoolAdopted
from ..typing import Clock
from .adoption import Adoption
from .backlog import Backlog
from .channel import Channel
from .channels import Channels
from .counters import Counters
from .door import Door
from .settling import Ends
from .shedder import Shedder

__all__ = ["Adoptions"]

# Lanes that are made again in one slice of the event loop: each takes some 30 us.
AT_ONCE = 32


class Adoptions:
    """Of one process."""

    def __init__(
        self,
        door: Door,
        *,
        channels: Channels,
        backlog: Backlog,
        shedder: Shedder,
        counters: Counters,
        unsettled: Unsettled,
        clock: Clock,
        hooks: Hooks,
    ) -> None:
        self._door = door
        self._channels = channels
        self._backlog = backlog
        self._shedder = shedder
        self._counters = counters
        self._unsettled = unsettled
        self._clock = clock
        self._hooks = hooks
        self._waiting: deque[Adoption] = deque()
        self._logs_done: asyncio.Event | None = None  # who waits for the lines of logs

    def __repr__(self) -> str:
        return f"<Adoptions {len(self._waiting)}>"

    def adopt(self, process: str, syncer: Syncer, recovered: Recovered) -> None:
        """Go on with the rows of a directory, which the ``syncer`` keeps from now on."""
        self._counters.adopt_lost(recovered.lost)
        self._channels.totals.ended += recovered.lost  # they come to no channel
        adoption = Adoption(
            process,
            recovered.lanes,
            syncer,
            builder=self._channels.builder,
            unsettled=self._unsettled,
            clock=self._clock,
        )
        self._waiting.append(adoption)
        self._door.wake()

    def go_on(self) -> bool:
        """A slice of work; whether there is more."""
        if not self._waiting:
            return False
        adoption = self._waiting[0]
        for _ in range(AT_ONCE):
            if not adoption.left:
                break
            self._take(adoption.next())
        if not adoption.left:
            self._waiting.popleft()
            if adoption.rows:
                self._hooks.emit(SpoolAdopted(life=adoption.process, rows=adoption.rows))
        return bool(self._waiting)

    def _take(self, channel: Channel) -> None:
        if not channel.is_log:
            self._counters.adopted += channel.parked
        self._channels.adopt(channel)
        for item in channel.backlog:
            self._shedder.began(item.born, channel)
        self._backlog.next(channel)

    def settle_log(self, ends: Ends, channel: Channel) -> None:
        """Lines of an ended process's log are final: they are none of our rows."""
        for end in ends:
            if isinstance(end, Release):
                self._backlog.released(end.batch.serial)
            elif isinstance(end, Note):
                self._hooks.emit(end.notice)
            else:
                channel.finish(end.first, end.rows, end.outcome)
                if end.outcome not in (Outcome.STORED, Outcome.SPOOLED):
                    self._hooks.emit(LogIncomplete(lines=end.rows, reason=end.reason))
        if self._logs_done is not None and not self._has_logs():
            self._logs_done.set()

    async def logs_settled(self) -> None:
        """Return when no lines of ended processes' logs are left."""
        self._logs_done = asyncio.Event()
        if self._has_logs():
            await self._logs_done.wait()

    def _has_logs(self) -> bool:
        return any(channel.is_log and channel.rows + channel.parked for channel in self._channels)

    def settled(self, channel: Channel) -> None:
        """Rows of the channel have become final: where nothing is left of it, forget it."""
        self._channels.forget_adopted(channel)
