"""The shedder: gives up rows that were accepted and not sent yet, the oldest first.

For two reasons: to make room for later ones (``when_full="shed_oldest"``), and because they have
waited too long (``delivery_timeout``). A batch whose append was ever begun may have landed, so it
stays: nothing is given up while it is in doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .._core.accumulator import Batch
from .._core.commands import Command
from .stream import Channel, Parked

__all__ = ["Shedder"]

# How often it is looked for rows that are too old: ten times in the time they have.
LOOKS = 10


class Shedder:
    """``cut`` freezes what a channel has coalesced, and does not hand it to the lane; ``perform``
    carries out what a lane commands; ``drop_waiting`` gives up what stands in a backlog."""

    def __init__(
        self,
        channels: Iterable[Channel],
        *,
        delivery_timeout: float | None,
        cut: Callable[[Channel], Batch],
        perform: Callable[[Channel, list[Command]], None],
        drop_waiting: Callable[[Channel, Batch | Parked, str], None],
    ) -> None:
        self._channels = channels
        self._timeout = delivery_timeout
        self._cut = cut
        self._perform = perform
        self._drop_waiting = drop_waiting
        self._next_look = 0.0

    def __repr__(self) -> str:
        return f"<Shedder, after {self._timeout} s>"

    def make_room(self, enough: Callable[[], bool]) -> None:
        """Give up the oldest rows until there is room enough, or none is left to give up."""
        for _, _, channel, batch in self._unsent():
            if enough():
                return
            self._drop(channel, batch, "shed_oldest")

    def expire(self, now: float) -> float | None:
        """Give up what is too old; returns in how many seconds to look again."""
        if self._timeout is None:
            return None
        if now >= self._next_look:
            self._next_look = now + self._timeout / LOOKS
            for born, _, channel, batch in self._unsent():
                if now - born < self._timeout:
                    break
                self._drop(channel, batch, "delivery_timeout")
        return self._next_look - now

    def _unsent(self) -> list[tuple[float, int, Channel, Batch | Parked | None]]:
        """All batches that were never begun, by age; None is what a channel still coalesces."""
        found: list[tuple[float, int, Channel, Batch | Parked | None]] = []
        for channel in self._channels:
            for batch in (*channel.lane.out.unsent, *channel.backlog):
                found.append((batch.born, len(found), channel, batch))
            if channel.accumulator.rows:
                found.append((channel.accumulator.born, len(found), channel, None))
        found.sort(key=lambda one: one[:2])
        return found

    def _drop(self, channel: Channel, batch: Batch | Parked | None, reason: str) -> None:
        # A hook that hears of one drop may have had others dropped, or room made.
        if batch is not None and batch in channel.backlog:
            self._drop_waiting(channel, batch, reason)
            return
        if batch is None:
            if not channel.accumulator.rows:
                return
            batch = self._cut(channel)
        elif batch not in channel.lane.out.unsent:
            return
        assert isinstance(batch, Batch)
        self._perform(channel, channel.lane.drop(batch, reason=reason))
