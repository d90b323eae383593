"""Adoptions: brings what other processes have left in the spool to the store.

Their channels are made in slices of the event loop. From then on they go their way like all others,
but that nothing is added to them, and that they are forgotten when their rows are final.
"""

from __future__ import annotations

from collections import deque

from .._core.unsettled import Unsettled
from .._hooks.hooks import Hooks
from .._spool.recovery import Recovered
from .._spool.syncer import Syncer
from ..events import SpoolAdopted
from ..typing import Clock
from .adoption import Adoption
from .backlog import Backlog
from .channel import Channel
from .channels import Channels
from .counters import Counters
from .door import Door
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
        self._counters.adopted += channel.parked
        self._channels.adopt(channel)
        for item in channel.backlog:
            self._shedder.began(item.born, channel)
        self._backlog.next(channel)

    def settled(self, channel: Channel) -> None:
        """Rows of the channel have become final: where nothing is left of it, forget it."""
        self._channels.forget_adopted(channel)
