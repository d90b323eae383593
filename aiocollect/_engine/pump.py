"""The pump: takes calls from the ring, has them encoded, coalesces them per channel, seals.

The only reader of the ring. It works in slices of at most 256 rows or 64 KiB of encoded text, so
that the loop it shares with the scoring server is never held for much longer than a millisecond.

It seals a batch when the next row no longer fits, and when the linger has passed and the lane is
idle: while a lane is busy its rows go on coalescing, so a slow store gets fewer and fuller blocks.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import Any

from .._core.accumulator import Batch
from .._core.ids import timestamp_text
from .._core.ring import Account, Ring
from .._core.unsettled import Unsettled
from ..records import Call
from ..typing import Encoder, Piece
from .stream import Channel, Stream

__all__ = ["Pump"]

SLICE_ROWS = 256
SLICE_BYTES = 64 * 1024


class Pump:
    """Turns calls into batches. ``turn`` is one slice of work; ``submit`` gets what is sealed."""

    def __init__(
        self,
        ring: Ring,
        *,
        encoder: Encoder,
        unsettled: Unsettled,
        channel_of: Callable[[Stream, int], Channel],
        submit: Callable[[Channel, Batch], None],
        unencodable: Callable[[Stream, int], None],
    ) -> None:
        self._ring = ring
        self._encoder = encoder
        self._unsettled = unsettled
        self._channel_of = channel_of
        self._submit = submit
        self._unencodable = unencodable
        self._call: Call | None = None  # taken, and not encoded to its end
        self._part = 0
        self._row = 0
        self._spent = 0  # bytes of the call's cost that its encoded rows have been charged
        self._deadlines: list[tuple[float, int, Channel]] = []
        self._tie = count()
        self.rows_taken = 0  # encoded, or dead-lettered in the attempt
        self.calls_done = 0

    def __repr__(self) -> str:
        return f"<Pump {self.calls_done} calls, {self.rows_taken} rows>"

    # Taking -----------------------------------------------------------------------------------

    def turn(self, now: float) -> bool:
        """Take and encode one slice, and seal what is due. False: the ring is empty."""
        rows = size = 0
        while rows < SLICE_ROWS and size < SLICE_BYTES:
            call = self._call
            if call is None:
                call = self._call = self._ring.take()
                if call is None:
                    break
            taken, written = self._encode_some(call, SLICE_ROWS - rows, now)
            rows += taken
            size += written
        self._seal_due(now)
        return self._call is not None or len(self._ring) > 0

    def _encode_some(self, call: Call, room: int, now: float) -> tuple[int, int]:
        """Encode at most ``room`` rows of the call's current part; returns rows and bytes."""
        correlation_id, time, day, parts, total, cost, account = call
        stream, rows, number = parts[self._part]
        first = self._row
        last = min(number, first + room)
        some = rows if last - first == number else rows[first:last]
        piece = Piece(some, correlation_id, timestamp_text(time), first)
        channel = stream.channels.get(day) or self._channel_of(stream, day)
        lines = self._lines(stream, piece, last - first)
        size = sum(map(len, lines))
        # The estimate that was charged at accept is exchanged for what the rows really take.
        estimate = cost * (last - first) // total
        self._row = last
        if last == number:
            self._part += 1
            self._row = 0
            if self._part == len(parts):
                estimate = cost - self._spent
                self._call = None
                self._part = 0
                self.calls_done += 1
        self._spent = self._spent + estimate if self._call is not None else 0
        self._ring.charge(size - estimate, account)
        self.rows_taken += last - first
        self._coalesce(channel, lines, account, now)
        return last - first, size

    def _lines(self, stream: Stream, piece: Piece, rows: int) -> list[bytes]:
        try:
            return self._encoder.encode([piece])
        except Exception:
            # What the encoder cannot write must not take its neighbours along.
            self._unencodable(stream, rows)
            return []

    # Coalescing and sealing -------------------------------------------------------------------

    def _coalesce(self, channel: Channel, lines: list[Any], account: Account, now: float) -> None:
        accumulator = channel.accumulator
        while lines:
            fresh = not accumulator.rows
            taken = accumulator.add(lines, account=account, now=now)
            if fresh:
                lane = channel.lane
                deadline = accumulator.deadline(
                    blocks_used=lane.blocks_used, last_fill=channel.last_fill
                )
                heapq.heappush(self._deadlines, (deadline, next(self._tie), channel))
            if taken == len(lines):
                return
            self.seal(channel)
            lines = lines[taken:]

    def seal(self, channel: Channel) -> None:
        """Freeze what the channel has coalesced, if anything, and hand it to the lane."""
        channel.due = False
        accumulator = channel.accumulator
        if not accumulator.rows:
            return
        channel.last_fill = accumulator.fill(accumulator.size)
        batch = accumulator.seal(serial=self._unsettled.next_serial())
        self._unsettled.add(batch)
        self._submit(channel, batch)

    def _seal_due(self, now: float) -> None:
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            _, _, channel = heapq.heappop(self._deadlines)
            if channel.lane.busy:
                channel.due = True  # the senders ask for it as soon as the lane is idle
            else:
                self.seal(channel)

    def next_deadline(self) -> float | None:
        """When the next batch is due, or None."""
        deadlines = self._deadlines
        while deadlines:
            deadline, _, channel = deadlines[0]
            accumulator = channel.accumulator
            if accumulator.rows and accumulator.born <= deadline:
                return deadline
            # Sealed before its time; the rows since then have a deadline of their own.
            heapq.heappop(deadlines)
        return None
