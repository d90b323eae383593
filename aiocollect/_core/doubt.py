"""The appends in doubt at one position: what may have landed there, and what a look says of it.

At most one append ever lands at a position. Mostly there is one candidate. If the store then
refused it for its size, and its half was sent instead, there are several, which begin alike. Of
another process's doubt any number of its first rows can be a candidate.
"""

from __future__ import annotations

from ..typing import Range
from .block_queue import BlockQueue
from .place import Place
from .verdict import Sighting, judge

__all__ = ["Doubt"]


class Doubt:
    """Begins with what is under way as the one attempt. ``code``: the answer that led here;
    ``full``: it says that the part takes no more. ``adopted``: another process's doubt."""

    __slots__ = ("_adopted", "_lasts", "code", "full")

    def __init__(self, *, adopted: bool = False) -> None:
        self._adopted = adopted
        self._lasts: tuple[int, ...] = ()  # the last rows of the other attempts
        self.code = ""
        self.full = False

    def __repr__(self) -> str:
        return f"<Doubt about {1 + len(self._lasts)} attempts {self.code}>"

    def halved(self, last: int) -> None:
        """The attempt up to the row ``last`` may have landed; less is sent from now on."""
        self._lasts += (last,)

    def last(self, blocks: BlockQueue) -> int:
        """The last row that may be there."""
        return max(blocks.first.last, *self._lasts, -1)

    def longest(self, blocks: BlockQueue, header: bytes) -> int:
        """How many bytes may be there."""
        return max(map(len, self._bodies(blocks, header)))

    def judge(
        self, found: Range, blocks: BlockQueue, *, place: Place, header: bytes
    ) -> tuple[Sighting, int]:
        """What the range says, which begins one byte before the position; with LANDED, up to which
        row. ``header``: what was sent before the rows."""
        position = place.position or 0
        if self._adopted:
            self._narrow(found.data[min(position, 1) :], blocks, header)
        bodies = self._bodies(blocks, header)
        verdict, index = judge(found, position=position, bodies=bodies, created=place.created)
        return verdict, (blocks.first.last, *self._lasts)[index]

    def _bodies(self, blocks: BlockQueue, header: bytes) -> list[bytes]:
        return [header + blocks.first.data, *(header + blocks.upto(last) for last in self._lasts)]

    def _narrow(self, data: bytes, blocks: BlockQueue, header: bytes) -> None:
        """The other process can have halved what it was about to send: the whole rows that are
        there become a block of their own."""
        rows = blocks.first.common(data[len(header) :]) if data.startswith(header) else 0
        if 0 < rows < blocks.first.rows:
            self.halved(blocks.first.last)
            blocks.cut(rows)
