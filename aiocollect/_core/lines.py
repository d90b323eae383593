"""Encoded rows, many together: their bytes, and how long each row is.

Rows are bytes of their own nowhere between the encoder and the store: a block of a mebibyte has
thousands. A row is cut out of them only where somebody needs one: a block that the store rejects is
halved between rows, and so is one that does not fit any more.

The native core has both classes too; ``_native/`` chooses.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING
from zlib import crc32 as zlib_crc32

from .._native import stands_in

__all__ = ["Lines", "OpenLines", "crc32", "joined"]

_LENGTH = array("I").itemsize


class PythonLines:
    """Whole rows, each with its newline. Immutable.

    ``data`` is all of them, ``lengths`` the bytes of each: four bytes a row, as ``array("I")`` has
    them.
    """

    __slots__ = ("data", "lengths")

    def __init__(self, data: bytes, lengths: bytes) -> None:
        self.data = data
        self.lengths = lengths

    @classmethod
    def of(cls, rows: Sequence[bytes]) -> PythonLines:
        """Of single rows."""
        return cls(b"".join(rows), array("I", map(len, rows)).tobytes())

    def __repr__(self) -> str:
        return f"<Lines {len(self)} rows, {len(self.data)} bytes>"

    def __len__(self) -> int:
        return len(self.lengths) // _LENGTH

    def __iter__(self) -> Iterator[bytes]:
        end = 0
        for length in memoryview(self.lengths).cast("I"):
            end += length
            yield self.data[end - length : end]

    @property
    def size(self) -> int:
        """How many bytes."""
        return len(self.data)

    @property
    def crc(self) -> int:
        """The CRC-32 of all bytes."""
        return zlib_crc32(self.data)

    def cut(self, first: int, last: int) -> PythonLines:
        """The rows from ``first`` on, up to the one before ``last``."""
        lengths = memoryview(self.lengths).cast("I")
        begin = sum(lengths[:first])
        end = begin + sum(lengths[first:last])
        return PythonLines(self.data[begin:end], self.lengths[_LENGTH * first : _LENGTH * last])

    def fitting(self, size: int) -> int:
        """How many of the first rows have at most ``size`` bytes together."""
        rows = 0
        for end in accumulate(memoryview(self.lengths).cast("I")):
            if end > size:
                break
            rows += 1
        return rows


class PythonOpenLines:
    """Rows that more are added to, at most ``most`` bytes; or one row of any size."""

    __slots__ = ("_lines", "most", "rows", "size")

    def __init__(self, most: int) -> None:
        self.most = most
        self._lines: list[PythonLines] = []
        self.rows = 0
        self.size = 0

    def add(self, lines: PythonLines) -> int:
        """Take as many of the rows as fit; returns how many."""
        taken = len(lines)
        if self.size + lines.size > self.most:
            taken = lines.fitting(self.most - self.size)
            if not self.rows:
                taken = max(taken, 1)  # the first row always fits
            lines = lines.cut(0, taken)
        if taken:
            self._lines.append(lines)
            self.rows += taken
            self.size += lines.size
        return taken

    def lines(self) -> PythonLines:
        """What is here now."""
        data = b"".join([one.data for one in self._lines])
        return PythonLines(data, b"".join([one.lengths for one in self._lines]))

    def close(self) -> PythonLines:
        """What is here. Nothing is added after it."""
        return self.lines()


if TYPE_CHECKING:
    Lines = PythonLines
    OpenLines = PythonOpenLines
else:
    Lines = stands_in("Lines", PythonLines)
    OpenLines = stands_in("OpenLines", PythonOpenLines)
crc32 = stands_in("crc32", zlib_crc32)


def joined(parts: Iterable[Lines]) -> Lines:
    """All of them together, in order."""
    parts = list(parts)
    if len(parts) == 1:
        return parts[0]
    return Lines(b"".join([one.data for one in parts]), b"".join([one.lengths for one in parts]))
