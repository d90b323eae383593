"""The intake of the native core: it detaches the calls that it holds, and encodes them itself.

Calls that came the Python way stand in the same ring, in order: they are taken as Intake does.
"""

from __future__ import annotations

from typing import Any

from .._core.ids import timestamp_text
from .._core.lines import Lines
from ..typing import Piece
from .intake import Intake
from .runs import Run

__all__ = ["NativeIntake"]


class NativeIntake(Intake):
    """See Intake."""

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
        rows, size, taken = self._slice_rows, self._slice_bytes, ring.taken
        encoded: list[tuple[Run, Lines]] = []
        while rows > 0 and size > 0:
            runs, asked = ring.drain(rows, size, True)
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
