"""Removal of parts that are in compacted files: off, unless it is asked for.

A part goes only if all of its bytes are in files, all of its rows could be read, its folder ended
long enough ago, and nothing is known to be wrong with its day. It is sealed at that length first,
so that nothing can land behind what was compacted, and deleted only as the blob that was sealed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..errors import StoreRefused
from ..reading.compacted.folders import day_of
from ..reading.parts.plan import PlannedPart
from ..typing import ObjectStore
from .compactor import Planned

__all__ = ["removable", "remove"]


def removable(plan: Planned, *, until: int) -> list[tuple[PlannedPart, str]]:
    """The parts of folders that ended by then, each with what speaks against its removal, or ""."""
    fold = plan.fold
    found = []
    for part in sorted(plan.parts):
        if part.end > until:
            continue
        why = ""
        if fold.marks.get((part.path, part.created), 0) < part.length:
            why = "not all of it is in a compacted file"
        elif (part.path, part.created) in fold.unread:
            why = "some of its rows could not be read"
        elif not part.committed:
            why = "it has no ledger, so its end may be torn"
        found.append((part, why))
    return found


async def remove(
    source: ObjectStore,
    plan: Planned,
    *,
    until: int,
    is_sound: Callable[[str], Awaitable[bool]],
) -> tuple[list[str], list[tuple[str, str]]]:
    """Remove what can be; returns the paths, and those that stay with the reason."""
    removed: list[str] = []
    kept: list[tuple[str, str]] = []
    sound: dict[str, bool] = {}
    for part, why in removable(plan, until=until):
        if not why:
            day = day_of(part.begin)
            if day not in sound:
                sound[day] = await is_sound(day)
            why = "" if sound[day] else "verify() says that its day is damaged"
        if not why:
            why = await _removed(source, part)
        if why:
            kept.append((part.path, why))
        else:
            removed.append(part.path)
    return removed, kept


async def _removed(source: ObjectStore, part: PlannedPart) -> str:
    try:
        etag = await source.seal_at(part.path, created=part.created, length=part.length)
        if etag and await source.delete_if(part.path, etag=etag):
            return ""
    except StoreRefused as refused:
        return f"the store refused it: {refused}"
    return "it has changed since it was listed"
