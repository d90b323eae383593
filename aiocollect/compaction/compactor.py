"""Compaction of one stream: what is behind the watermarks goes into one new file for each day.

Exactly once: one put is the commit (targets.py, delta.py), and it succeeds only if nobody has made
one of its name. Along with it goes which bytes of which parts are in the file; where another
compactor was faster, or a put ended in doubt, everything is planned again from what is there. So a
run that ends anywhere leaves nothing half done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from ..errors import OutcomeUnknown, SchemaConflict, SnapshotGone, StoreBusy
from ..reading.asked.notes import Notes
from ..reading.cells.csv_rows import Misfit
from ..reading.cells.declared import Declared
from ..reading.compacted.files import PARQUET, CompactedFile, Fold, part_of_file
from ..reading.compacted.folders import day_of, folder_of
from ..reading.compacted.footer import Footer, PartBytes
from ..reading.fetch.fetcher import Fetcher
from ..reading.fetch.united import parts_of
from ..reading.log.declarations import declared_in
from ..reading.parts.plan import Plan, PlannedPart
from ..reading.planning.planner import Planner
from ..reading.rows.stream import StreamReader
from ..typing import Catalog
from .result import NewFile
from .rowset import RowSet
from .sorting import Sorter
from .targets import FileTarget
from .writing import FileWriter

__all__ = ["Job", "Planned", "StreamCompactor"]

# Puts in doubt one after the other; then the store does not work.
TRIES: Final = 6
FIRST_WAIT: Final = 0.2
LONGEST_WAIT: Final = 10.0


class Planned(NamedTuple):
    """What is there of a stream: all parts as they are in the store, those of them that are not
    wholly in files, and the files."""

    parts: tuple[PlannedPart, ...]
    rest: tuple[PlannedPart, ...]
    fold: Fold


class Job(NamedTuple):
    """A file to be made: of one day, from these parts, behind the files that there are."""

    day: str
    path: str
    parts: tuple[PlannedPart, ...]
    files: tuple[CompactedFile, ...]

    @property
    def size(self) -> int:
        """The bytes to be read."""
        return sum(part.length - part.start for part in self.parts)


class StreamCompactor:
    """Compacts one stream. ``source``: reads the parts and, through files_of(), the files of the
    ``target``. ``until``: folders that ended by then, in microseconds since 1970. ``progress``: is
    called with bytes that were read."""

    def __init__(
        self,
        names: tuple[str, str, str],
        planner: Planner,
        *,
        source: Catalog,
        target: FileTarget,
        until: int,
        notes: Notes,
        progress: Callable[[int], None],
    ) -> None:
        self.names = names
        self.folder = folder_of(*names)
        self._planner = planner
        self._source = source
        self._target = target
        self._until = until
        self._notes = notes
        self._progress = progress
        self._declared: Declared = {}

    def __repr__(self) -> str:
        return f"<StreamCompactor of {'/'.join(self.names)}>"

    async def planned(self) -> Planned:
        """What is there now: the parts first, then the files."""
        _, version, stream = self.names
        found = await self._planner.parts(self._source, version, stream)
        united, fold = await self._planner.united(self._source, version, stream, found)
        self._target.take(fold)
        ordered = sorted(
            (place.begin, place.writer, place.ordinal, place.number, part)
            for part, place in united
            if part.format != PARQUET
        )
        return Planned(tuple(part for part, _ in found), tuple(one[-1] for one in ordered), fold)

    def jobs(self, plan: Planned) -> list[Job]:
        """The files to be made, by day."""
        days: dict[str, list[PlannedPart]] = {}
        for part in plan.rest:
            if part.end <= self._until and part.start < part.length:
                days.setdefault(day_of(part.begin), []).append(part)
        return [
            Job(
                day,
                self._target.path(day, plan.fold),
                tuple(parts),
                tuple(file for file in plan.fold.files if file.day == day),
            )
            for day, parts in sorted(days.items())
        ]

    async def run(self) -> list[NewFile]:
        """Make the files. Where somebody else was faster, plan again."""
        made: list[NewFile] = []
        done: set[str] = set()
        doubts = 0
        while True:
            plan = await self.planned()
            jobs = [job for job in self.jobs(plan) if job.day not in done]
            if jobs and not made:
                stream = self.names[2]
                said = await declared_in(parts_of(self._source), Plan({stream: plan.rest}))
                self._declared = said.get(stream, {})
            for job in jobs:
                try:
                    file = await self._make(job)
                except (OutcomeUnknown, StoreBusy, SnapshotGone):
                    doubts += 1
                    if doubts >= TRIES:
                        raise
                    await asyncio.sleep(min(FIRST_WAIT * 2**doubts, LONGEST_WAIT))
                    break
                if file is None:
                    break
                doubts = 0
                done.add(job.day)
                made += file
            else:
                return made

    async def _make(self, job: Job) -> list[NewFile] | None:
        """Make one file; none where there are no rows. None: somebody else was faster."""
        model, version, stream = self.names
        writer, source, footer = await self._written(job)
        try:
            if not footer.rows and not any(part.checked for part in job.parts):
                return []
            file, length, footer = await asyncio.to_thread(writer.finish, footer, source)
            if not await self._target.put(job.path, job.day, file, length, footer):
                return None
        finally:
            writer.close()
        return [NewFile(model, version, stream, job.day, job.path, footer.rows, length, job.size)]

    async def _written(self, job: Job) -> tuple[FileWriter, RowSet, Footer]:
        """The rows of the parts in a file of our own. A cell that does not fit the type that its
        column's first rows show: once more, after a look at every cell."""
        files = [part_of_file(self.names[2], file) for file in job.files]
        reader = StreamReader(
            self.names[2],
            [*files, *job.parts],
            told={},
            declared=self._declared,
            widen=True,
            strict=False,
            notes=self._notes,
        )
        fetcher = Fetcher(self._source)
        await reader.learn(fetcher)
        self._target.fit(reader)
        try:
            return await self._sorted(reader, fetcher, job)
        except Misfit:
            await reader.survey(fetcher)
            self._target.fit(reader)
        try:
            return await self._sorted(reader, fetcher, job)
        except SchemaConflict as conflict:
            raise self._target.refused(conflict) from None

    async def _sorted(
        self, reader: StreamReader, fetcher: Fetcher, job: Job
    ) -> tuple[FileWriter, RowSet, Footer]:
        reader.left_out = 0
        wanted = list(reader.columns)
        writer = FileWriter(reader.empty(wanted).schema, self._target.encodings)
        sorter, rows = Sorter(), RowSet()

        def take(table: Any) -> None:
            rows.add(table)
            for some in sorter.add(table):
                writer.add(some)

        try:
            async for _, table in reader.tables(fetcher, job.parts, wanted):
                await asyncio.to_thread(take, table)
            # While a table is encoded, the next one is merged.
            rest = sorter.rest()
            merged = await asyncio.to_thread(next, rest, None)
            while merged is not None:
                writing = asyncio.ensure_future(asyncio.to_thread(writer.add, merged))
                try:
                    merged = await asyncio.to_thread(next, rest, None)
                finally:
                    await writing
        except BaseException:
            writer.close()
            raise
        finally:
            sorter.close()
        self._progress(job.size)
        sources = tuple(
            PartBytes(part.path, part.created, part.start, end)
            for part in job.parts
            if (end := part.length - reader.rests.get(part.path, part.length)) > part.start
        )
        begin = min([part.begin for part in job.parts])
        end = max([part.end for part in job.parts])
        return writer, rows, Footer(sources, rows.count, "", {}, reader.left_out, begin, end)
