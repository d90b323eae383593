"""CSV lines as v1 wrote them, byte for byte.

Rows of lists and arrays, and every header, are those of Python's csv.writer: CRLF, quotes only
where needed, cells through str(). Rows of frames are those of pandas' to_csv(): LF; only correlated
rows of frames went through csv.writer one by one. tests/compat/golden has the original's files.

Invariants: a line is one whole row, however many line ends its cells contain; values are read
before the call returns.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from ...typing import Piece, Schema

__all__ = ["LineEncoder", "encoder_of", "frame_lines", "header_line", "row_lines", "sliced"]

# Far below limits.max_call_bytes, and below the share of the budget that each collector has.
MAX_CHARACTERS = 2**18
MAX_LINES = 2**12

_SURROGATES = re.compile("[\ud800-\udfff]")


class LineEncoder:
    """Writes rows that are lines already: the one cell of each row, a text."""

    content_type = "text/csv; charset=utf-8"
    extension = "csv"

    def __init__(self, header: str) -> None:
        self._header = _encoded(header)

    def __repr__(self) -> str:
        return f"<LineEncoder with a header of {len(self._header)} bytes>"

    def header(self, schema: Schema) -> bytes:
        """The first line of a part; empty if the columns have no names."""
        return self._header

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        """The lines, as UTF-8."""
        return [_encoded(row[0]) for piece in pieces for row in piece.rows]


# One encoder per header, so that collectors of one path and header share its blob's one writer.
@lru_cache(maxsize=1024)
def encoder_of(header: str) -> LineEncoder:
    """The encoder of this header."""
    return LineEncoder(header)


def row_lines(rows: Iterable[Any]) -> list[str]:
    """Each row as csv.writer writes it."""
    lines = _Lines()
    csv.writer(lines).writerows(rows)
    return lines.written


def header_line(names: Sequence[Any] | None) -> str:
    """The header; empty if the columns have no names."""
    return "" if names is None else row_lines([names])[0]


def frame_lines(frame: Any) -> list[str]:
    """Each row of a pandas frame as to_csv() writes it."""
    text = io.StringIO()
    frame.to_csv(text, index=False, header=False, lineterminator="\n")
    # An LF in a cell is between quotes, and quotes within a cell are doubled: so a row is whole
    # when the number of quotes is even.
    lines: list[str] = []
    open_line = ""
    for piece in text.getvalue().split("\n")[:-1]:
        open_line += piece + "\n"
        if open_line.count('"') % 2 == 0:
            lines.append(open_line)
            open_line = ""
    return lines


def sliced(lines: list[str]) -> Iterator[list[str]]:
    """The lines, as many at a time as fit into one call, which is charged four bytes a character;
    the table of a batch job is larger than that."""
    first = size = 0
    for place, line in enumerate(lines):
        if place > first and (size + len(line) > MAX_CHARACTERS or place - first >= MAX_LINES):
            yield lines[first:place]
            first, size = place, 0
        size += len(line)
    if lines:
        yield lines[first:]


class _Lines:
    """The file of a csv.writer, which writes each row in one call."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, line: str) -> None:
        self.written.append(line)


def _encoded(line: str) -> bytes:
    try:
        return line.encode()
    except UnicodeEncodeError:
        # A lone surrogate has no bytes; v1 raised into the scoring.
        return _SURROGATES.sub("\ufffd", line).encode()
