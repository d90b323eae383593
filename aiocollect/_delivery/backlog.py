"""The backlog: sealed batches that wait for their lane, in memory or only on the disk.

Each channel has one queue, in order; its lane has at most the batch under way. When memory is
short, rows that are in the spool are *parked*, sealed or not: their bytes are dropped from memory,
and read again when the lane is idle and there is room. So an outage can last until the disk is
full, for any number of paths. Rows that an ended process has left are parked from the beginning:
a backlog of any size goes through memory a few batches at a time, beside the new rows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from .._core.accumulator import Batch, Block
from .._core.commands import Release
from .._core.finishes import dropped, given_up
from .._core.lines import Lines, joined
from .._core.ring import Account, Ring
from .._core.unsettled import Unsettled
from .._spool.progress import LaneProgress
from .._spool.syncer import Loaded, Write
from .channel import NOTHING_WAITS, Channel, Parked
from .closing import Closing
from .senders import Senders
from .settling import Settling

__all__ = ["Backlog"]


# So many bytes are written again at a time: they are in memory twice meanwhile.
GATHERED = 4 * 2**20
# Channels that are parked in one slice: each takes some 10 us.
AT_ONCE = 32


class Backlog:
    """What waits, of all ``channels``. There is room while the used budget is below ``low``, and
    ``reserve`` bytes can always be read; a batch has at most ``max_batch`` bytes. ``senders``
    perform what the lanes command; after a move to another event loop they are replaced.
    """

    def __init__(
        self,
        channels: Iterable[Channel],
        ring: Ring,
        *,
        unsettled: Unsettled,
        low: int,
        reserve: int,
        max_batch: int,
        senders: Senders,
        settling: Settling,
        closing: Closing,
    ) -> None:
        self._channels = channels
        self._ring = ring
        self._unsettled = unsettled
        self._low = low
        self._reserve = reserve
        self._max_batch = max_batch
        self.senders = senders
        self._settling = settling
        self._closing = closing
        # Channels with rows that are both in memory and on the disk, the oldest first.
        self._holding: dict[Channel, None] = {}
        self._reading: dict[Channel, Parked] = {}
        self._waiting: dict[Channel, None] = {}  # channels that wait for room
        self._read: dict[int, int] = {}  # bytes of the batches that were read back, by serial
        self._read_bytes = 0
        self._gathering: dict[Channel, int] = {}  # bytes that are being written again
        self.gathered = 0  # rows that were written again so far

    def __repr__(self) -> str:
        return f"<Backlog, {len(self._reading)} reading, {len(self._waiting)} waiting>"

    # To the lane, or to the disk ---------------------------------------------------------------

    def submit(self, channel: Channel, batch: Batch) -> None:
        """Give a sealed batch to its lane, or add it to those that wait."""
        if not (channel.lane.busy or channel.backlog or self._closing.stopped):
            self.senders.perform(channel, channel.lane.submit(batch))
            return
        if not channel.backlog:
            channel.backlog = deque()
        channel.backlog.append(batch)

    @property
    def gathering(self) -> bool:
        """Whether rows are being written again, to be parked then."""
        return bool(self._gathering)

    def hold(self, channel: Channel, account: Account) -> None:
        """Rows of the channel, charged to this account, are both in memory and on the disk."""
        self._holding[channel] = None
        if self._ring.pressed(account):
            self._park(channel)

    def make_room(self, enough: Callable[[], bool]) -> bool:
        """Park rows that are on the disk and were not sent yet, of a few channels, until there is
        room enough. False: no more can be parked now."""
        for _ in range(AT_ONCE):
            if not self._holding or enough():
                return False
            if sum(self._gathering.values()) > GATHERED:
                return False  # the disk is busy with them
            channel = next(iter(self._holding))
            del self._holding[channel]
            self._park(channel)
        return True

    def _park(self, channel: Channel) -> None:
        if channel in self._gathering:
            return
        rows = _together(channel)
        progress, syncer = channel.progress, channel.syncer
        if rows is None or progress is None or syncer is None or not syncer.alive:
            self._drop_bytes(channel)
            return
        first, lines = rows
        if not progress.scattered(first, lines.size):
            self._drop_bytes(channel)
            return
        self._gathering[channel] = lines.size

        def add() -> None:
            syncer.journal.add_again(progress, first, lines)

        def done(_: bool, __: list[LaneProgress]) -> None:
            del self._gathering[channel]
            self.gathered += len(lines)
            if not self._closing.stopped:
                self._drop_bytes(channel)

        syncer.put(Write(add, done))

    def _drop_bytes(self, channel: Channel) -> None:
        backlog: deque[Batch | Parked] = deque()
        for batch in channel.backlog:
            if isinstance(batch, Batch) and batch.kept and channel.kept(batch.block):
                block = batch.block
                rows, size = block.rows, len(block.data)
                self._add_parked(
                    channel,
                    backlog,
                    Parked(block.first, rows, size, batch.serial, batch.born, batch.charges),
                )
            else:
                backlog.append(batch)
        accumulator = channel.accumulator
        # If the lane is idle, these rows are sent next.
        if accumulator.rows and accumulator.kept and (channel.lane.busy or backlog):
            first, rows, size, born, charges = accumulator.let_go()
            serial = self._unsettled.next_serial()
            self._unsettled.add(serial, born=born)
            self._add_parked(channel, backlog, Parked(first, rows, size, serial, born, charges))
        channel.backlog = backlog or NOTHING_WAITS
        self.next(channel)

    def _add_parked(self, channel: Channel, backlog: deque[Batch | Parked], parked: Parked) -> None:
        """Add a parked batch; joined with the last one, if both fit into one batch."""
        channel.parked += parked.rows
        self._charge(parked.charges, -1)
        last = backlog[-1] if backlog else None
        if (
            isinstance(last, Parked)
            and last is not self._reading.get(channel)
            and last.first + last.rows == parked.first
            and last.size + parked.size <= self._max_batch
        ):
            self._unsettled.remove(parked.serial)
            backlog[-1] = last.joined(parked)
        else:
            backlog.append(parked)

    def _charge(self, charges: Iterable[tuple[object, int]], sign: int) -> None:
        for account, charged in charges:
            self._ring.charge(sign * charged, account)  # type: ignore[arg-type]

    # From the disk ----------------------------------------------------------------------------

    def next(self, channel: Channel) -> None:
        """Give the channel's lane the first batch that waits for it, if the lane is idle."""
        if self._closing.stopped or channel.lane.busy or channel in self._reading:
            return
        if not channel.backlog:
            if channel.lane.held:
                self.senders.rest(channel)
            return
        first = channel.backlog[0]
        if isinstance(first, Batch):
            _pop(channel)
            self.senders.perform(channel, channel.lane.submit(first))
        elif self._has_room(first.size):
            self._read_back(channel, first)
        else:
            self._waiting[channel] = None

    def _has_room(self, size: int) -> bool:
        if self._ring.used + size <= self._low:
            return True
        return self._read_bytes + size <= self._reserve or not self._read

    def _read_back(self, channel: Channel, parked: Parked) -> None:
        syncer, progress = channel.syncer, channel.progress
        assert syncer is not None
        assert progress is not None
        self._reading[channel] = parked
        self._read[parked.serial] = parked.size
        self._read_bytes += parked.size
        self._charge(parked.charges, 1)
        extents = progress.within(parked.first, parked.rows)
        if extents is None:
            self._done(channel, parked, None)
            return
        syncer.load(
            progress,
            extents,
            parked.first,
            parked.rows,
            lambda loaded: self._done(channel, parked, loaded),
        )

    def _done(self, channel: Channel, parked: Parked, loaded: Loaded) -> None:
        if self._reading.get(channel) is not parked:
            return  # another loop has started reading again
        del self._reading[channel]
        if self._closing.stopped or not channel.backlog or channel.backlog[0] is not parked:
            # It was given up meanwhile.
            self._charge(parked.charges, -1)
            self._unread(parked.serial)
        else:
            _pop(channel)
            self._give(channel, parked, loaded)
        self.next(channel)

    def _give(self, channel: Channel, parked: Parked, loaded: Loaded) -> None:
        if loaded is None:
            self._charge(parked.charges, -1)
            self._drop(channel, _empty(parked), reason="spool")
            return
        block = Block(loaded, first=parked.first)
        batch = Batch(
            block, serial=parked.serial, born=parked.born, charges=parked.charges, kept=True
        )
        self.senders.perform(channel, channel.lane.submit(batch))

    def released(self, serial: int) -> None:
        """A batch is final: what was read back for it is free."""
        if self._unread(serial):
            self.grant()

    def _unread(self, serial: int) -> bool:
        size = self._read.pop(serial, None)
        self._read_bytes -= size or 0
        return size is not None

    def grant(self) -> None:
        """Go on with channels that wait for room, as far as there is some."""
        while self._waiting:
            channel = next(iter(self._waiting))
            first = channel.backlog[0] if channel.backlog else None
            if isinstance(first, Parked) and not self._has_room(first.size):
                return
            del self._waiting[channel]
            self.next(channel)

    # The end ----------------------------------------------------------------------------------

    def drop(self, channel: Channel, item: Batch | Parked, *, reason: str) -> None:
        """Drop a batch that was never sent: one that waits, or was just sealed."""
        if item in channel.backlog:
            channel.backlog.remove(item)
            _tidy(channel, item)
        self._drop(channel, item if isinstance(item, Batch) else _empty(item), reason=reason)
        self.next(channel)

    def _drop(self, channel: Channel, batch: Batch, *, reason: str) -> None:
        end = dropped(batch.block, channel.lane.parts, reason=reason)
        self._settling.settle([end, Release(batch)], channel)

    def give_up(self, channel: Channel, reason: str) -> None:
        """Account for all batches that are left at the deadline."""
        while channel.backlog:
            item = _pop(channel)
            batch = item if isinstance(item, Batch) else _empty(item)
            kept = channel.kept(batch.block)
            end = given_up(
                batch.block, channel.lane.parts, kept=kept, in_doubt=False, reason=reason
            )
            self._settling.settle([end, Release(batch)], channel)

    def restart(self) -> None:
        """On a new loop: what the last one was reading is not answered."""
        for parked in self._reading.values():
            self._charge(parked.charges, -1)
            self._unread(parked.serial)
        self._reading.clear()
        self._waiting.clear()
        for channel in self._channels:
            self.next(channel)


def _pop(channel: Channel) -> Batch | Parked:
    """Remove and return the channel's first batch."""
    item = channel.backlog.popleft()
    _tidy(channel, item)
    return item


def _tidy(channel: Channel, gone: Batch | Parked) -> None:
    """A batch was removed from the channel's backlog."""
    if isinstance(gone, Parked):
        channel.parked -= gone.rows
    if not channel.backlog:
        channel.backlog = NOTHING_WAITS


def _together(channel: Channel) -> tuple[int, Lines] | None:
    """The channel's latest unsent rows that are in memory and on the disk, without a gap, with the
    number of the first one. None: there are none."""
    parts: list[Lines] = []
    accumulator = channel.accumulator
    first = accumulator.next - accumulator.rows
    if accumulator.rows and accumulator.kept:
        parts.append(accumulator.lines())
    elif accumulator.rows:
        return None
    for batch in reversed(channel.backlog):
        if not isinstance(batch, Batch) or not batch.kept or batch.block.last + 1 != first:
            break
        first = batch.block.first
        parts.append(batch.block.lines)
    return (first, joined(reversed(parts))) if parts else None


def _empty(parked: Parked) -> Batch:
    """A parked batch as one without bytes: only its rows' numbers are known."""
    block = Block(Lines(b"", bytes(4 * parked.rows)), first=parked.first)
    return Batch(block, serial=parked.serial, born=parked.born, charges=(), kept=True)
