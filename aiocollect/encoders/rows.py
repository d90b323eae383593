"""One line a row: the shared part of the encoders of lines.

Rows of numbers are written by one ``orjson.dumps``, as are arrays; every other row cell by cell.
JSON's null means missing, NaN or an infinity: where there is one, the cells tell which. An Enum
would be written by orjson as its value: the engine passes on cells of exact types only.

Where the native core runs, it writes most rows itself, byte for byte as it is done here
(_native/encode.hpp).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Any, Final

import orjson

from ..errors import EncodeError
from ..typing import Piece, Schema

__all__ = ["RowEncoder"]

_NUMBERS: Final[frozenset[type]] = frozenset({float, int, bool, type(None)})
_NULL: Final = ord("n")  # of the words in a row of numbers only null has an n


class RowEncoder:
    """The shared part of CSV and JSONL; ``replaced`` counts lone surrogates that became U+FFFD.

    An encoder belongs to one pipeline, and only its pump calls it, so the count changes on one
    thread; any thread can read it. A call that raises counts nothing: its rows are encoded again.
    """

    # How the four values that JSON writes as null are written: missing, NaN, infinity, minus
    # infinity.
    _words: tuple[bytes, bytes, bytes, bytes]

    def __init__(self) -> None:
        self.replaced = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, {self.replaced} surrogates replaced>"

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        """One line per row: its cells; with ``schema.ids`` its correlation id, scoring time, and
        index within its call; then the constants.

        All rows have the same columns, at least one. A row is a tuple of cells of the types in the
        module docstring, or a row of a C-contiguous 2-D numpy array of booleans, integers or floats
        of up to 64 bits, in native byte order. Raises EncodeError for anything else.
        """
        before = self.replaced
        try:
            end = self._end(schema)
            bodies = chain.from_iterable(self._table(rows, schema) for rows in _tables(pieces))
            if not schema.ids:
                return [self._alone(body, end) for body in bodies]
            lines: list[bytes] = []
            for rows, correlation_id, timestamp, first in pieces:
                stamp = self._stamp(correlation_id, timestamp)
                if len(rows) == 1:  # half of the price below
                    lines.append(next(bodies) + stamp + (b"%d" % first) + end)
                    continue
                for index, body in zip(range(first, first + len(rows)), bodies, strict=False):
                    lines.append(b"%b%b%d%b" % (body, stamp, index, end))
            return lines
        except BaseException:
            self.replaced = before
            raise

    # What a format says ----------------------------------------------------------------------

    @abstractmethod
    def _row(self, cells: bytes, schema: Schema) -> bytes:
        """A row of numbers, given with commas between its cells."""

    @abstractmethod
    def _row_of(self, cells: list[bytes], schema: Schema) -> bytes:
        """A row of cells."""

    @abstractmethod
    def _cell(self, cell: Any) -> bytes:
        """One cell; of any supported type. Raises EncodeError for others."""

    @abstractmethod
    def _stamp(self, correlation_id: str, timestamp: str) -> bytes:
        """What is between a row's cells and its index."""

    @abstractmethod
    def _end(self, schema: Schema) -> bytes:
        """What ends each line: the constants, and the newline."""

    def _alone(self, body: bytes, end: bytes) -> bytes:
        """The line of a row that has no metadata of its own."""
        return body + end

    # Rows ------------------------------------------------------------------------------------

    def _table(self, rows: Any, schema: Schema) -> list[bytes]:
        """The cells of each row: of numbers and of an array by one call."""
        count = len(rows)
        of_cells = type(rows) is tuple
        if of_cells and not _NUMBERS.issuperset(map(type, chain.from_iterable(rows))):
            return [self._body(row, schema) for row in rows]
        try:
            text = orjson.dumps(rows, None, orjson.OPT_SERIALIZE_NUMPY)
        except TypeError:
            if of_cells:  # an integer beyond 64 bits
                return [self._body(row, schema) for row in rows]
            raise EncodeError("an array has a type or order that cannot be written") from None
        found = text[2:-2].split(b"],[") if count else []
        if len(found) != count or not all(found):
            raise EncodeError("a row without cells cannot be written", reason="shape")
        if _NULL in text:
            found = [
                self._told(cells, rows[at] if of_cells else rows[at].tolist())
                if _NULL in cells
                else cells
                for at, cells in enumerate(found)
            ]
        return [self._row(cells, schema) for cells in found]

    def _body(self, row: tuple[Any, ...], schema: Schema) -> bytes:
        if _NUMBERS.issuperset(map(type, row)):
            try:
                cells = orjson.dumps(row)[1:-1]
            except TypeError:
                pass
            else:
                return self._row(self._told(cells, row) if _NULL in cells else cells, schema)
        return self._row_of(list(map(self._cell, row)), schema)

    def _told(self, cells: bytes, row: Sequence[Any]) -> bytes:
        """The cells with the right word in place of each null."""
        missing, nan, more, less = self._words
        words = [
            missing if cell is None else nan if cell != cell else more if cell > 0 else less
            for cell in row
            if cell is None or (type(cell) is float and cell - cell != 0)
        ]
        parts = zip_longest(cells.split(b"null"), words, fillvalue=b"")
        return b"".join(chain.from_iterable(parts))


def _tables(pieces: Sequence[Piece]) -> list[Any]:
    """What is written together: rows of cells of all calls, or an array."""
    tables = [piece.rows for piece in pieces]
    if set(map(type, tables)) == {tuple}:
        return [tuple(chain.from_iterable(tables))]
    return tables
