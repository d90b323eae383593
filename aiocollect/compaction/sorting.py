"""Rows in order of their time and id, in bounded memory, however many there are.

Rows that are equal in both stay in the order in which they came. What does not fit is sorted piece
by piece and put into a temporary file, and the pieces are merged: up to the smallest of the times
that their batches end with, every row is known, so these rows are sorted and yielded.
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
HELD: Final = 24 * 2**20
# Rows of a batch in the temporary file: of each piece one is in memory.
BATCH: Final = 4096


class Sorter:
    """Rows without an id, a time or an index keep their order."""

    def __init__(self, *, held: int = HELD, batch: int = BATCH) -> None:
        self._held = held
        self._batch = batch
        self._tables: list[Any] = []
        self._size = 0
        self._file: IO[bytes] | None = None
        self._pieces: list[tuple[int, int]] = []

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
            writer.write_table(table, max_chunksize=self._batch)
        self._pieces.append((begin, self._file.tell()))
        self._tables, self._size = [], 0

    def _merged(self) -> Iterator[Any]:
        assert self._file is not None
        pieces = [_Piece(self._file, *where) for where in self._pieces]
        while pieces := [piece for piece in pieces if piece.fill()]:
            until = min(piece.last for piece in pieces)
            taken = [rows for piece in pieces for rows in piece.taken(until)]
            yield _sorted(pa.concat_tables(taken))


class _Piece:
    """A sorted piece in the temporary file, read batch by batch."""

    def __init__(self, file: IO[bytes], begin: int, end: int) -> None:
        self._file = file
        self._reader = pa.ipc.open_file(pa.PythonFile(_Window(file, begin, end), mode="r"))
        self._next = 0
        self._table: Any = None
        self.last = 0

    def fill(self) -> bool:
        """Have a batch that is not empty. False: there are no more."""
        if self._table is None or not self._table.num_rows:
            self._table = self._read()
            if self._table is not None:
                self.last = _last_time(self._table)
        return self._table is not None

    def taken(self, until: int) -> Iterator[Any]:
        """The rows up to a time; all of this time, in as many batches as they are."""
        while self._table is not None:
            times = pc.cast(self._table[TIME], pa.int64())
            count = pc.sum(pc.less_equal(times, until)).as_py() or 0
            yield self._table.slice(0, count)
            self._table = self._table.slice(count)
            if self._table.num_rows or not self.fill():
                return

    def _read(self) -> Any:
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


def _last_time(table: Any) -> int:
    last = table[TIME].slice(table.num_rows - 1)
    return int(pc.cast(last, pa.int64())[0].as_py())


def _sorted(table: Any) -> Any:
    table = table.combine_chunks()
    if table.num_rows < 2 or _is_sorted(table):
        return table
    return table.take(pc.sort_indices(table, [(TIME, "ascending"), (ID, "ascending")]))


def _is_sorted(table: Any) -> bool:
    """What one writer has written mostly is: then nothing has to be moved."""
    times = pc.cast(table[TIME].combine_chunks(), pa.int64())
    before, after = times.slice(0, len(times) - 1), times.slice(1)
    if pc.all(pc.less_equal(before, after)).as_py() is not True:
        return False
    same = pc.equal(before, after)
    ids = table[ID].combine_chunks()
    first, second = ids.slice(0, len(ids) - 1).filter(same), ids.slice(1).filter(same)
    return pc.all(pc.less_equal(first, second)).as_py() is not False
