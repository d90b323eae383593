"""Rows in order of their time and id, in bounded memory, however many there are.

Rows that are equal in both stay in the order in which they came. What does not fit is sorted piece
by piece and put into a temporary file, and the pieces are merged: up to the smallest of the times
that their batches end with, every row is known, so these rows are sorted and yielded. Of a piece
nothing is in memory before its time has come: rows that were written one after the other lie in
pieces one after the other, of which one or two are open, however large the day is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Any, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from ..reading.fetch.positioned import Positioned
from ..typing import METADATA

__all__ = ["Sorter"]

ID, TIME, ROW = METADATA
# Bytes of rows that are held before they are put away.
HELD: Final = 8 * 2**20
# Bytes of a batch in the temporary file: of each piece that is open one is in memory.
BATCH: Final = 2**19
_LATEST: Final = 2**63 - 1


class Sorter:
    """Rows without an id, a time or an index keep their order."""

    def __init__(self, *, held: int = HELD, batch: int = BATCH) -> None:
        self._held = held
        self._batch = batch
        self._tables: list[Any] = []
        self._size = 0
        self._file: IO[bytes] | None = None
        self._pieces: list[_Piece] = []

    def __repr__(self) -> str:
        return f"<Sorter: {len(self._pieces)} pieces, {self._size:,} bytes held>"

    def close(self) -> None:
        """Give up the temporary file."""
        if self._file is not None:
            self._file.close()

    def add(self, table: Any) -> Iterator[Any]:
        """Take rows; those that need no order are yielded at once."""
        if not {ID, TIME, ROW} <= set(table.column_names):
            yield table
            return
        self._tables.append(table)
        self._size += table.nbytes
        if self._size >= self._held:
            self._put_away()

    def rest(self) -> Iterator[Any]:
        """All rows, in order."""
        if not self._pieces:
            if self._tables:
                yield _sorted(pa.concat_tables(self._tables))
            return
        if self._tables:
            self._put_away()
        yield from self._merged()

    def _put_away(self) -> None:
        table = _sorted(pa.concat_tables(self._tables))
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - close() does
        begin = self._file.tell()
        with pa.ipc.new_file(pa.PythonFile(self._file, mode="w"), table.schema) as writer:
            rows = max(1, self._batch * table.num_rows // max(1, table.nbytes))
            writer.write_table(table, max_chunksize=rows)
        first = _time_at(table, 0)
        self._pieces.append(_Piece(self._file, begin, self._file.tell(), first))
        self._tables, self._size = [], 0

    def _merged(self) -> Iterator[Any]:
        later = sorted(self._pieces, key=lambda piece: piece.first, reverse=True)
        pieces: list[_Piece] = []
        while pieces or later:
            until = min((piece.last for piece in pieces), default=None)
            while later and (until is None or later[-1].first <= until):
                pieces.append(later.pop())
                pieces[-1].fill()
                until = min(piece.last for piece in pieces)
            pieces.sort(key=lambda piece: piece.begin)  # equal rows keep their order
            assert until is not None
            taken = [rows for piece in pieces for rows in piece.taken(until)]
            yield _sorted(pa.concat_tables(taken))
            pieces = [piece for piece in pieces if piece.fill()]


class _Piece:
    """A sorted piece in the temporary file, from ``begin`` on, read batch by batch. ``first``: the
    time of its first row; ``last``: that of the last row in memory."""

    def __init__(self, file: IO[bytes], begin: int, end: int, first: int) -> None:
        self.begin = begin
        self._window = _Window(file, begin, end)
        self._reader: Any = None
        self._next = 0
        self._table: Any = None
        self.first = first
        self.last = first

    def fill(self) -> bool:
        """Have a batch that is not empty. False: there are no more."""
        if self._table is None or not self._table.num_rows:
            self._table = self._read()
            if self._table is not None:
                self.last = _time_at(self._table, self._table.num_rows - 1)
        return self._table is not None

    def taken(self, until: int) -> Iterator[Any]:
        """The rows up to a time; all of this time, in as many batches as they are."""
        while self._table is not None:
            times = pc.fill_null(pc.cast(self._table[TIME], pa.int64()), _LATEST)
            count = pc.sum(pc.less_equal(times, until)).as_py() or 0
            yield self._table.slice(0, count)
            self._table = self._table.slice(count)
            if self._table.num_rows or not self.fill():
                return

    def _read(self) -> Any:
        if self._reader is None:
            self._reader = pa.ipc.open_file(pa.PythonFile(self._window, mode="r"))
        if self._next >= self._reader.num_record_batches:
            return None
        self._next += 1
        return pa.Table.from_batches([self._reader.get_batch(self._next - 1)])


class _Window(Positioned):
    """A part of a file as a file."""

    closed = False

    def __init__(self, file: IO[bytes], begin: int, end: int) -> None:
        super().__init__(end - begin)
        self._file, self._begin = file, begin

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes."""
        left = self._length - self._at
        self._file.seek(self._begin + self._at)
        data = self._file.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data

    def flush(self) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """The file is somebody else's."""


def _time_at(table: Any, at: int) -> int:
    """The time of a row; a row without one comes after all others."""
    moment = pc.cast(table[TIME].slice(at, 1), pa.int64())[0].as_py()
    return _LATEST if moment is None else int(moment)


def _sorted(table: Any) -> Any:
    table = table.combine_chunks()
    if table.num_rows < 2 or _is_sorted(table):
        return table
    return table.take(pc.sort_indices(table, [(TIME, "ascending"), (ID, "ascending")]))


def _is_sorted(table: Any) -> bool:
    """What one writer has written mostly is: then nothing has to be moved."""
    if table[TIME].null_count or table[ID].null_count:
        return False  # comparing them says nothing
    times = pc.cast(table[TIME].combine_chunks(), pa.int64())
    before, after = times.slice(0, len(times) - 1), times.slice(1)
    if pc.all(pc.less_equal(before, after)).as_py() is not True:
        return False
    same = pc.equal(before, after)
    ids = table[ID].combine_chunks()
    first, second = ids.slice(0, len(ids) - 1).filter(same), ids.slice(1).filter(same)
    return pc.all(pc.less_equal(first, second)).as_py() is not False
