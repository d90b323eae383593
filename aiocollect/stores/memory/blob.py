"""A blob of a store in memory: as it is, and as it was a moment ago."""

from __future__ import annotations

from collections import deque

__all__ = ["TORN_TAIL", "MemoryBlob"]

# What another client appends, without a line end.
TORN_TAIL = b"~torn"
# A stale view is so many changes old.
STALE_BY = 3


class MemoryBlob:
    """``version`` becomes its ETag. ``views``: length, blocks, version and seal after each of the
    last changes; the last view is the current one."""

    __slots__ = (
        *("appendable", "blocks", "content_type", "created", "data", "frozen", "sealed"),
        *("version", "views"),
    )

    def __init__(self, *, created: str, version: int, content_type: str) -> None:
        self.data = bytearray()
        self.blocks = 0
        self.sealed = False
        self.appendable = True
        self.frozen = False
        self.views: deque[tuple[int, int, int, bool]] = deque(
            [(0, 0, version, False)], STALE_BY + 1
        )
        self.created = created
        self.version = version
        self.content_type = content_type

    def change(self, data: bytes = b"") -> None:
        """Add a block, or change the metadata alone."""
        self.data += data
        self.blocks += bool(data)
        if not self.frozen:
            self.version += 1
        self.views.append((len(self.data), self.blocks, self.version, self.sealed))

    def empty(self) -> None:
        """Remove its bytes; it gets an ETag that it never had."""
        self.data.clear()
        self.blocks = 0
        self.version += 1 << 16
        self.frozen = False
        self.views.clear()
        self.views.append((0, 0, self.version, self.sealed))

    def view(self, *, stale: bool) -> tuple[int, int, str, bool]:
        """Length, blocks, ETag and seal; ``stale``: as they were a few changes ago."""
        length, blocks, version, sealed = self.views[0 if stale else -1]
        return length, blocks, str(version), sealed
