"""The intake of the native core: it detaches the calls that it holds, and encodes them itself.

Calls that came the Python way stand in the same ring, in order: they are taken as Intake does.

Where the rows are encoded follows from what was measured (performance.md, "Who waits for the
interpreter's lock"). On the host's loop they are encoded at once, in a tenth of a millisecond: to
let go of the lock for that would cost the loop up to 5 ms whenever another thread of the host
computes, and a thread beside the loop would compete with it for its processor. On a thread of our
own the lock is let go of, so that the host waits for a slice's bookkeeping alone.
"""

from __future__ import annotations

from typing import Any

from .._core.ids import timestamp_text
from .._core.lines import Lines
from .._core.ring import Ring
from ..typing import Piece
from .channels import Channels
from .intake import Intake
from .runs import Run
from .settling import Settling

__all__ = ["NativeIntake"]


# About 0.1 ms on a loop, which a host shares; a turn of our own thread can be longer, and its own
# cost, some 40 us, is then shared by more rows.
SLICE_ROWS, SLICE_ROWS_APART = 256, 512
# Estimated bytes of a row, about three times the encoded ones.
ROW_BYTES = 768


class NativeIntake(Intake):
    """See Intake. ``own_thread``: the lock is let go of while rows are encoded."""

    def __init__(
        self, ring: Ring, *, channels: Channels, settling: Settling, own_thread: bool
    ) -> None:
        super().__init__(ring, channels=channels, settling=settling, own_thread=own_thread)
        self._lets_go = own_thread
        self._native_rows = SLICE_ROWS_APART if own_thread else SLICE_ROWS
        # A row that Python encodes fills as much of a slice as so many of the core's.
        self._weight = self._native_rows // self._slice_rows
        self._rows_left = self._bytes_left = 0  # of the slice that is being taken

    def take(self) -> list[tuple[Run, Lines]]:
        """The next slice: runs of one channel each, encoded."""
        slice_: list[tuple[Run, Lines]] = []
        ring: Any = self._ring
        self._rows_left, self._bytes_left = self._native_rows, ROW_BYTES * self._native_rows
        try:
            while self._room and self._take_more(ring, slice_):
                pass
        except BaseException as error:
            # What is encoded already has left the ring. An error comes again in the next slice.
            if not slice_:
                raise
            if isinstance(error, KeyboardInterrupt | SystemExit):
                self._interrupt = error
        return slice_

    def _put(
        self, slice_: list[tuple[Run, Lines]], run: Run, lines: Lines, *, weight: int = 1
    ) -> None:
        slice_.append((run, lines))
        self._rows_left -= len(lines) * weight
        self._bytes_left -= run.estimate * weight

    @property
    def _room(self) -> bool:
        return self._rows_left > 0 and self._bytes_left > 0

    def _take_more(self, ring: Any, slice_: list[tuple[Run, Lines]]) -> bool:
        """Add the next rows to the slice, native ones or others. False: there are none."""
        before, calls = len(slice_), self.calls
        if self._call is None:
            taken = ring.taken
            try:
                self._take_native(ring, slice_)
            finally:
                self.calls += ring.taken - taken
        if len(slice_) == before:
            for run, lines in self._encode(self._take_slice()):
                self._put(slice_, run, lines, weight=self._weight)
        return len(slice_) > before or self.calls > calls

    def _next(self) -> Any:
        ring: Any = self._ring
        return ring.take_object()

    def _take_native(self, ring: Any, slice_: list[tuple[Run, Lines]]) -> None:
        """Add the next rows that the native core holds."""
        while self._room:
            runs, asked = ring.drain(self._rows_left, self._bytes_left, self._lets_go)
            for origin, channel, estimate, lines in runs:
                run = Run(channel, origin.stream, origin.account, None)
                run.estimate = estimate
                self._put(slice_, run, lines)
            if asked is None:
                return
            origin, hour = asked
            stream, account = origin.stream, origin.account
            channel = stream.channel if hour == stream.hour else None
            if channel is None or channel.closed:
                channel = self._find(stream, hour, account)
            if channel is None:
                correlation_id, time, _, ((_, some, _, *before),), _, cost, *_ = ring.take()
                first = before[0] if before else 0
                piece = Piece(some, correlation_id, timestamp_text(time), first)
                self._dead_letter(stream, piece, "layout", cost, account, None)
                continue
            origin.write(*stream.form.encoder.native(stream.schema))
            origin.channel, origin.hour = channel, hour
            if origin not in channel.origins:
                channel.origins += (origin,)
