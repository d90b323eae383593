"""Pieces: a table that is too large for one call is recorded in many, under one id.

Whatever can be cut is cut without a copy of the whole; what gives its rows one after the other
(a generator, a reader of batches) is taken as it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final, TypeAlias

from .._delivery.stream import Stream
from .._threads.foreign_loops import breathe
from .._values.cells import types_of
from .._values.shape import RowsOf, Shape
from ..errors import ConfigError, EncodeError
from .recorder import Recorder, Values
from .stamps import next_row

__all__ = ["PIECE_ROWS", "Progress", "record_pieces", "record_pieces_blocking"]

# So many rows of mixed cells occupy the caller for one or two milliseconds.
PIECE_ROWS = 256

_ROWS: Final[frozenset[type]] = frozenset({list, tuple, dict})
_ODD: Final[frozenset[type]] = frozenset({object})

# Gets the number of rows recorded so far, and the number of all rows if it is known.
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
    """Record all rows. Waits for room before each piece, and lets other tasks run after it."""
    calls = _PieceCalls(stream, data, correlation_id, row, piece_rows=piece_rows, progress=progress)
    for values in calls:
        try:
            found = await recorder.record_waiting(
                values, calls.correlation_id, at, calls.row, calls.counted
            )
        except EncodeError as error:
            calls.halve(error)
            continue
        if found is None:
            break  # switched off
        calls.recorded(found)
        await breathe()
    return calls.correlation_id


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
    """The same, blocking this thread; ``timeout`` is for each piece."""
    calls = _PieceCalls(stream, data, correlation_id, row, piece_rows=piece_rows, progress=progress)
    for values in calls:
        try:
            found = recorder.record_blocking(
                values, calls.correlation_id, at, calls.row, timeout, calls.counted
            )
        except EncodeError as error:
            calls.halve(error)
            continue
        if found is None:
            break  # switched off
        calls.recorded(found)
    return calls.correlation_id


class _PieceCalls:
    """The calls that record one table, each with a piece of it, in order.

    After each of them say what became of it: ``recorded``, or ``halve``, after which the same rows
    come again in two calls. ``correlation_id``, ``row`` and ``counted`` are those of the next call.
    """

    def __init__(
        self,
        stream: Stream,
        data: Any,
        correlation_id: str | None,
        row: int | None,
        *,
        piece_rows: int,
        progress: Progress | None,
    ) -> None:
        if progress is not None and not callable(progress):
            raise ConfigError(
                "progress must be a callable that takes (rows so far, total rows or None)"
            )
        self._stream = stream
        self._pieces = _pieces(data, piece_rows)
        self._halves: list[Any] = []
        self._piece: Any = None
        self._progress = progress
        self._total = None if progress is None else _rows_of(data)
        self.correlation_id = correlation_id
        self.row = self._begin = next_row(correlation_id, stream) if row is None else row
        self.counted: list[int] = []

    def __iter__(self) -> Iterator[Values]:
        while self._take():
            self.counted = []
            yield ((self._stream, as_rows(self._piece, self._stream.shape)),)

    def _take(self) -> bool:
        self._piece = self._halves.pop() if self._halves else next(self._pieces, None)
        return self._piece is not None

    def recorded(self, correlation_id: str) -> None:
        """The call was accepted, under this id."""
        self.correlation_id = correlation_id
        self.row += sum(self.counted) if self.counted else len(self._piece)
        if self._progress is not None:
            self._progress(self.row - self._begin, self._total)

    def halve(self, error: EncodeError) -> None:
        """The call was refused; its rows come again as two calls. Raises ``error`` if that does
        not help."""
        rows = len(self._piece)
        if error.reason != "too_large" or rows < 2:
            raise error
        half = rows // 2
        self._halves += [_slice(self._piece, half, rows), _slice(self._piece, 0, half)]


def as_rows(piece: Any, shape: Shape) -> Any:
    """The piece for freezing: its elements are rows, unless the stream has one column."""
    return piece if shape.is_one_column else RowsOf(piece)


def _pieces(data: Any, rows: int) -> Iterator[Any]:
    """The data in pieces of so many rows. Raises ConfigError if it has no rows."""
    if type(rows) is not int or rows < 1:
        raise ConfigError("piece_rows must be a whole number, at least 1")
    if isinstance(data, str | bytes | dict):
        raise ConfigError(
            f"{type(data).__name__} is a single row, or not rows at all; pass rows or a table"
        )
    return _cut(_records(data), rows)


def _cut(data: Any, rows: int) -> Iterator[Any]:
    if _is_cut_by_slices(data):
        for begin in range(0, len(data), rows):
            yield _slice(data, begin, min(begin + rows, len(data)))
        return
    run: list[Any] = []
    for one in data:
        if _is_table(one):
            if run:
                yield run
                run = []
            yield from _cut(_records(one), rows)
            continue
        run.append(one)
        if len(run) == rows:
            yield run
            run = []
    if run:
        yield run


def _is_cut_by_slices(data: Any) -> bool:
    """Whether it is a table, array or Series, whose length is its number of rows."""
    kind = type(data)
    ours = hasattr(kind, "iloc") or hasattr(kind, "dtype") or _is_table(data)
    return hasattr(kind, "__len__") and (ours or kind.__module__.partition(".")[0] == "pyarrow")


def _is_table(one: Any) -> bool:
    """Whether it is many rows, as one of several elements: a table of pandas, polars or Arrow,
    numpy records, or an array of two dimensions."""
    kind = type(one)
    if kind is list or kind is tuple or kind is dict:
        return False
    if hasattr(kind, "dtype"):
        names = getattr(one.dtype, "names", None)
        return bool(getattr(one, "ndim", 0) == 2 or (names and getattr(one, "ndim", 0)))
    of_polars = hasattr(kind, "get_columns") and hasattr(kind, "height")
    return hasattr(kind, "num_rows") or of_polars or getattr(one, "ndim", 0) == 2


def _records(table: Any) -> Any:
    """Records of two dimensions as records of one, whose length is their number of rows."""
    names = getattr(getattr(table, "dtype", None), "names", None)
    return table.reshape(-1) if names else table


def _rows_of(data: Any) -> int | None:
    """How many rows there are; None if that is not known."""
    if not hasattr(type(data), "__len__"):
        return None
    if _is_cut_by_slices(data) or (types_of(data) or _ODD) <= _ROWS:
        return len(data)
    return sum([len(_records(one)) if _is_table(one) else 1 for one in data])


def _slice(data: Any, begin: int, end: int) -> Any:
    """These rows; those of a pandas frame by position, never by label."""
    if hasattr(data, "iloc"):
        return data.iloc[begin:end]
    if type(data).__module__.partition(".")[0] == "pyarrow":
        return data.slice(begin, end - begin)
    return data[begin:end]
