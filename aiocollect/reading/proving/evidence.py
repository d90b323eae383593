"""What a judgement is made of: parts as they were listed, a door to their bytes, and how a record
becomes a finding. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from ..log.lives import Stored
from .verdict import Finding
from .vouching import PartCheck

__all__ = ["DoorToBytes", "SeenPart", "finding_of", "once", "rows_of"]


class SeenPart(Protocol):
    """A part as it was listed."""

    @property
    def path(self) -> str: ...
    @property
    def length(self) -> int: ...
    @property
    def created(self) -> str: ...


class DoorToBytes(Protocol):
    """Where the bytes of parts come from."""

    async def check(self, part: SeenPart, check: PartCheck) -> None:
        """Feed it the whole part."""

    async def read(self, part: SeenPart, offset: int, length: int) -> bytes:
        """Some bytes of the part."""


def once(records: Iterable[Stored]) -> list[Stored]:
    """Each place once: an adopted row can be told by both lives."""
    return list({(one.offset, one.lane, one.first, one.created): one for one in records}.values())


def rows_of(record: Stored | None) -> dict[str, Any]:
    if record is None:
        return {}
    life, lane = record.lane
    rows = record.last - record.first + 1
    return {"life": life, "lane": lane, "first": record.first, "last": record.last, "rows": rows}


def finding_of(record: Stored, kind: str, part: str, text: str) -> Finding:
    said = rows_of(record)
    return Finding(
        kind=kind, part=part, offset=record.offset, length=record.length, text=text, **said
    )
