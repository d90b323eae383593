"""The shelf: what memory has no room for stands on the disk, and comes back when its turn comes.

A channel's backlog is behind its lane, in order: once one batch stands there, all later ones do.
Where its rows are in the spool a batch may be *parked*: its bytes are let go of, and read again
when the lane is idle and there is room. What another life has left is parked from the beginning, so
a backlog of any size goes through memory a few batches at a time, and in lanes of its own, beside
the new rows.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable

from .._core.accumulator import Batch, Block
from .._core.commands import Command, Finish, Note, Release
from .._core.final import dropped, spooled
from .._core.ring import Ring
from .keeper import Loaded
from .stream import Channel, Parked

__all__ = ["Shelf"]


class Shelf:
    """``perform`` carries out what lanes command, ``note`` takes rows that are final. ``low`` is
    the use of the budget below which there is room; ``reserve`` the bytes that may always be read.
    """

    def __init__(
        self,
        channels: Iterable[Channel],
        ring: Ring,
        *,
        low: int,
        reserve: int,
        perform: Callable[[Channel, list[Command]], None],
        note: Callable[[list[Finish | Release | Note], Channel], None],
    ) -> None:
        self._channels = channels
        self._ring = ring
        self._low = low
        self._reserve = reserve
        self._perform = perform
        self._note = note
        self._reading: dict[Channel, Parked] = {}
        self._waiting: deque[Channel] = deque()  # for room
        self._read: dict[int, int] = {}  # bytes of the batches that were read, by serial
        self.closed = False

    def __repr__(self) -> str:
        return f"<Shelf, {len(self._reading)} reading, {len(self._waiting)} waiting>"

    # Away -------------------------------------------------------------------------------------

    def submit(self, channel: Channel, batch: Batch) -> None:
        """A batch was sealed."""
        if channel.backlog:
            channel.backlog.append(batch)
        else:
            self._perform(channel, channel.lane.submit(batch))

    def make_room(self) -> None:
        """Let go of what is on the disk too and was not sent yet, until there is room; of the
        channels that hold most, first."""
        held: list[tuple[int, int, Channel]] = []
        for number, channel in enumerate(self._channels):
            size = sum(len(batch.block.data) for batch in self._unsent(channel) if batch.kept)
            if size:
                held.append((size, number, channel))
        for _, _, channel in sorted(held, reverse=True):
            if self._ring.used <= self._low:
                return
            self._park(channel)

    def _unsent(self, channel: Channel) -> list[Batch]:
        waiting = [batch for batch in channel.backlog if isinstance(batch, Batch)]
        return [*channel.lane.out.unsent, *waiting]

    def _park(self, channel: Channel) -> None:
        backlog = channel.backlog = deque((*channel.lane.out.take_back(), *channel.backlog))
        for index in reversed(range(len(backlog))):
            batch = backlog[index]
            if self._ring.used <= self._low:
                break
            if isinstance(batch, Batch) and channel.kept(batch.block):
                block = batch.block
                backlog[index] = Parked(
                    block.first,
                    block.rows,
                    len(block.data),
                    batch.serial,
                    batch.born,
                    batch.charges,
                )
                channel.parked += block.rows
                self._charge(batch.charges, -1)
        self.next(channel)

    def _charge(self, charges: Iterable[tuple[object, int]], sign: int) -> None:
        for account, charged in charges:
            self._ring.charge(sign * charged, account)  # type: ignore[arg-type]

    # Back -------------------------------------------------------------------------------------

    def next(self, channel: Channel) -> None:
        """The lane may have something to do: give it the first batch of the backlog."""
        if self.closed or channel.lane.busy or channel in self._reading or not channel.backlog:
            return
        first = channel.backlog[0]
        if isinstance(first, Batch):
            channel.backlog.popleft()
            self._perform(channel, channel.lane.submit(first))
        elif self._room(first.size):
            self._begin(channel, first)
        elif channel not in self._waiting:
            self._waiting.append(channel)

    def _room(self, size: int) -> bool:
        if self._ring.used + size <= self._low:
            return True
        return sum(self._read.values()) + size <= self._reserve or not self._read

    def _begin(self, channel: Channel, parked: Parked) -> None:
        keeper, trail = channel.keeper, channel.trail
        assert keeper is not None
        assert trail is not None
        self._reading[channel] = parked
        self._read[parked.serial] = parked.size
        self._charge(parked.charges, 1)
        extents = trail.within(parked.first, parked.rows)
        if extents is None:
            self._done(channel, parked, None)
            return
        keeper.load(
            trail,
            extents,
            parked.first,
            parked.rows,
            lambda loaded: self._done(channel, parked, loaded),
        )

    def _done(self, channel: Channel, parked: Parked, loaded: Loaded) -> None:
        if self._reading.get(channel) is not parked:
            return  # another loop has begun anew
        del self._reading[channel]
        if self.closed or not channel.backlog or channel.backlog[0] is not parked:
            # It was given up meanwhile.
            self._charge(parked.charges, -1)
            self._read.pop(parked.serial, None)
        else:
            channel.backlog.popleft()
            channel.parked -= parked.rows
            self._give(channel, parked, loaded)
        self.next(channel)

    def _give(self, channel: Channel, parked: Parked, loaded: Loaded) -> None:
        if loaded is None:
            self._charge(parked.charges, -1)
            self._end(channel, parked, "spool")
            return
        lengths, data = loaded
        block = Block(data, lengths=lengths, first=parked.first)
        batch = Batch(
            block, serial=parked.serial, born=parked.born, charges=parked.charges, kept=True
        )
        self._perform(channel, channel.lane.submit(batch))

    def released(self, serial: int) -> None:
        """A batch is final."""
        if self._read.pop(serial, None) is not None:
            self.grant()

    def grant(self) -> None:
        """There may be room."""
        while self._waiting:
            channel = self._waiting[0]
            first = channel.backlog[0] if channel.backlog else None
            if isinstance(first, Parked) and not self._room(first.size):
                return
            self._waiting.popleft()
            self.next(channel)

    # The end ----------------------------------------------------------------------------------

    def drop(self, channel: Channel, item: Batch | Parked, *, reason: str) -> None:
        """Give up what stands in the backlog."""
        channel.backlog.remove(item)
        if isinstance(item, Batch):
            end = dropped(item.block, channel.lane.parts, reason=reason)
            self._note([end, Release(item)], channel)
        else:
            channel.parked -= item.rows
            self._end(channel, item, reason)

    def _end(self, channel: Channel, parked: Parked, reason: str) -> None:
        batch = _empty(parked)
        finish = dropped(batch.block, channel.lane.parts, reason=reason)
        self._note([finish, Release(batch)], channel)

    def give_up(self, channel: Channel, reason: str) -> None:
        """Account for what the deadline has left in the backlog."""
        parts = channel.lane.parts
        while channel.backlog:
            item = channel.backlog.popleft()
            batch = item if isinstance(item, Batch) else _empty(item)
            if isinstance(item, Parked):
                channel.parked -= item.rows
            if channel.kept(batch.block):
                self._note([spooled(batch.block, parts), Release(batch)], channel)
            else:
                self._note([dropped(batch.block, parts, reason=reason), Release(batch)], channel)

    def restart(self) -> None:
        """On a new loop: what the last one was reading never comes."""
        for parked in self._reading.values():
            self._charge(parked.charges, -1)
            self._read.pop(parked.serial, None)
        self._reading.clear()
        self._waiting.clear()
        for channel in self._channels:
            self.next(channel)


def _empty(parked: Parked) -> Batch:
    """A batch of which nothing but the numbers of its rows is in memory."""
    block = Block(b"", lengths=array("I", bytes(4 * parked.rows)), first=parked.first)
    return Batch(block, serial=parked.serial, born=parked.born, charges=(), kept=True)
