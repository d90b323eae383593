"""Parts: the blobs that one path becomes: data.csv, data_1.csv, data_2.csv …

A path is walked forward only. A lane takes the first part that is an append blob, carries exactly
its header, and is neither full nor sealed. Otherwise it looks at the next part, and creates it if
it is missing. So header races, schema drift and rolling over are one rule, and every writer rolls
by itself.

A writer with blobs of its own walks data-<writer>.csv, data-<writer>_1.csv … in the same way.
Without the right to read it cannot tell its own headers apart, so the second header on a path, and
each one after it, has a name of its own: data-<writer>-1.csv.
"""

from __future__ import annotations

from ..typing import Opened
from .limits import PartLimits

__all__ = ["Parts"]


class Parts:
    """How far a lane has come through the parts of ``path``.

    ``ordinal`` counts the headers that this writer has on the path. ``serial`` counts the lanes of
    this writer: the log tells them apart by it; -1 where there is none.
    """

    __slots__ = (
        "_limits",
        "_other",
        "header",
        "index",
        "ordinal",
        "own",
        "path",
        "serial",
        "writer",
    )

    def __init__(
        self,
        path: str,
        *,
        header: bytes,
        limits: PartLimits,
        writer: str,
        own: bool,
        ordinal: int = 0,
        serial: int = -1,
    ) -> None:
        self.path = path
        self.header = header
        self.index = 0
        self._other = 0  # the part it left when it went to its own blobs, or came back from them
        self.own = own
        self.writer = writer
        self.ordinal = ordinal
        self.serial = serial
        self._limits = limits

    def __repr__(self) -> str:
        return f"<Parts at {self.name}>"

    @property
    def name(self) -> str:
        """The blob that rows go to now."""
        own = f"-{self.writer}" if self.own else ""
        if own and self.ordinal:
            own += f"-{self.ordinal}"
        number = f"_{self.index}" if self.index else ""
        if not own and not number:
            return self.path  # most are: no copy of it
        stem, dot, extension = self.path.rpartition(".")
        return f"{stem}{own}{number}.{extension}" if dot else f"{self.path}{own}{number}"

    @property
    def head(self) -> int:
        """How many of a part's first bytes show whose header it carries."""
        return max(1, len(self.header))

    @property
    def max_blocks(self) -> int:
        """How many blocks a part takes."""
        return self._limits.max_blocks

    def roll(self) -> None:
        """Go on to the next part."""
        self.index += 1

    def turn(self, *, own: bool) -> None:
        """Leave the shared blobs for those of this writer, or come back to them."""
        if self.own != own:
            self.own = own
            self.index, self._other = self._other, self.index

    def objection(self, opened: Opened) -> str:
        """Why rows cannot go to the part as it is; "" if they can. They can go to an empty one,
        and, if they need no header, to any."""
        if opened.length and self.header and opened.head != self.header:
            return "header"
        return self.full(length=opened.length, blocks=opened.blocks)

    def full(self, *, length: int, blocks: int) -> str:
        """ "full" if this lane appends no more to the part; else ""."""
        return "full" if self._limits.full(length=length, blocks=blocks) else ""
