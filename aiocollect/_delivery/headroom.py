"""Headroom: what happens when the budget is nearly used, and when there is room again.

Above the high-water mark the gates let fewer calls through, where that is asked for; then memory
lets go of what is on the disk too, and gives up the oldest rows, where that is asked for; both in
slices, until the use is down to the low-water mark.
"""

from __future__ import annotations

from .._core.gate import Gates
from .._core.marks import Crossing, Marks
from .._core.ring import Ring
from .._hooks.hooks import Hooks
from ..events import HighWater, LowWater
from .backlog import Backlog
from .door import Door
from .shedder import Shedder
from .spooling import Spool

__all__ = ["Headroom"]


class Headroom:
    """Watches the use of the ``ring``'s budget by its ``marks``. ``shedding``: there are rows to
    give up in the next turn."""

    def __init__(
        self,
        door: Door,
        ring: Ring,
        marks: Marks,
        *,
        gates: Gates,
        hooks: Hooks,
        backlog: Backlog,
        shedder: Shedder,
        spool: Spool | None,
    ) -> None:
        self._door = door
        self._ring = ring
        self._marks = marks
        self._gates = gates
        self._hooks = hooks
        self._backlog = backlog
        self._shedder = shedder
        self._spool = spool
        self.shedding = False

    def __repr__(self) -> str:
        return f"<Headroom, {self._ring.used} bytes used, {self._marks!r}>"

    @property
    def pressed(self) -> bool:
        """Whether the budget is nearly used: it was above the high mark, and not yet at the low."""
        return self._marks.raised

    def is_enough(self) -> bool:
        """Whether the use is down to the low mark."""
        return self._ring.used <= self._marks.low

    def watch(self) -> None:
        """The use has changed."""
        used = self._ring.used
        crossing = self._marks.update(used)
        if crossing is Crossing.HIGH:
            self._gates.press(True)
            self._hooks.emit(HighWater(used=used))
            if self._spool is None:
                self.shed()
            elif self.let_go():
                self._door.wake()  # in slices
        elif crossing is Crossing.LOW:
            self._gates.press(False)
            self._hooks.emit(LowWater(used=used))

    def let_go(self) -> bool:
        """Where the budget is nearly used, or knowing where rows are takes much of it, let go of
        what is on the disk too; whether there is more to let go of."""
        spool, backlog = self._spool, self._backlog
        if spool is None:
            return False
        if self.pressed and backlog.make_room(self.is_enough):
            return True
        if not spool.is_compact() and backlog.make_room(spool.is_compact):
            return True
        if self.pressed and not self.is_enough() and not backlog.gathering:
            self.shed()
        return False

    def shed(self) -> None:
        """Give up the oldest rows that were not sent yet, where that is asked for; in slices."""
        self.shedding = self._shedder.make_room(self.is_enough)
        if self.shedding and self._door.asleep:
            self._door.wake()
