"""What a follower must know of compacted files before it begins, since it reads parts alone.

Follow since the snapshot of a dataset, and the files of that snapshot say how far each part was
read from them. Follow since a time, or go on from a position, and what was removed meanwhile is not
there to be handed out: then it is refused, and said how to get the rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Final

from ...errors import ConfigError, Refusal, StoreRefused
from ...typing import Catalog, Listed
from ..asked.when import FOREVER
from ..compacted.files import PARQUET, files_in, metadata_of
from ..compacted.folders import folder_of
from ..compacted.footer import footer_of
from ..fetch.fetcher import Fetcher
from ..fetch.united import files_of
from ..parts.places import Places
from ..parts.plan import PlannedPart
from ..planning.planner import find_place, prefix_of
from .course import Course
from .followed import Following
from .position import Mark

__all__ = ["CompactedDays"]

_REMEDY: Final = (
    "read them with read(), hand its rows on, and follow with since= the snapshot of that dataset"
)


class CompactedDays:
    """``files``: those of the snapshot that is followed since; ``marks``: how far its parts were
    read, beside them."""

    def __init__(self, following: Following) -> None:
        position = following.position
        marks = {} if position is None else position.marks
        self.files = [
            PlannedPart(
                following.stream, path, mark.at, mark.created, PARQUET, mark.begin, mark.end
            )
            for path, mark in marks.items()
            if mark.format == PARQUET
        ]
        self.marks = {path: mark for path, mark in marks.items() if mark.format != PARQUET}
        self._following = following
        self._begins = position is None
        self._is_known = following.from_now

    def __repr__(self) -> str:
        return f"<CompactedDays of {len(self.files)} files>"

    async def learn(
        self,
        store: Catalog,
        version: str | None,
        places: Sequence[Places],
        listed: Iterable[Listed],
        course: Course,
    ) -> None:
        """Before the first row is handed out: tell the course how far the parts are in the files of
        the snapshot. ``listed``: all parts. ConfigError where rows that are to be handed out are in
        files alone; raises what the store does."""
        if self._is_known or version is None:
            return
        folder = folder_of(self._following.model, version, self._following.stream)
        there = {(one.path, one.created) for one in listed}
        try:
            if self.files:
                course.marks = await _marks_in(store, self.files, places) | course.marks
            marks = None if self._begins else course.marks
            await _check(store, folder, places, there, floor=course.floor, marks=marks)
        except StoreRefused as refused:
            if refused.reason is not Refusal.CONTAINER_MISSING:
                raise
            return  # nothing is there yet: it is asked again
        self._is_known = True


async def _marks_in(
    store: Catalog, files: Sequence[PlannedPart], places: Sequence[Places]
) -> dict[str, Mark]:
    """How far each part is in these files. ConfigError where one does not say it."""
    fetcher = Fetcher(files_of(store))
    marks: dict[str, Mark] = {}
    found = await asyncio.gather(*(metadata_of(fetcher, file) for file in files))
    for file, metadata in zip(files, found, strict=True):
        footer = None if metadata is None else footer_of(metadata.metadata)
        if footer is None:
            raise ConfigError(
                f"since= is a snapshot with {file.path}, whose parts are not known: other writers "
                "have merged files of the table. Follow with since='now', or a time"
            )
        for source in footer.sources:
            place = find_place(places, source.part)
            known = marks.get(source.part)
            if place is None or (
                known is not None and (known.created, known.at) >= (source.created, source.end)
            ):
                continue
            marks[source.part] = Mark(
                source.created, source.end, 0, 0, place.format, place.begin, place.end
            )
    return marks


async def _check(
    store: Catalog,
    folder: str,
    places: Sequence[Places],
    there: Set[tuple[str, str]],
    *,
    floor: int,
    marks: Mapping[str, Mark] | None,
) -> None:
    """Raise ConfigError where rows that are to be handed out are in compacted files alone.

    ``there``: the parts that are there, by path and creation time; ``floor``: nothing before it is
    handed out; ``marks``: how far each part was, None at a begin.
    """
    begin = floor
    newest = -1
    if marks is not None:
        newest = max((mark.begin for mark in marks.values()), default=FOREVER)
        gone = [mark.begin for path, mark in marks.items() if (path, mark.created) not in there]
        begin = max(floor, min([*gone, newest]))
    fold = await files_in(
        files_of(store),
        folder,
        begin=begin,
        end=FOREVER,
        longest=max(one.longest for one in places),
        is_mine=lambda path: find_place(places, path) is not None,
        places=prefix_of(places),
        parts=(),
    )
    is_missed = _missed(marks or {}, newest)
    for file in fold.files:
        if not file.footer.sources and file.footer.begin > newest:
            raise ConfigError(
                f"rows of {file.day} are in files that others have merged, so that it is not known "
                f"whether their parts are still there: {_REMEDY}"
            )
        for source in file.footer.sources:
            if (source.part, source.created) not in there and is_missed(
                source.part, source.created, source.end, file.footer.begin
            ):
                raise ConfigError(
                    f"rows of {file.day} are in compacted files alone, since their part "
                    f"{source.part} was removed: {_REMEDY}"
                )


def _missed(marks: Mapping[str, Mark], newest: int) -> Callable[[str, str, int, int], bool]:
    """Whether rows of a part that is gone were not handed out. A part that was forgotten, because
    it is gone for long, was: only what is newer than all that is known was not."""

    def is_missed(path: str, created: str, end: int, begin: int) -> bool:
        mark = marks.get(path)
        if mark is not None and mark.created == created:
            return mark.at < end
        return begin > newest

    return is_missed
