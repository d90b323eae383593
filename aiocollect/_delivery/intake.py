"""The intake: how rows leave the ring, as encoded lines in the order that they came in.

It works in slices of at most 256 rows or estimated 128 KiB, so that it never occupies the loop that
it shares with the scoring server much longer than a millisecond; in a thread of our own the slices
are smaller. Within a slice the rows of one channel are encoded together,
which halves the cost of small calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .._core.calls import Call
from .._core.commands import Finish, Outcome
from .._core.ids import timestamp_text
from .._core.lines import Lines
from .._core.ring import Account, Ring
from ..events import DeadLettered
from ..typing import Piece
from .channel import Channel
from .channels import Channels
from .receipts import Receipt
from .runs import Run
from .settling import Settling
from .stream import Stream

__all__ = ["Intake"]

SLICE_ROWS = 256
# On a thread of our own: 0.3 ms of work, where 256 rows take 0.9 to 2 ms. So long a thread of the
# host that wakes waits for the interpreter's lock.
SLICE_ROWS_APART = 32
# Estimated bytes of a slice, about twice the encoded ones.
SLICE_BYTES = 128 * 1024


_LINES = {bytes}
_T = TypeVar("_T")


class Intake:
    """The only reader of the ring. ``take`` is one slice. Rows that cannot be encoded are final
    here. ``own_thread``: it works beside threads of the host, and not on their loop."""

    def __init__(
        self, ring: Ring, *, channels: Channels, settling: Settling, own_thread: bool
    ) -> None:
        self._ring = ring
        self._slice_rows = SLICE_ROWS_APART if own_thread else SLICE_ROWS
        self._slice_bytes = SLICE_BYTES * self._slice_rows // SLICE_ROWS
        self._channels = channels
        self._settling = settling
        self.calls = 0  # taken and encoded to their end
        self._call: Call | None = None  # taken, and not yet encoded to its end
        self._part = 0
        self._row = 0
        self._done = 0  # rows of it that are done, over all its parts
        self._interrupt: BaseException | None = None  # see _asked()
        self.refused = 0  # rows that are final because they cannot be encoded

    def __repr__(self) -> str:
        return f"<Intake {self.calls} calls taken>"

    @property
    def empty(self) -> bool:
        """Whether there is nothing more to take."""
        return self._call is None and len(self._ring) == 0

    def take(self) -> list[tuple[Run, Lines]]:
        """The next slice: runs of one channel each, encoded."""
        return self._encode(self._take_slice())

    def raise_interrupt(self) -> None:
        """Raise the KeyboardInterrupt or SystemExit that came in meanwhile, if any did."""
        if self._interrupt is not None:
            interrupt, self._interrupt = self._interrupt, None
            raise interrupt

    def _encode(self, runs: list[Run]) -> list[tuple[Run, Lines]]:
        return [(run, Lines.of(self._lines(run))) for run in runs]

    def _next(self) -> Any:
        return self._ring.take()

    def _take_slice(self) -> list[Run]:
        """The next rows, as runs of one channel and account each, in the order they came in."""
        runs: list[Run] = []
        last: dict[Channel, Run] = {}
        rows = size = 0
        while rows < self._slice_rows and size < self._slice_bytes:
            call = self._call
            if call is None:
                call = self._next()
                if call is None:
                    break
            room, space = self._slice_rows - rows, self._slice_bytes - size
            correlation_id, time, hour, parts, number, estimate, account, receipt = call
            if call is self._call or len(parts) > 1 or number > room or estimate > space:
                self._call = call
                if rows and estimate > space * number:
                    break  # not one row of it fits
                stream, piece, number, estimate = self._cut(call, room, space)
            else:  # the same as _cut() for a whole call, at half the cost
                ((stream, some, _, *before),) = parts
                first = before[0] if before else 0
                piece = Piece(some, correlation_id, timestamp_text(time), first)
                self.calls += 1
            rows += number
            size += estimate
            channel = stream.channel if hour == stream.hour else None
            if channel is None or channel.closed:
                channel = self._find(stream, hour, account)
            if channel is None:
                self._dead_letter(stream, piece, "layout", estimate, account, receipt)
                continue
            run = last.get(channel)
            if (
                run is None
                or run.account is not account
                or run.stream is not stream
                or run.receipt is not receipt
            ):
                run = last[channel] = Run(channel, stream, account, receipt)
                runs.append(run)
            run.pieces.append(piece)
            run.estimate += estimate
        return runs

    def _find(self, stream: Stream, hour: int, account: Account) -> Channel | None:
        channel = self._asked(lambda: self._channels.channel_of(stream, hour))
        if channel is not None:
            self._channels.opened(channel, account)
        return channel

    def _asked(self, question: Callable[[], _T]) -> _T | None:
        """The answer of a user's layout or encoder; None if it raises anything, also a
        BaseException such as a panic of native code.

        An interrupt (Ctrl-C, sys.exit() in a handler) is not the encoder's error, and must not cost
        rows: it is asked once more, and the interrupt is raised after the slice. If it raises
        again, the error is its own.
        """
        try:
            return question()
        except (KeyboardInterrupt, SystemExit) as error:
            interrupt = error
        except BaseException:
            return None
        try:
            found = question()
        except BaseException:
            return None
        self._interrupt = interrupt
        return found

    def _cut(self, call: Call, room: int, space: int) -> tuple[Stream, Piece, int, int]:
        """The next rows of a call for a slice with room for ``room`` rows and about ``space``
        bytes; at least one. Returns them with their number and their share of the cost."""
        correlation_id, time, _, parts, total, cost, _, _ = call
        # If redaction has left out rows before these, a part also has the index of its first row.
        stream, rows, number, *before = parts[self._part]
        first = self._row
        last = min(number, first + room, first + max(1, space * total // cost))
        some = rows if last - first == number else rows[first:last]
        piece = Piece(
            some, correlation_id, timestamp_text(time), before[0] + first if before else first
        )
        done = self._done + last - first
        # Differences of rounded sums: over the whole call they add up to its cost.
        estimate = cost * done // total - cost * self._done // total
        self._row, self._done = last, done
        if last == number:
            self._part += 1
            self._row = 0
            if self._part == len(parts):
                self._call = None
                self._part = self._done = 0
                self.calls += 1
        return stream, piece, last - first, estimate

    def _lines(self, run: Run) -> list[bytes]:
        lines = self._encoded(run.stream, run.pieces)
        if lines is not None:
            return lines
        # Rows that cannot be encoded must not take the others along.
        lines = []
        for piece in run.pieces:
            lines += self._encoded(run.stream, [piece]) or self._one_by_one(run, piece)
        return lines

    def _encoded(self, stream: Stream, pieces: list[Piece]) -> list[bytes] | None:
        return self._asked(lambda: _encoded(stream, pieces))

    def _one_by_one(self, run: Run, piece: Piece) -> list[bytes]:
        rows, correlation_id, timestamp, first = piece
        lines: list[bytes] = []
        for index in range(len(rows)):
            row = Piece(rows[index : index + 1], correlation_id, timestamp, first + index)
            line = self._encoded(run.stream, [row])
            if line is None:
                self._dead_letter(run.stream, row, "encode", 0, run.account, run.receipt)
            else:
                lines += line
        return lines

    def _dead_letter(
        self,
        stream: Stream,
        piece: Piece,
        reason: str,
        estimate: int,
        account: Account,
        receipt: Receipt | None,
    ) -> None:
        """Rows that never come to a lane are final here. They have no sequence numbers."""
        rows = len(piece.rows)
        self._ring.charge(-estimate, account)
        self.refused += rows
        notice = DeadLettered(path=stream.label, rows=rows, first=-1, last=-1, reason=reason)
        self._settling.settle([Finish(Outcome.DEAD_LETTERED, rows, reason, notice, piece)])
        if receipt is not None:
            receipt._settle(rows, Outcome.DEAD_LETTERED)
            receipt._keep(rows, False)


def _encoded(stream: Stream, pieces: list[Piece]) -> list[bytes] | None:
    """The rows' lines; None if the encoder does not give one line per row. May raise."""
    lines = stream.form.encoder.encode(pieces, stream.schema)
    return lines if _are_lines(lines, sum(len(piece.rows) for piece in pieces)) else None


def _are_lines(lines: list[bytes], rows: int) -> bool:
    return len(lines) == rows and set(map(type, lines)) <= _LINES
