"""The place of a lane: the position in its part, and what it knows of that blob.

``position`` is where the next append goes; None: the part was not looked at yet.
"""

from __future__ import annotations

from typing import Final

from ..typing import Opened, Range

__all__ = ["NO_ETAG", "Place"]

# No blob has this ETag: an append under it never lands, and its answer shows if the blob exists.
NO_ETAG: Final = '"0x0"'
# So many earlier ETags of the blob are remembered: a view that is older is taken for another
# writer's, and then it must stay for a minute to count.
ETAGS: Final = 4
# Of each one's hash; all four take an int of 96 bits. Two ETags of one blob have the same hash once
# in 17 million: then an emptied blob is taken for an old view.
BITS: Final = 24
_MASK: Final = (1 << BITS) - 1


class Place:
    """In one part. ``sound``: a line ends at the position. ``made``: the part was created, and not
    seen yet. ``confirmed``: it surely exists, since this lane created it or appended to it.
    ``crowded``: others append to it too, so that it probably goes on behind the position."""

    __slots__ = (
        *("_before", "blocks", "confirmed", "created", "crowded", "etag", "made", "position"),
        "sound",
    )

    def __init__(
        self, *, position: int | None = None, created: str = "", etag: str | None = None
    ) -> None:
        self.position = position
        self.created = created
        self.etag = etag
        self._before = 0  # hashes of the ETags before this one, in one int: lanes are thousands
        self.blocks = 0
        self.sound = True
        self.made = self.confirmed = self.crowded = False

    def __repr__(self) -> str:
        return f"<Place at {self.position}>"

    @property
    def fresh(self) -> bool:
        """Whether the part is empty."""
        return self.position == 0

    @property
    def probing(self) -> bool:
        """Whether the next append cannot land, and only finds out if the blob exists."""
        return self.etag == NO_ETAG

    def see(self, etag: str) -> None:
        """Note the ETag of the blob, in a view that is as it should be."""
        if self.etag is not None:
            self._before = (self._before << BITS | _hash(self.etag)) % (1 << BITS * ETAGS)
        self.etag = etag

    def knows(self, etag: str) -> bool:
        """Whether the blob has this ETag here, or had it a moment ago."""
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
        """To the end of what others wrote."""
        self.position = found.length
        self.see(found.etag)
        self.blocks += 1
        self.sound = bool(sound)
        self.crowded = True


def _hash(etag: str) -> int:
    return hash(etag) & _MASK
