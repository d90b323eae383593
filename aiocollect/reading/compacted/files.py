"""Compacted files: which of them have rows of a stream, and what their footers say."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from ...errors import SnapshotGone
from ...typing import Catalog, Listed
from ..asked.when import FOREVER
from ..fetch.fetcher import Fetcher, listing
from ..parts.plan import PlannedPart
from .delta_log import FOLDER as LOG
from .delta_log import TableLog, TableState
from .folders import day_of
from .footer import Footer, footer_of, marks_of

__all__ = [
    "PARQUET",
    "CompactedFile",
    "Fold",
    "days_without_sources",
    "files_in",
    "metadata_of",
    "part_of_file",
]

PARQUET: Final = "parquet"
# A footer of some hundred columns and some dozen row groups.
TAIL: Final = 64 * 1024
ASKED: Final = 16
DAY: Final = 86_400_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)
_is_file: Final = re.compile(r"date=(\d{4}-\d\d-\d\d)/(\d{1,9})\.parquet").fullmatch
_is_numbered: Final = re.compile(r"(\d{1,9})-.*").fullmatch


class CompactedFile(NamedTuple):
    """A file of ours. ``number``: in its day; files are made in the order of their numbers."""

    listed: Listed
    day: str
    number: int
    footer: Footer


class Fold(NamedTuple):
    """The files of a stream, and by day the next number that is free. ``marks``: by path and
    creation time of the parts, how far they are in the files; ``unread``: those of which rows could
    not be read. ``table``: its log, where the files are those of a Delta table, and ``state`` what
    that says."""

    files: tuple[CompactedFile, ...]
    free: dict[str, int]
    marks: Mapping[tuple[str, str], int]
    unread: frozenset[tuple[str, str]] = frozenset()
    table: TableLog | None = None
    state: TableState | None = None


async def files_in(
    catalog: Catalog,
    folder: str,
    *,
    begin: int,
    end: int,
    longest: int,
    is_mine: Callable[[str], bool],
    places: str,
    parts: Iterable[tuple[str, str, int]],
) -> Fold:
    """The files of a stream whose days overlap a span of time, and have sources of these places.

    Other services can have the same folder: their files have sources of other places. ``longest``:
    the longest time of one folder of parts. ``places``: what the paths of the parts begin with;
    ``parts``: path, creation time and length of those that are there.
    """
    listed = await listing(catalog, folder)
    wanted = range(begin - longest + 1, end)
    if any(one.path.startswith(folder + LOG) for one in listed):
        return await _table_in(catalog, folder, listed, wanted, places=places, parts=parts)
    named = []
    free: dict[str, int] = {}
    for one in listed:
        found = _is_file(one.path.removeprefix(folder))
        if found is not None:
            day, number = found[1], int(found[2])
            free[day] = max(free.get(day, 0), number + 1)
            named.append((day, number, one))
    files = [
        file
        for file in await _opened(Fetcher(catalog), _within(named, wanted))
        if file.footer.sources
        and file.footer.begin < end
        and begin < file.footer.end
        and all(is_mine(source.part) for source in file.footer.sources)
    ]
    footers = [file.footer for file in files]
    return Fold(tuple(files), free, marks_of(footers), _unread(footers))


async def _table_in(
    catalog: Catalog,
    folder: str,
    listed: Sequence[Listed],
    wanted: range,
    *,
    places: str,
    parts: Iterable[tuple[str, str, int]],
) -> Fold:
    """The files of a Delta table that count, the newest as its log was listed. They are listed
    later than the log, or with it, so that those that it names are there."""
    fetcher = Fetcher(catalog)
    table = await TableLog.fetched(fetcher, folder, listed)
    state = await asyncio.to_thread(table.state, ())
    if state.places != places:
        return Fold((), {}, {}, table=table, state=state)
    named = []
    for one in listed:
        day = state.files.get(one.path.removeprefix(folder))
        if day is not None:
            number = _is_numbered(one.path.rpartition("/")[2])
            named.append((day, int(number[1]) if number else 0, one))
    if len(named) < len(state.files):
        raise SnapshotGone(f"{folder}: files of the table were removed while it was listed")
    files = await _opened(fetcher, _within(named, wanted))
    footers = [file.footer for file in files]
    marks = marks_of(footers)
    # What others merged has no footer of ours; and a part can be in files of other days.
    asked = [
        (path, created) for path, created, size in parts if marks.get((path, created), 0) < size
    ]
    said = await asyncio.to_thread(table.state, asked)
    for part, end in said.marks.items():
        marks[part] = max(end, marks.get(part, 0))
    state = state._replace(marks=marks)
    return Fold(tuple(files), {}, marks, _unread(footers) | said.unread, table, state)


def _within(
    named: Iterable[tuple[str, int, Listed]], wanted: range
) -> list[tuple[str, int, Listed]]:
    """Those of days that can have what is wanted."""
    first, last = day_of(max(0, wanted.start)), day_of(min(wanted.stop, FOREVER) - 1)
    return [one for one in named if first <= one[0] <= last]


async def _opened(
    fetcher: Fetcher, named: Sequence[tuple[str, int, Listed]]
) -> list[CompactedFile]:
    """With their footers; others' files have one that says nothing."""
    room = asyncio.Semaphore(ASKED)

    async def opened(day: str, number: int, listed: Listed) -> CompactedFile:
        async with room:
            found = await metadata_of(fetcher, _part("", listed, 0, 0))
        footer = None if found is None else footer_of(found.metadata)
        if footer is None:
            begin = (datetime.fromisoformat(f"{day}T00:00:00+00:00") - _EPOCH) // _MICRO
            footer = Footer((), 0, "", {}, 0, begin, begin + DAY)
        return CompactedFile(listed, day, number, footer)

    files = await asyncio.gather(*(opened(*one) for one in named))
    return sorted(files, key=lambda file: (file.day, file.number, file.listed.path))


def _unread(footers: Iterable[Footer]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (source.part, source.created)
        for footer in footers
        if footer.left_out
        for source in footer.sources
    )


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
        if not file.footer.sources  # of a table, and merged by others
        or any(
            source.part.startswith(prefix) and (source.part, source.created) not in there
            for source in file.footer.sources
        )
    }
