"""What compact() returns."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Compaction", "NewFile"]


class NewFile(NamedTuple):
    """A file that was made, or would be. ``day``: as its folder is called; ``bytes``: its length, 0
    where it was not made; ``source_bytes``: of the parts, from their watermarks on. ``rows`` None:
    they were not counted."""

    model: str
    version: str
    stream: str
    day: str
    path: str
    rows: int | None
    bytes: int
    source_bytes: int


class Compaction(NamedTuple):
    """``files``: what was made; ``removed``: the parts that were removed from the store; ``kept``:
    those that remove_after would allow, with the reason why they are there still; ``notes``: what
    was seen while reading. ``dry_run``: nothing was made or removed; it is what would have been."""

    files: tuple[NewFile, ...]
    removed: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    dry_run: bool

    @property
    def rows(self) -> int:
        """How many rows the files have."""
        return sum(file.rows or 0 for file in self.files)
