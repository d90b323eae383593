"""A file in memory with two states: what the running machine sees, and what its disk has.

The machine sees every write at once. The disk gets it page by page, by ``sync`` or at any moment by
itself. A power cut leaves the pages of the disk, mixed with any of the dirty ones.

Invariants: without a power cut reads see every write; a page that is synced survives; what a failed
sync did not get to the disk is never written again, though nobody is told.
"""

from __future__ import annotations

from random import Random

__all__ = ["PAGE", "MemoryFile"]

PAGE = 4096


class MemoryFile:
    """The bytes of one file. ``random`` decides what of the unsynced survives."""

    __slots__ = ("_dirty", "_disk_size", "_last", "_pages", "data")

    def __init__(self) -> None:
        self.data = bytearray()
        self._pages: dict[int, bytes] = {}
        self._disk_size = 0
        self._dirty: set[int] = set()
        # The last write, which a power cut may tear: its offset, and the bytes it went over.
        self._last: tuple[int, bytes] | None = None

    def __repr__(self) -> str:
        return f"<MemoryFile {len(self.data)} bytes, {len(self._dirty)} dirty pages>"

    def write(self, data: bytes, offset: int, random: Random) -> None:
        """Put all of it; a gap before it is zeros."""
        if not data:
            return
        end = offset + len(data)
        if end > len(self.data):
            self._touch(len(self.data), end)
            self.data.extend(bytes(end - len(self.data)))
        self._last = (offset, bytes(self.data[offset:end]))
        self.data[offset:end] = data
        self._touch(offset, end)
        if random.random() < 0.125:  # the kernel writes back what it likes, when it likes
            self._store(random.choice(sorted(self._dirty)))

    def truncate(self, size: int) -> None:
        """Cut off, or grow by zeros."""
        self._touch(min(size, len(self.data)), max(size, len(self.data)))
        self._last = None
        del self.data[size:]
        self.data.extend(bytes(size - len(self.data)))

    def sync(self) -> None:
        """Everything that is dirty reaches the disk."""
        for page in self._dirty:
            self._store(page)
        self._settle(len(self.data))

    def sync_partly(self, random: Random) -> None:
        """Some of what is dirty reaches the disk, the rest stays dirty."""
        for page in sorted(self._dirty):
            if random.random() < 0.5:
                self._store(page)

    def sync_badly(self, random: Random) -> None:
        """Some of what is dirty reaches the disk; the rest is taken for clean, and never will."""
        self.sync_partly(random)
        self._settle(_between(self._disk_size, len(self.data), random))

    def cut_power(self, random: Random) -> None:
        """Become what the disk has, with any of what was on its way."""
        if self._last is not None and random.random() < 0.5:
            offset, before = self._last
            torn = random.randint(0, len(before))
            self.data[offset + torn : offset + len(before)] = before[torn:]
        live = len(self.data)
        for page in sorted(self._dirty):
            if page * PAGE < live and random.random() < 0.5:
                self._store(page)
        size = _between(self._disk_size, live, random)
        image = b"".join(self._pages.get(page, bytes(PAGE)) for page in range(-(-size // PAGE)))
        self.data = bytearray(image[:size])
        self._pages = {page: self._live(page) for page in range(-(-size // PAGE))}
        self._settle(size)

    def _touch(self, start: int, end: int) -> None:
        self._dirty.update(range(start // PAGE, -(-end // PAGE)))

    def _live(self, page: int) -> bytes:
        return bytes(self.data[page * PAGE : (page + 1) * PAGE]).ljust(PAGE, b"\0")

    def _store(self, page: int) -> None:
        self._pages[page] = self._live(page)

    def _settle(self, size: int) -> None:
        self._disk_size = size
        self._dirty.clear()
        self._last = None


def _between(one: int, other: int, random: Random) -> int:
    """One of two sizes, or any between."""
    low, high = sorted((one, other))
    return random.choice((one, other, random.randint(low, high)))
