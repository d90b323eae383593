"""Rows as CSV: RFC 4180, UTF-8, LF, every value so that it can be told from every other.

Numbers and booleans are bare; a missing cell is bare and empty; an empty text is ``""``. A text is
bare only where nothing could take it for anything else, so a reader that heeds quotes gets back
exactly what was given. Floats are the shortest text that reads back to the same value, in the
precision they came in (orjson, Ryu); NaN is ``NaN``, the infinities ``inf`` and ``-inf``.

There is one fast path, for runs of rows that hold nothing but finite numbers and booleans: orjson
writes them all at once. Every other row takes the slow path alone. Both write the same bytes, since
numbers come from orjson in both (tests/property/test_csv_roundtrip.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson

from ..typing import Piece

__all__ = ["CsvEncoder"]

# Bare where it begins with a letter and holds nothing that separates, quotes or ends a cell.
_PLAIN = re.compile(r"[^\W\d_](?:[\w ./:@+-]*[\w./:@+-])?")
# Words that readers take for a missing value, a number or a boolean (pandas' na_values, float()).
_WORDS = frozenset("na n/a nan null none nil true false t f yes no inf infinity infnan".split())
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NUMPY = orjson.OPT_SERIALIZE_NUMPY


class CsvEncoder:
    """Writes CSV lines: the cells, then correlation id, scoring time and row index.

    Cells are None, bool, int, float and str in tuples, or a C-ordered 2-D numpy array of booleans,
    integers or floats. ``replaced`` counts lone surrogates that became U+FFFD, since UTF-8 has no
    bytes for them. Used by one thread, the pump's.
    """

    content_type = "text/csv; charset=utf-8"
    extension = "csv"

    def __init__(self) -> None:
        self.replaced = 0

    def __repr__(self) -> str:
        return "<CsvEncoder>"

    def header(self, columns: Sequence[str]) -> bytes:
        """The column names, quoted where they need it."""
        return b",".join(map(self._name, columns)) + b"\n"

    def encode(self, pieces: Sequence[Piece]) -> list[bytes]:
        """One line per row. Raises only for what collect() does not let in."""
        lines: list[bytes] = []
        for rows, correlation_id, timestamp, first in pieces:
            tail = b"," + self._id(correlation_id) + b"," + timestamp.encode() + b","
            written = self._fast(rows)
            if written is None:
                written = [self._slow(row) for row in rows]
            lines += [
                b"%b%b%d\n" % (line, tail, index) for index, line in enumerate(written, first)
            ]
        return lines

    # Fast: a run of numbers ---------------------------------------------------------------------

    def _fast(self, rows: Any) -> list[bytes] | None:
        """The rows' cells, or None where any row holds more than finite numbers and booleans."""
        try:
            text = orjson.dumps(rows, option=_NUMPY)
        except TypeError:  # integers beyond 64 bits, lone surrogates
            return None
        if b'"' in text or b"null" in text:
            return None
        # [[1.0,2],[3.0,4]]: no cell holds a bracket, so this cuts between rows alone.
        return text[2:-2].split(b"],[")

    # Slow: one row, any cell --------------------------------------------------------------------

    def _slow(self, row: Any) -> bytes:
        cells = [self._cell(cell) for cell in row]
        # A line of nothing at all would vanish in readers: the one ambiguity, "" for missing.
        return b",".join(cells) if cells != [b""] else b'""'

    def _cell(self, cell: Any) -> bytes:
        if cell is None:
            return b""
        if type(cell) is str:
            return self._text(cell)
        if type(cell) is int:
            return b"%d" % cell
        text = orjson.dumps(cell, option=_NUMPY)
        if text != b"null":
            return text
        if cell != cell:
            return b"NaN"
        return b"inf" if cell > 0 else b"-inf"

    def _text(self, text: str) -> bytes:
        if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
            return text.encode()
        return self._quoted(text)

    def _quoted(self, text: str) -> bytes:
        quoted = '"' + text.replace('"', '""') + '"'
        try:
            return quoted.encode()
        except UnicodeEncodeError:
            quoted, count = _SURROGATE.subn("\ufffd", quoted)
            self.replaced += count
            return quoted.encode()

    def _name(self, name: str) -> bytes:
        return name.encode() if re.fullmatch(r"[$\w.-]+", name, re.ASCII) else self._quoted(name)

    def _id(self, correlation_id: str) -> bytes:
        # A UUID may begin with digits, but nobody takes it for a number.
        if _UUID.fullmatch(correlation_id):
            return correlation_id.encode()
        return self._text(correlation_id)
