"""Finds what the log has of the types that a pipeline declared: records of lanes (log.md).

A record is written with the first rows of a path, so it stands near the beginning of a file of the
log; as soon as there is one for each stream, nothing more is read. Nothing here is proof: a type
decides what cells leave open, and no cell is bent to it.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from ...errors import StoreRefused
from ...typing import Catalog
from ..asked.request import LABELS
from ..parts.plan import Plan
from .days import folder_of, lines_near

__all__ = ["declared_in", "lanes_of"]

# Of the log, at most: a day of one process that writes each two seconds has 6 MB.
MOST: Final = 32 * 2**20
_LANE: Final = b'{"k":"lane"'


async def declared_in(catalog: Catalog, plan: Plan) -> dict[str, dict[str, str]]:
    """By stream and column, the types that were declared: see lanes_of()."""
    return {name: types for name, types in (await lanes_of(catalog, plan)).items() if types}


async def lanes_of(catalog: Catalog, plan: Plan) -> dict[str, dict[str, str]]:
    """By stream and column, the types of the newest folder's pipelines; where two processes differ,
    those of the one whose name comes first. A stream whose pipeline declared none has none; one of
    which the log does not tell, or not yet, or that cannot be read, is not there."""
    scored = {name: parts for name, parts in plan.streams.items() if name != LABELS and parts}
    parts = [part for of in (scored or plan.streams).values() for part in of]
    if not parts:
        return {}
    newest = max(parts, key=lambda part: part.end)
    # Labels come later than their rows: what is said of them is taken, and not looked for.
    wanted = {name for name, of in (scored or plan.streams).items() if of}
    folders = {name: {folder_of(part.path) for part in of} for name, of in plan.streams.items()}
    found: dict[str, dict[str, str]] = {}
    try:
        async for line in lines_near(catalog, newest, begin=_LANE, most=MOST):
            record = _lane(line)
            if record is None:
                continue
            name = record.get("stream")
            if name in folders and name not in found and folder_of(record["p"]) in folders[name]:
                found[name] = record["types"]
                wanted.discard(name)
            if not wanted:
                break
    except StoreRefused:
        pass  # a credential may be for the data alone
    return found


def _lane(line: bytes) -> dict[str, Any] | None:
    """The record, with its types; None where it is none."""
    try:
        record = orjson.loads(line)
    except ValueError:
        return None
    types = record.get("types", {})
    if not isinstance(record.get("p"), str) or not isinstance(types, dict):
        return None
    sound = {name: word for name, word in types.items() if isinstance(word, str)}
    return {**record, "types": sound}
