"""The shedder: gives up rows that were accepted and not sent yet, the oldest first.

For two reasons: to make room for later ones (``when_full="shed_oldest"``), and because they have
waited too long (``delivery_timeout``). A batch whose append was ever begun may have landed, so it
stays: nothing is given up while it is in doubt.
"""

from __future__ import annotations

from collections.abc import Callable

from .._core.accumulator import Accumulator, Batch
from .._core.unsettled import Unsettled
from .ages import Ages
from .backlog import Backlog
from .channel import Channel, Parked

__all__ = ["Shedder"]

# How often it is looked for rows that are too old: ten times in the time they have.
LOOKS = 10
# Batches that are given up in one go: a hook hears of each.
AT_ONCE = 64


class Shedder:
    """Chooses what is given up; the ``backlog`` does it. ``sheds``: it is asked to make room."""

    def __init__(
        self,
        backlog: Backlog,
        *,
        sheds: bool,
        delivery_timeout: float | None,
        unsettled: Unsettled,
    ) -> None:
        self._backlog = backlog
        self._sheds = sheds
        self._timeout = delivery_timeout
        self._unsettled = unsettled
        self._next_look = 0.0
        # Once a batch is begun it never counts again.
        self._ages = Ages(_is_unsent)

    def __repr__(self) -> str:
        return f"<Shedder, after {self._timeout} s>"

    def began(self, born: float, channel: Channel) -> None:
        """A batch was begun that may have to be given up."""
        if self._sheds or self._timeout is not None:
            self._ages.add(born, channel)

    def make_room(self, enough: Callable[[], bool]) -> bool:
        """Give up the oldest rows until there is room enough, or none is left to give up; a few at
        a time. True: there is more to give up."""
        if not self._sheds:
            return False
        left = AT_ONCE
        while left and not enough() and self._drop_oldest("shed_oldest"):
            left -= 1
        return not left

    def expire(self, now: float) -> float | None:
        """Give up what is too old; returns in how many seconds to look again."""
        if self._timeout is None:
            return None
        if now >= self._next_look:
            for _ in range(AT_ONCE):
                oldest = self._ages.oldest
                if oldest is None or now - oldest < self._timeout:
                    self._next_look = now + self._timeout / LOOKS
                    break
                self._drop_oldest("delivery_timeout")
        return max(0.0, self._next_look - now)

    def _drop_oldest(self, reason: str) -> bool:
        """Give up the oldest batch that was never begun; False: there is none."""
        oldest = self._ages.pop()
        if oldest is None:
            return False
        born, channel = oldest
        batch = _unsent(channel, born)
        # A hook that hears of one drop may have had others dropped, or room made.
        if batch is None:
            return True
        if isinstance(batch, Accumulator):
            batch = channel.cut(self._unsettled)
        self._backlog.drop(channel, batch, reason=reason)
        return True


def _is_unsent(channel: Channel, born: float) -> bool:
    return _unsent(channel, born) is not None


def _unsent(channel: Channel, born: float) -> Batch | Parked | Accumulator | None:
    """What was born then and was never begun: sealed, waiting, or still coalescing."""
    for batch in channel.backlog:
        if batch.born == born:
            return batch
    accumulator = channel.accumulator
    return accumulator if accumulator.rows and accumulator.born == born else None
