"""Compacted files: where they are, and what their footers say.

``<target>/model=churn/version=10/stream=inputs/date=2026-11-28/0.parquet``, ``1.parquet`` …: the
keys are Hive's, so that other engines pass over what they need not read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any, Final, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from ...errors import SnapshotGone
from ...layouts import escape
from ...typing import Catalog, Listed
from ..asked.when import FOREVER
from ..fetch.fetcher import Fetcher, listing
from ..parts.places import unescape
from ..parts.plan import PlannedPart
from .footer import Footer, footer_of

__all__ = [
    "PARQUET",
    "CompactedFile",
    "Fold",
    "day_of",
    "days_without_sources",
    "files_in",
    "folder_of",
    "metadata_of",
    "names_in",
    "part_of_file",
]

PARQUET: Final = "parquet"
# A footer of some hundred columns and some dozen row groups.
TAIL: Final = 64 * 1024
ASKED: Final = 16
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KEYS: Final = {"model": "model", "version": "version", "identifier": "stream"}
_is_folded: Final = re.compile(
    r"model=(?P<model>[^/]+)/version=(?P<version>[^/]+)/stream=(?P<identifier>[^/]+)/"
    r"date=\d{4}-\d\d-\d\d/\d{1,9}\.parquet"
).fullmatch
_is_file: Final = re.compile(r"date=(\d{4}-\d\d-\d\d)/(\d{1,9})\.parquet").fullmatch


class CompactedFile(NamedTuple):
    """A file of ours. ``number``: in its day; files are made in the order of their numbers."""

    listed: Listed
    day: str
    number: int
    footer: Footer


class Fold(NamedTuple):
    """The files of a stream, and by day the next number that is free."""

    files: tuple[CompactedFile, ...]
    free: dict[str, int]


def folder_of(model: str, version: str, stream: str) -> str:
    """Where the days of a stream are."""
    return (
        f"model={escape(model, what='model')}/version={escape(version, what='version')}/"
        f"stream={escape(stream, what='identifier')}/"
    )


def day_of(moment: int) -> str:
    """The day of a moment, in microseconds since 1970, as its folder is called."""
    return (_EPOCH + timedelta(microseconds=moment)).strftime("%Y-%m-%d")


async def files_in(
    catalog: Catalog,
    folder: str,
    *,
    begin: int,
    end: int,
    is_mine: Callable[[str], bool],
) -> Fold:
    """The files of a stream whose days overlap a span of time, and have sources of these places.

    Other services can have the same folder: their files have sources of other places.
    """
    prefix = f"{folder}date="
    if begin > 0 and end < FOREVER:
        prefix += _common(day_of(begin), day_of(end - 1))
    named = []
    free: dict[str, int] = {}
    for listed in await listing(catalog, prefix):
        found = _is_file(listed.path.removeprefix(folder))
        if found is not None:
            day, number = found[1], int(found[2])
            free[day] = max(free.get(day, 0), number + 1)
            named.append((day, number, listed))
    fetcher = Fetcher(catalog)
    room = asyncio.Semaphore(ASKED)

    async def footer(listed: Listed) -> Footer | None:
        async with room:
            found = await metadata_of(fetcher, _part("", listed, 0, 0))
        return None if found is None else footer_of(found.metadata)

    footers = await asyncio.gather(*(footer(listed) for _, _, listed in named))
    files = [
        CompactedFile(listed, day, number, one)
        for (day, number, listed), one in zip(named, footers, strict=True)
        if one is not None
        and one.begin < end
        and begin < one.end
        and all(is_mine(source.part) for source in one.sources)
    ]
    return Fold(tuple(sorted(files, key=lambda file: (file.day, file.number))), free)


async def names_in(catalog: Catalog, known: Mapping[str, str], asked: str) -> set[str]:
    """The names of a field ("model", "version", "identifier") that the folders have below what is
    known. Those of other services too: nobody looks into the files for it."""
    prefix = ""
    for field, key in _KEYS.items():
        if field not in known:
            break
        prefix += f"{key}={escape(known[field], what=field)}/"
    return {
        unescape(found[asked])
        async for listed in catalog.list(prefix or "model=")
        if (found := _is_folded(listed.path)) is not None
    }


async def metadata_of(fetcher: Fetcher, part: PlannedPart) -> Any:
    """The ``pyarrow.parquet.FileMetaData`` of a file; None where it is no Parquet."""
    wanted = min(TAIL, part.length)
    for _ in range(2):
        tail = await fetcher.range(part, part.length - wanted, wanted)
        if tail[-4:] != b"PAR1" or len(tail) < 12:
            return None
        needed = int.from_bytes(tail[-8:-4], "little") + 8
        if needed <= wanted:
            try:
                return pq.read_metadata(pa.BufferReader(tail))
            except (pa.ArrowInvalid, OSError):
                return None
        wanted = needed
        if wanted > part.length:
            return None
    raise SnapshotGone(f"{part.path} was replaced after it was listed")


def part_of_file(stream: str, file: CompactedFile) -> PlannedPart:
    """The file as a part of a plan."""
    return _part(stream, file.listed, file.footer.begin, file.footer.end)


def _common(first: str, second: str) -> str:
    """What both begin with."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))
    return "".join(one for one, _ in same)


def _part(stream: str, listed: Listed, begin: int, end: int) -> PlannedPart:
    return PlannedPart(stream, listed.path, listed.length, listed.created, PARQUET, begin, end)


def days_without_sources(
    files: Sequence[CompactedFile], there: set[tuple[str, str]], prefix: str
) -> set[str]:
    """The days of which sources are gone, among those that ``prefix`` would have listed: a spool
    that comes back writes its rows to a new part, and they can be in the files already."""
    return {
        file.day
        for file in files
        for source in file.footer.sources
        if source.part.startswith(prefix) and (source.part, source.created) not in there
    }
