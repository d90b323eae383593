"""The bytes of a plan: ranges of frozen lengths, a few ahead, asked for again where it helps.

Invariants: no byte beyond a part's frozen length is asked for, so a blob that grows is no matter;
no ETag is compared, which a growing blob changes, but its creation time is: another blob of the
name is noticed at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from ...errors import OutcomeUnknown, Refusal, SnapshotGone, StoreRefused
from ...typing import Catalog, Listed
from ..parts.plan import HEAD, RANGE, PlannedPart
from .patience import patient

__all__ = ["Fetcher", "Stretch", "listing"]

# So many ranges under way hide a round trip.
AHEAD: Final = 4
# Heads that are kept, so that small parts are fetched once.
HEADS: Final = 32 * 2**20
# The code of an answer with fewer bytes than were listed: of a copy of the service that is behind.
_SHORT: Final = "ShortAnswer"


class Stretch(NamedTuple):
    """Bytes of a part, one after the other; ``last``: the part ends with them."""

    part: PlannedPart
    data: bytes
    last: bool


async def listing(catalog: Catalog, prefix: str) -> Sequence[Listed]:
    """The blobs whose paths begin with ``prefix``."""
    return await patient(catalog).listed(prefix)


class Fetcher:
    """Reads parts of one store, on one event loop."""

    def __init__(self, catalog: Catalog) -> None:
        self._store = patient(catalog)
        self._heads: dict[str, bytes] = {}
        self._kept = 0

    def __repr__(self) -> str:
        return f"<Fetcher, {len(self._heads)} heads kept>"

    async def heads(self, parts: Iterable[PlannedPart]) -> AsyncIterator[tuple[PlannedPart, bytes]]:
        """The first bytes of each part, in order."""
        wanted = iter(parts)
        running: deque[tuple[PlannedPart, asyncio.Task[bytes]]] = deque()
        try:
            while True:
                while len(running) < AHEAD * 4 and (part := next(wanted, None)) is not None:
                    running.append((part, asyncio.create_task(self._head(part))))
                if not running:
                    return
                part, task = running.popleft()
                yield part, await task
        finally:
            await _end([task for _, task in running])

    async def stretches(self, parts: Iterable[PlannedPart]) -> AsyncIterator[Stretch]:
        """All bytes of the parts from their starts on, in order; of a part that has none one empty
        stretch."""
        wanted = _ranges(parts)
        running: deque[tuple[PlannedPart, bool, asyncio.Task[bytes]]] = deque()
        try:
            while True:
                while len(running) < AHEAD and (one := next(wanted, None)) is not None:
                    part, offset, length = one
                    task = asyncio.create_task(self._range(part, offset, length))
                    running.append((part, offset + length >= part.length, task))
                if not running:
                    return
                part, last, task = running.popleft()
                yield Stretch(part, await task, last)
        finally:
            await _end([task for _, _, task in running])

    async def range(self, part: PlannedPart, offset: int, length: int) -> bytes:
        """Some bytes of a part."""
        return await self._fetch(part, offset, length)

    async def _head(self, part: PlannedPart) -> bytes:
        kept = self._heads.get(part.path)
        if kept is not None:
            return kept
        data = await self._fetch(part, 0, min(HEAD, part.length))
        if self._kept + len(data) <= HEADS:
            self._heads[part.path] = data
            self._kept += len(data)
        return data

    async def _range(self, part: PlannedPart, offset: int, length: int) -> bytes:
        head = self._heads.get(part.path, b"")[offset : offset + length]
        if len(head) == length:
            return head
        return head + await self._fetch(part, offset + len(head), length - len(head))

    async def _fetch(self, part: PlannedPart, offset: int, length: int) -> bytes:
        if not length:
            return b""

        async def ask(_: asyncio.Timeout) -> bytes:
            found = await self._store.fetch(part.path, offset=offset, length=length)
            if found.created != part.created:
                raise SnapshotGone(f"{part.path} was replaced after it was listed")
            if len(found.data) != length:
                raise OutcomeUnknown(_SHORT)
            return found.data

        try:
            return await self._store.asked(ask, right="read")
        except StoreRefused as refused:
            if refused.reason in (Refusal.BLOB_MISSING, Refusal.WRONG_TYPE):
                raise SnapshotGone(f"{part.path} no longer exists") from None
            raise
        except OutcomeUnknown as unknown:
            if unknown.code != _SHORT:
                raise
            raise SnapshotGone(f"{part.path} became shorter after it was listed") from None


def _ranges(parts: Iterable[PlannedPart]) -> Iterator[tuple[PlannedPart, int, int]]:
    for part in parts:
        if part.start >= part.length:
            yield part, part.length, 0
        for offset in range(part.start, part.length, RANGE):
            yield part, offset, min(RANGE, part.length - offset)


async def _end(tasks: list[asyncio.Task[bytes]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
