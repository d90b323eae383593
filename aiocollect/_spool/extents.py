"""Extents: where rows are on the disk, for many rows in little memory.

A turn of the pump writes a record for each path, maybe of one row, and in an outage the records
wait as long as their rows. So records of one lane that are near one another are one extent, even
with records of other lanes between them, and extents are kept in columns. Rows are added in their
order: a new extent comes after all others.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from .segment import Segment

__all__ = ["EXTENT_BYTES", "NEAR", "Extent", "Extents"]

# Five columns and a reference.
EXTENT_BYTES = 8 + 4 + 8 + 4 + 4 + 8
# The longest stretch of a segment, in bytes, that one extent grows to: all of it is read for any of
# its rows. At 16 KiB an index entry costs 0.5 bytes a row in an outage of calls of one row.
NEAR = 16 * 1024


class Extent(NamedTuple):
    """Rows ``first`` to ``end - 1`` are in ``segment``, in records between ``offset`` and
    ``offset + span``; their payloads are ``size`` bytes.

    An extent is a *ghost* if its write failed and could not be undone. Parts of it may be on the
    disk, where another process can find them: so its rows' ends are noted, and it is never read.
    """

    first: int
    end: int
    segment: Segment
    offset: int
    span: int
    size: int

    def part(self, first: int, end: int) -> Extent:
        """Some of its rows, at the same place; their size is an estimate."""
        size = self.size * (end - first) // (self.end - self.first)
        return self._replace(first=first, end=end, size=size)

    @property
    def ghost(self) -> bool:
        """Whether it is unknown what of it is there."""
        return self.offset >= self.segment.end


class Extents:
    """A lane's, by their first rows."""

    __slots__ = ("_firsts", "_numbers", "_offsets", "_segments", "_sizes", "_spans")

    def __init__(self) -> None:
        self._firsts = array("Q")
        self._numbers = array("I")
        self._offsets = array("Q")
        self._spans = array("I")
        self._sizes = array("I")
        self._segments: list[Segment] = []

    def __repr__(self) -> str:
        return f"<Extents {len(self)}>"

    def __len__(self) -> int:
        return len(self._firsts)

    def __getitem__(self, index: int) -> Extent:
        first = self._firsts[index]
        return Extent(
            first,
            first + self._numbers[index],
            self._segments[index],
            self._offsets[index],
            self._spans[index],
            self._sizes[index],
        )

    def __iter__(self) -> Iterator[Extent]:
        return (self[index] for index in range(len(self)))

    def since(self, row: int) -> Iterator[Extent]:
        """Those that end after the row."""
        return (self[index] for index in range(self._index(row), len(self)))

    def add(self, extent: Extent) -> bool:
        """Add rows after all others. False: the last extent has grown by them."""
        if self._firsts and self._grow(extent):
            return False
        self._firsts.append(extent.first)
        self._numbers.append(extent.end - extent.first)
        self._offsets.append(extent.offset)
        self._spans.append(extent.span)
        self._sizes.append(extent.size)
        self._segments.append(extent.segment)
        return True

    def _grow(self, extent: Extent) -> bool:
        if self._segments[-1] is not extent.segment or extent.ghost:
            return False
        if extent.offset < self._offsets[-1]:
            return False  # the last extent was moved
        span = extent.offset + extent.span - self._offsets[-1]
        if span > NEAR or extent.first != self._firsts[-1] + self._numbers[-1]:
            return False
        self._numbers[-1] += extent.end - extent.first
        self._spans[-1] = span
        self._sizes[-1] += extent.size
        return True

    def count_since(self, row: int) -> int:
        """How many end after the row."""
        return len(self) - self._index(row)

    def _index(self, row: int) -> int:
        at = bisect_right(self._firsts, row)
        # The one that begins at the row or before it may end there too.
        return at - 1 if at and self[at - 1].end > row else at

    def replace(self, new: Extent) -> tuple[list[Extent], list[Extent]]:
        """These rows are in another place now. Returns the extents that were there, and those that
        replace them: the new one, and what it leaves of those that it has cut."""
        start = stop = self._index(new.first)
        while stop < len(self) and self._firsts[stop] < new.end:
            stop += 1
        old = [self[index] for index in range(start, stop)]
        there = [new]
        if old and old[0].first < new.first:
            there.insert(0, old[0].part(old[0].first, new.first))
        if old and old[-1].end > new.end:
            there.append(old[-1].part(new.end, old[-1].end))
        self._firsts[start:stop] = array("Q", [one.first for one in there])
        self._numbers[start:stop] = array("I", [one.end - one.first for one in there])
        self._offsets[start:stop] = array("Q", [one.offset for one in there])
        self._spans[start:stop] = array("I", [one.span for one in there])
        self._sizes[start:stop] = array("I", [one.size for one in there])
        self._segments[start:stop] = [one.segment for one in there]
        return old, there

    def remove(self, start: int, stop: int) -> None:
        """Forget those of the indexes from ``start`` on and below ``stop``."""
        for column in (self._firsts, self._numbers, self._offsets, self._spans, self._sizes):
            del column[start:stop]
        del self._segments[start:stop]

    @property
    def rows(self) -> int:
        """All rows that they hold."""
        return sum(self._numbers)
