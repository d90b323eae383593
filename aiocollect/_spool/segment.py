"""A segment: one file of records in a spool directory, and how much of it is still needed."""

from __future__ import annotations

from contextlib import suppress

from .disk import File, LockedDirectory
from .format import HEADER_SIZE, SpoolTarget, header, target_record

__all__ = ["Segment", "make_segment"]


class Segment:
    """``end``: what follows it is not sound. ``live``: the bytes of rows that are not final, in
    ``held`` extents.

    ``sealed``: nothing more is written to it. ``doubtful``: a sync of it has failed, so it is not
    known what of it would survive a power cut.
    """

    __slots__ = (
        *("declared", "doubtful", "end", "file", "held", "live", "name", "sealed", "synced"),
    )

    def __init__(self, name: str, file: File, *, end: int) -> None:
        self.name = name
        self.file = file
        self.end = end
        self.synced = 0
        self.live = self.held = 0
        self.sealed = self.doubtful = False
        self.declared: set[int] = set()  # lanes whose record is in it

    def __repr__(self) -> str:
        return f"<Segment {self.name}, {self.live} of {self.end} bytes live>"


def make_segment(directory: LockedDirectory, name: str, salt: int, target: SpoolTarget) -> Segment:
    """*Apart.* A new segment; it begins with whose rows it will hold. Raises OSError."""
    file = directory.open(name, new=True)
    start = header(salt, target.digest)
    start += target_record(target, salt)
    assert len(start) > HEADER_SIZE
    try:
        file.write(start, 0)
    except OSError:
        file.close()
        with suppress(OSError):
            directory.remove(name)
        raise
    return Segment(name, file, end=len(start))
