"""The intake of the native core: it detaches the calls that it holds, and encodes them itself.

Calls that came the Python way stand in the same ring, in order: they are taken as Intake does.

Where the rows are encoded follows from what was measured (docs/performance.md, "Who waits for the
interpreter's lock"). On the host's loop they are encoded at once, in a fifth of a millisecond: to
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


# Takes 0.15 to 0.25 ms. A turn's own cost, some 40 us, is shared by as many rows.
SLICE_ROWS = 512
# Estimated bytes of a slice, about three times the encoded ones.
SLICE_BYTES = 512 * 1024


class NativeIntake(Intake):
    """See Intake. ``own_thread``: the lock is let go of while rows are encoded."""

    def __init__(
        self, ring: Ring, *, channels: Channels, settling: Settling, own_thread: bool
    ) -> None:
        super().__init__(ring, channels=channels, settling=settling, own_thread=own_thread)
        self._lets_go = own_thread

    def take(self) -> list[tuple[Run, Lines]]:
        """The next slice: runs of one channel each, encoded."""
        encoded = self._take_native() if self._call is None else []
        return encoded or self._encode(self._take_slice())

    def _next(self) -> Any:
        ring: Any = self._ring
        return ring.take_object()

    def _take_native(self) -> list[tuple[Run, Lines]]:
        """The next rows that the native core holds, encoded."""
        ring: Any = self._ring
        rows, size, taken = SLICE_ROWS, SLICE_BYTES, ring.taken
        encoded: list[tuple[Run, Lines]] = []
        while rows > 0 and size > 0:
            runs, asked = ring.drain(rows, size, self._lets_go)
            for origin, channel, estimate, lines in runs:
                run = Run(channel, origin.stream, origin.account, None)
                run.estimate = estimate
                encoded.append((run, lines))
                rows -= len(lines)
                size -= estimate
            if asked is None:
                break
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
        self.calls += ring.taken - taken
        return encoded
