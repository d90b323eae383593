"""Where a lane stands: in which blob, how far, and what it knows of that blob.

``position`` is where the next append goes; None: the part was not looked at yet.
"""

from __future__ import annotations

from typing import Final

from ..typing import Opened, Range

__all__ = ["NO_ETAG", "Place"]

# No blob has it: an append under it never lands, and its answer says whether the blob is there.
NO_ETAG: Final = '"0x0"'
# Views of a blob that are older than so many appends of ours are not known for ours.
ETAGS: Final = 4
BITS: Final = 24  # of each one's hash
_MASK: Final = (1 << BITS) - 1


class Place:
    """In one part. ``sound``: a line ends at the position. ``made``: it was created, and not seen
    yet. ``confirmed``: it surely exists, since we made it or appended to it."""

    __slots__ = ("_before", "blocks", "confirmed", "created", "etag", "made", "position", "sound")

    def __init__(
        self, *, position: int | None = None, created: str = "", etag: str | None = None
    ) -> None:
        self.position = position
        self.created = created
        self.etag = etag
        self._before = 0  # the ETags before this one, by their hashes: lanes are thousands
        self.blocks = 0
        self.sound = True
        self.made = self.confirmed = False

    def __repr__(self) -> str:
        return f"<Place at {self.position}>"

    @property
    def fresh(self) -> bool:
        """Whether nothing stands there."""
        return self.position == 0

    @property
    def probing(self) -> bool:
        """Whether what is sent there cannot land, and is to find out whether there is a blob."""
        return self.etag == NO_ETAG

    def see(self, etag: str) -> None:
        """The ETag of the blob, as it should be."""
        if self.etag is not None:
            self._before = (self._before << BITS | _hash(self.etag)) % (1 << BITS * ETAGS)
        self.etag = etag

    def knows(self, etag: str) -> bool:
        """Whether it is one that the blob had here, a moment ago."""
        before = [self._before >> BITS * n & _MASK for n in range(ETAGS)]
        return etag == self.etag or _hash(etag) in before

    def open(self, opened: Opened) -> None:
        """It was looked at."""
        self.made = False
        self.position = opened.length
        self.created = opened.created
        self.see(opened.etag)
        self.blocks = opened.blocks
        self.sound = opened.length <= len(opened.head)  # then its end was seen

    def move(self, found: Range, *, sound: bool | None) -> None:
        """To the end that others have left."""
        self.position = found.length
        self.see(found.etag)
        self.blocks += 1
        self.sound = bool(sound)


def _hash(etag: str) -> int:
    return hash(etag) & _MASK
