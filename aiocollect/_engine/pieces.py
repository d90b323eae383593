"""Pieces: a table that is too large for one call, recorded in many, under one id.

Whatever can be cut is cut without a copy of the whole; what gives its rows one after the other
(a generator, a reader of batches) is taken as it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias

from ..errors import ConfigError, EncodeError
from .foreign import breathe
from .freeze import RowsOf, Shape
from .recorder import Recorder
from .stream import Stream

__all__ = ["PIECE_ROWS", "Progress", "record_pieces", "record_pieces_blocking"]

# Of mixed cells these hold the caller for about a millisecond or two.
PIECE_ROWS = 256

# Gets the rows recorded so far, and all of them where their number is known.
Progress: TypeAlias = Callable[[int, int | None], object]


async def record_pieces(
    recorder: Recorder,
    stream: Stream,
    data: Any,
    correlation_id: str | None,
    at: datetime | float | None,
    row: int | None,
    *,
    piece_rows: int,
    progress: Progress | None,
) -> str | None:
    """Record all rows, waiting for room before each piece, and letting others run after it."""
    told = _Told(data, row or 0, progress)
    pending = _pieces(data, piece_rows)
    halves: list[Any] = []
    while (piece := halves.pop() if halves else next(pending, None)) is not None:
        values = ((stream, as_rows(piece, stream.shape)),)
        try:
            found = await recorder.record_waiting(values, correlation_id, at, told.row)
        except EncodeError as error:
            halves += _halved(piece, error)
            continue
        if found is None:
            return correlation_id  # switched off
        correlation_id = found
        told.tell(len(piece))
        await breathe()
    return correlation_id


def record_pieces_blocking(
    recorder: Recorder,
    stream: Stream,
    data: Any,
    correlation_id: str | None,
    at: datetime | float | None,
    row: int | None,
    timeout: float | None,
    *,
    piece_rows: int,
    progress: Progress | None,
) -> str | None:
    """The same on a thread, which is blocked; ``timeout`` is for each piece."""
    told = _Told(data, row or 0, progress)
    pending = _pieces(data, piece_rows)
    halves: list[Any] = []
    while (piece := halves.pop() if halves else next(pending, None)) is not None:
        values = ((stream, as_rows(piece, stream.shape)),)
        try:
            found = recorder.record_blocking(values, correlation_id, at, told.row, timeout)
        except EncodeError as error:
            halves += _halved(piece, error)
            continue
        if found is None:
            return correlation_id  # switched off
        correlation_id = found
        told.tell(len(piece))
    return correlation_id


class _Told:
    """How far it is: ``row`` is the index of the next row."""

    __slots__ = ("_begin", "_progress", "_total", "row")

    def __init__(self, data: Any, begin: int, progress: Progress | None) -> None:
        if progress is not None and not callable(progress):
            raise ConfigError("progress must be callable with (rows so far, rows in all or None)")
        self.row = self._begin = begin
        self._progress = progress
        self._total = len(data) if hasattr(type(data), "__len__") else None

    def tell(self, rows: int) -> None:
        self.row += rows
        if self._progress is not None:
            self._progress(self.row - self._begin, self._total)


def as_rows(piece: Any, shape: Shape) -> Any:
    """The piece for freezing: its elements are rows, but where the stream is one column."""
    return piece if shape.is_one_column else RowsOf(piece)


def _pieces(data: Any, rows: int) -> Iterator[Any]:
    """The data in pieces of so many rows. Raises ConfigError for what has none."""
    if type(rows) is not int or rows < 1:
        raise ConfigError("piece_rows must be a whole number, 1 or more")
    if isinstance(data, str | bytes | dict):
        raise ConfigError(f"a {type(data).__name__} is one row, or none; give rows or a table")
    return _cut(data, rows)


def _cut(data: Any, rows: int) -> Iterator[Any]:
    if not hasattr(type(data), "__len__"):
        found = iter(data)
        while piece := list(islice(found, rows)):
            yield piece
        return
    for begin in range(0, len(data), rows):
        yield _slice(data, begin, min(begin + rows, len(data)))


def _slice(data: Any, begin: int, end: int) -> Any:
    """These rows: of a frame of pandas by place, never by label."""
    if hasattr(data, "iloc"):
        return data.iloc[begin:end]
    if type(data).__module__.partition(".")[0] == "pyarrow":
        return data.slice(begin, end - begin)
    return data[begin:end]


def _halved(piece: Any, error: EncodeError) -> list[Any]:
    """The piece as two, the second one first; the error where that does not help."""
    rows = len(piece)
    if error.reason != "too_large" or rows < 2:
        raise error
    return [_slice(piece, rows // 2, rows), _slice(piece, 0, rows // 2)]
