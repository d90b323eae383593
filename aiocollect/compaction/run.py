"""One run of compact(): all streams, one after the other, then the removal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..errors import ConfigError
from ..reading.asked.notes import Notes
from ..reading.asked.request import request_of
from ..reading.asked.when import moment_of
from ..reading.compacted.folders import folder_of
from ..reading.fetch.opening import Opener
from ..reading.fetch.united import files_of, parts_of
from ..reading.planning.inventory import found_streams
from ..reading.planning.planner import PlacesOf, Planner, prefix_of
from ..reading.proving.verifier import Asked, verified
from ..typing import Catalog
from .compactor import StreamCompactor
from .delta import DeltaTable
from .removal import removable, remove
from .result import Compaction, NewFile
from .targets import FileTarget, ParquetFiles

__all__ = ["Compactor"]

DAY: Final = 86_400_000_000


class Compactor:
    """``names``: of the model and its version, as far as they are given; ``until`` and
    ``remove_until`` in microseconds since 1970."""

    def __init__(
        self,
        open_store: Opener,
        places_of: PlacesOf,
        names: dict[str, str],
        *,
        until: int,
        remove_until: int | None,
        format_: str,
        dry_run: bool,
        progress: Callable[[int, int], None],
    ) -> None:
        self._open_store = open_store
        self._places_of = places_of
        self._names = names
        self._until = until
        self._remove_until = remove_until
        self._format = format_
        self._dry_run = dry_run
        self._tell = progress
        self._notes = Notes()
        self._done = self._total = 0

    def __repr__(self) -> str:
        return f"<Compactor: {self._done:,} of {self._total:,} bytes>"

    async def run(self) -> Compaction:
        """Do it. Raises ConfigError where there is no such model or version."""
        async with self._open_store.opened() as catalog:
            return await self._run(catalog)

    async def _run(self, catalog: Catalog) -> Compaction:
        infos = await found_streams(catalog, self._places_of, self._names)
        if not infos and self._names:
            wanted = "/".join(self._names.values())
            there = await found_streams(catalog, self._places_of, {})
            names = sorted(
                {"/".join((one.model, one.version)[: len(self._names)]) for one in there}
            )
            raise ConfigError(
                f"there is no {wanted!r} in the store; there "
                + (f"are {', '.join(names[:8])}" if names else "is nothing else")
            )
        streams = [
            # As read() calls the version where the layout knows none.
            self._compactor(catalog, (one.model, one.version or "default", one.stream))
            for one in infos
        ]
        jobs = {one: one.jobs(await one.planned()) for one in streams}
        self._total = sum(job.size for of in jobs.values() for job in of)
        files: list[NewFile] = []
        removed: list[str] = []
        kept: list[tuple[str, str]] = []
        for stream in streams:
            if self._dry_run:
                files += [
                    NewFile(*stream.names, job.day, job.path, None, 0, job.size)
                    for job in jobs[stream]
                ]
            elif jobs[stream]:
                files += await stream.run()
            if self._remove_until is not None:
                gone, stay = await self._remove(catalog, stream, self._remove_until)
                removed += gone
                kept += stay
        notes = tuple(str(note) for note in self._notes.all)
        return Compaction(tuple(files), tuple(removed), tuple(kept), notes, self._dry_run)

    def _compactor(self, catalog: Catalog, names: tuple[str, str, str]) -> StreamCompactor:
        model, version, stream = names
        request = request_of(model, version=version, stream=stream)
        store: Any = files_of(catalog)
        folder = folder_of(*names)
        target: FileTarget
        if self._format == "delta":
            fields = {"model": model, "version": version, "identifier": stream}
            target = DeltaTable(store, folder, prefix_of(self._places_of(fields)))
        else:
            target = ParquetFiles(store, folder)
        return StreamCompactor(
            names,
            Planner(request, self._places_of, self._notes),
            source=catalog,
            target=target,
            until=self._until,
            notes=self._notes,
            progress=self._progress,
        )

    async def _remove(
        self, catalog: Catalog, stream: StreamCompactor, until: int
    ) -> tuple[list[str], list[tuple[str, str]]]:
        plan = await stream.planned()
        if self._dry_run:
            found = removable(plan, until=until)
            return [part.path for part, why in found if not why], [
                (part.path, why) for part, why in found if why
            ]
        source: Any = parts_of(catalog)

        model, version, name = stream.names
        names = {"model": model, "version": version, "identifier": name}
        gone = set(plan.fold.marks) - {(part.path, part.created) for part in plan.parts}
        removed = {path for path, _ in gone}

        async def is_sound(day: str) -> bool:
            begin = moment_of(day, option="day", now=0) or 0
            asked = Asked(names, begin, begin + DAY, rows=False, key=None)
            verdict = await verified(source, self._places_of, asked)
            # What was removed before is in files, and no loss.
            return all(
                finding.state != "damaged" or (finding.kind == "lost" and finding.part in removed)
                for finding in verdict.findings
            )

        return await remove(source, plan, until=until, is_sound=is_sound)

    def _progress(self, size: int) -> None:
        self._done += size
        self._tell(self._done, max(self._total, self._done))
