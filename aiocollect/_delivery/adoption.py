"""Adoption: makes channels again from what another process has left in the spool.

Each lane goes on in the parts of its writer, at its position. If rows of it were about to be sent,
they are its first batch again, byte for byte, in doubt at the same position; all others follow, in
batches as this process makes them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from .._core.accumulator import Batch
from .._core.rings import new_account
from .._core.unsettled import Unsettled
from .._spool.progress import LaneProgress
from .._spool.syncer import Syncer
from ..typing import Clock
from .channel import Channel, Parked
from .channel_builder import ChannelBuilder

__all__ = ["Adoption"]


class Adoption:
    """Of one directory and its ``lanes``, which another process has left. What its rows take in
    memory is on an account of their own."""

    def __init__(
        self,
        process: str,
        lanes: list[LaneProgress],
        syncer: Syncer,
        *,
        builder: ChannelBuilder,
        unsettled: Unsettled,
        clock: Clock,
    ) -> None:
        self.process = process
        self.rows = 0  # of the channels so far
        self._lanes = deque(lanes)
        self._syncer = syncer
        self._builder = builder
        self._unsettled = unsettled
        self._account = new_account(0)
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Adoption of {self.process}, {len(self._lanes)} lanes to go>"

    @property
    def left(self) -> int:
        """How many channels are still to be made."""
        return len(self._lanes)

    def next(self) -> Channel:
        """Make the next channel."""
        channel = self._channel_of(self._lanes.popleft())
        if not channel.is_log:
            self.rows += channel.parked
        return channel

    def _channel_of(self, progress: LaneProgress) -> Channel:
        """The channel that brings a lane's rows to the store: all of them are on the disk."""
        lane = progress.lane
        channel = self._builder.build(
            lane.path,
            header=lane.header,
            writer=lane.writer,
            own=lane.own,
            ordinal=lane.ordinal,
            serial=lane.serial,
            content_type=lane.content_type,
        )
        channel.progress, channel.syncer = progress, self._syncer
        channel.lane.take_up(progress.stand, in_doubt=progress.intent is not None)
        backlog: deque[Batch | Parked] = deque()
        for first, rows, size in _batches(progress, self._builder.max_batch_bytes):
            parked = Parked(
                first,
                rows,
                size,
                self._unsettled.next_serial(),
                self._clock.monotonic(),
                () if channel.is_log else ((self._account, size),),
            )
            if not channel.is_log:  # no flush waits for it
                self._unsettled.add(parked.serial, born=parked.born)
            backlog.append(parked)
            channel.parked += rows
        channel.backlog = backlog
        return channel


def _batches(progress: LaneProgress, limit: int) -> Iterator[tuple[int, int, int]]:
    """The rows that are left, as batches: the first row, their number, and at most so many bytes.

    The intent is a batch as it was. Others end where the limit, the intent or a gap ends them.
    """
    after = progress.done
    if progress.intent is not None:
        first, rows = progress.intent
        yield first, rows, sum(extent.size for extent in progress.within(first, rows) or ())
        after = first + rows
    start = end = size = 0
    for first, last, bytes_ in progress.left(after):
        if size and (first != end or size + bytes_ > limit):
            yield start, end - start, size
            size = 0
        if not size:
            start = first
        end, size = last, size + bytes_
    if size:
        yield start, end - start, size
