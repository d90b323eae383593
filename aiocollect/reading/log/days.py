"""The lines of the log that were written about the time of a folder: of its days, and soon after.

Rows of a day are written down on it, or soon after midnight, or much later if they came late: what
is looked for here may be missing, and whoever looks must do without it. verify() reads all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

from ...errors import SnapshotGone
from ...typing import LOG_ROOT, Catalog, Listed
from ..fetch.fetcher import Fetcher, listing
from ..parts.plan import PlannedPart

__all__ = ["folder_of", "lines_near"]

_DAY: Final = 86_400_000_000


async def lines_near(
    catalog: Catalog, part: PlannedPart, *, begin: bytes, most: int
) -> AsyncIterator[bytes]:
    """Lines that begin so, of the log of the part's days, of so many bytes at most."""
    fetcher, left = Fetcher(catalog), most
    async for listed in _files(catalog, part):
        length = min(listed.length, left)
        left -= length
        log = PlannedPart("log", listed.path, length, listed.created, "jsonl", 0, 0)
        rest = b""
        try:
            async for stretch in fetcher.stretches([log] if length else []):
                *lines, rest = (rest + stretch.data).split(b"\n")
                for line in lines:
                    if line.startswith(begin):
                        yield line
        except SnapshotGone:
            continue


async def _files(catalog: Catalog, part: PlannedPart) -> AsyncIterator[Listed]:
    """A folder that is longer than a day has its latest days."""
    last = (part.end - 1) // _DAY
    if part.end - part.begin > _DAY:
        end = _prefix(last + 2)
        found = [one for one in await listing(catalog, f"{LOG_ROOT}log/") if one.path < end]
        folders = sorted({folder_of(one.path) for one in found}, reverse=True)[:2]
        for folder in folders:
            for listed in sorted(one for one in found if folder_of(one.path) == folder):
                yield listed
        return
    for day in (last, last + 1):
        for listed in sorted(await listing(catalog, _prefix(day))):
            yield listed


def _prefix(day: int) -> str:
    date = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return f"{LOG_ROOT}log/{date:%Y/%m/%d}/"


def folder_of(path: str) -> str:
    """The path without its last part."""
    return path.rpartition("/")[0]
