"""Backing: what an engine does that has a spool behind it.

The spool knows the disk, the backlog what waits, the pump the rows; here they meet. New rows go to
the disk; what is there may be let go of by memory; what other lives have left is adopted. All of it
in slices, on the event loop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from .._core.settings import Settings
from .._spool.disk import Disk
from .._spool.format import SpoolTarget
from .._spool.recovery import Recovered
from ..events import SpoolAdopted
from ..typing import Clock
from .adoption import Adoption
from .channel import Channel
from .new_rows import NewRows
from .spooling import Spool
from .write_ahead import Encoded

if TYPE_CHECKING:
    from .._engine.engine import Engine

__all__ = ["Backing"]

# How soon to look again while the disk has rows that it has not answered for, in seconds.
SOON = 0.005


class Backing:
    """``target``: which store it is. ``chance`` gives numbers in [0, 1)."""

    def __init__(
        self,
        disk: Disk | None,
        *,
        target: str,
        writer: str,
        settings: Settings,
        chance: Callable[[], float],
        clock: Clock,
        engine: Engine,
    ) -> None:
        assert settings.spool is not None
        assert disk is not None
        self._engine = engine
        self._adoptions: deque[Adoption] = deque()
        self.spool = Spool(
            disk,
            settings.spool,
            # Paths have the workspace in small letters, so it is the same one in any.
            target=SpoolTarget(target, settings.workspace.lower(), settings.service),
            writer=writer,
            max_bytes=settings.limits.max_spool_bytes,
            max_index_bytes=settings.max_memory_bytes // 4,
            salt=lambda: int(chance() * 2**32) | 1,
            clock=clock,
            adopt=self._adopt,
            tell=engine.hooks.emit,
        )

    def __repr__(self) -> str:
        return f"<Backing {self.spool!r}>"

    def keep(self, encoded: Encoded, then: Callable[[bool], None]) -> bool | None:
        """Have rows of a turn put on the disk (see Spooling)."""
        backlog = self._engine.backlog

        def known(kept: bool) -> None:
            then(kept)
            if kept:
                for run, _ in encoded:
                    backlog.hold(run.channel, run.account)

        rows: list[NewRows] = []
        ahead: dict[Channel, int] = {}  # in this turn
        for run, lines in reversed(encoded):
            channel = run.channel
            ahead[channel] = ahead.get(channel, 0) + len(lines)
            first = channel.accumulator.next + channel.keeping - ahead[channel]
            rows.append(NewRows(channel, first, lines))
        return self.spool.keep(rows[::-1], known)

    def look(self) -> float:
        """Look at what goes on; returns when to look again."""
        wait = self.spool.look()
        return min(wait, SOON) if self._engine.pump.spooling else wait

    def go_on(self) -> bool:
        """A slice of work; whether there is more."""
        if self._adoptions and not self._adoptions[0].go_on():
            self._adoptions.popleft()
        return bool(self._adoptions) or self.make_room()

    def make_room(self) -> bool:
        """Where the budget is nearly used, or knowing where rows are takes much of it, let go of
        what is on the disk too; whether there is more to let go of."""
        engine, backlog = self._engine, self._engine.backlog
        if engine.marks.raised and backlog.make_room(lambda: engine.ring.used <= engine.marks.low):
            return True
        if self.spool.scattered and backlog.make_room(lambda: not self.spool.scattered):
            return True
        if engine.marks.raised and engine.ring.used > engine.marks.low and not backlog.gathering:
            engine.shed()
        return False

    def _adopt(self, life: str, recovered: Recovered) -> None:
        """Bring what another life has left to the store."""
        engine = self._engine

        def take(channel: Channel) -> None:
            engine.counters.adopted += channel.parked
            engine.adopted(channel)
            engine.backlog.next(channel)

        def done(rows: int) -> None:
            if rows:
                engine.hooks.emit(SpoolAdopted(life=life, rows=rows))

        engine.counters.adopt_lost(recovered.lost)
        engine.channels.totals.ended += recovered.lost  # they come to no channel
        adoption = Adoption(
            recovered.lanes,
            self.spool.syncer_of(life),
            builder=engine.channels.builder,
            unsettled=engine.unsettled,
            now=engine.clock.monotonic,
            take=take,
            done=done,
        )
        self._adoptions.append(adoption)
        engine.wake()
