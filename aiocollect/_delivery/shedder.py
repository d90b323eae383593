"""The shedder: drops rows that were accepted and not sent yet, the oldest first.

It does so to make room for later ones (``when_full="shed_oldest"``), and when they have waited too
long (``delivery_timeout``). A batch whose append was begun may have landed, so it is never dropped
here.
"""

from __future__ import annotations

from collections.abc import Callable

from .._core.accumulator import Accumulator, Batch
from .._core.unsettled import Unsettled
from .ages import Ages
from .backlog import Backlog
from .channel import Channel, Parked

__all__ = ["Shedder"]

# How often to look for rows that are too old: ten times during delivery_timeout.
LOOKS = 10
# Batches that are dropped in one slice: each is reported to the hooks.
AT_ONCE = 64


class Shedder:
    """Chooses what the ``backlog`` drops. ``sheds``: it may drop rows to make room."""

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
        # A batch that was sent once never counts again.
        self._ages = Ages(_is_unsent)

    def __repr__(self) -> str:
        return f"<Shedder, after {self._timeout} s>"

    def began(self, born: float, channel: Channel) -> None:
        """A batch was begun that may have to be dropped later."""
        if self._sheds or self._timeout is not None:
            self._ages.add(born, channel)

    def make_room(self, enough: Callable[[], bool]) -> bool:
        """Drop the oldest rows, a few batches at a time, until there is room enough or none is
        left. True: there is more to drop."""
        if not self._sheds:
            return False
        left = AT_ONCE
        while left and not enough() and self._drop_oldest("shed_oldest"):
            left -= 1
        return not left

    def expire(self, now: float) -> float | None:
        """Drop what is too old. Returns in how many seconds to look again; None: never."""
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
        """Drop the oldest batch that was never sent. False: there is none."""
        oldest = self._ages.pop()
        if oldest is None:
            return False
        born, channel = oldest
        batch = _unsent(channel, born)
        # A hook that was called for one drop may have caused others.
        if batch is None:
            return True
        if isinstance(batch, Accumulator):
            batch = channel.cut(self._unsettled)
        self._backlog.drop(channel, batch, reason=reason)
        return True


def _is_unsent(channel: Channel, born: float) -> bool:
    return _unsent(channel, born) is not None


def _unsent(channel: Channel, born: float) -> Batch | Parked | Accumulator | None:
    """The batch that was begun at ``born`` and never sent: it waits, or is still open."""
    for batch in channel.backlog:
        if batch.born == born:
            return batch
    accumulator = channel.accumulator
    return accumulator if accumulator.rows and accumulator.born == born else None
