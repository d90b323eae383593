"""Finds what the log has of the types that a pipeline declared: records of lanes (docs/log.md).

A record is written with the first rows of a path, so it stands near the beginning of a file of the
log; as soon as there is one for each stream, nothing more is read. Nothing here is proof: a type
decides what cells leave open, and no cell is bent to it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from ..errors import SnapshotGone, StoreRefused
from ..typing import LOG_ROOT, Catalog, Listed
from .fetch import Fetcher, listing
from .plan import Plan, PlannedPart
from .request import LABELS

__all__ = ["declared_in"]

_DAY: Final = 86_400_000_000
# Of the log, at most: a day of one process that writes each two seconds has 6 MB.
MOST: Final = 32 * 2**20
_LANE: Final = b'{"k":"lane"'


async def declared_in(catalog: Catalog, plan: Plan) -> dict[str, dict[str, str]]:
    """By stream and column, the types of the newest folder's pipelines; where two processes differ,
    those of the one whose name comes first. Nothing where nobody declared any, or where the log
    cannot be read."""
    scored = {name: parts for name, parts in plan.streams.items() if name != LABELS and parts}
    parts = [part for of in (scored or plan.streams).values() for part in of]
    if not parts:
        return {}
    newest = max(parts, key=lambda part: part.end)
    # Labels come later than their rows: what is said of them is taken, and not looked for.
    wanted = {name for name, of in (scored or plan.streams).items() if of}
    folders = {name: {_folder(part.path) for part in of} for name, of in plan.streams.items()}
    found: dict[str, dict[str, str]] = {}
    try:
        async for line in _lines(catalog, newest):
            record = _lane(line)
            if record is None:
                continue
            name = record.get("stream")
            if name in folders and name not in found and _folder(record["p"]) in folders[name]:
                found[name] = record["types"]
                wanted.discard(name)
            if not wanted:
                break
    except StoreRefused:
        pass  # a credential may be for the data alone
    return {name: types for name, types in found.items() if types}


async def _lines(catalog: Catalog, newest: PlannedPart) -> AsyncIterator[bytes]:
    """Of the log of the folder's days, the lines that may be records of lanes."""
    fetcher, left = Fetcher(catalog), MOST
    async for listed in _files(catalog, newest):
        length = min(listed.length, left)
        left -= length
        part = PlannedPart("log", listed.path, length, listed.created, "jsonl", 0, 0)
        rest = b""
        try:
            async for stretch in fetcher.stretches([part] if length else []):
                *lines, rest = (rest + stretch.data).split(b"\n")
                for line in lines:
                    if line.startswith(_LANE):
                        yield line
        except SnapshotGone:
            continue


async def _files(catalog: Catalog, newest: PlannedPart) -> AsyncIterator[Listed]:
    """Rows of a day are written down on it, or soon after midnight. A folder that is longer than a
    day has its latest days."""
    last = (newest.end - 1) // _DAY
    if newest.end - newest.begin > _DAY:
        end = _prefix(last + 2)
        found = [one for one in await listing(catalog, f"{LOG_ROOT}log/") if one.path < end]
        folders = sorted({_folder(one.path) for one in found}, reverse=True)[:2]
        for folder in folders:
            for listed in sorted(one for one in found if _folder(one.path) == folder):
                yield listed
        return
    for day in (last, last + 1):
        for listed in sorted(await listing(catalog, _prefix(day))):
            yield listed


def _prefix(day: int) -> str:
    date = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return f"{LOG_ROOT}log/{date:%Y/%m/%d}/"


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


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
