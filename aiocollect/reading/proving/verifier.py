"""verify()'s work: the logs, the parts, and what they say of one another.

Invariants: logs are read before the parts are listed, since a record is written after its bytes, so
every record that was read has its bytes by then; and memory is bounded: where there are more
records than are kept, the logs are read again for a few days at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from ..._core.ids import writer_of_id
from ...errors import ConfigError, Refusal, StoreRefused
from ...typing import LOG_ROOT, Catalog, Listed
from ..asked.when import FOREVER
from ..compacted.folders import folder_of
from ..fetch.fetcher import Fetcher, listing
from ..fetch.opening import import_arrow
from ..fetch.united import files_of
from ..log.files import LogFiles, log_files, read_logs
from ..log.lives import LaneKey, LaneTold, Lives
from ..parts.places import PartPlace
from ..parts.plan import PlannedPart
from ..planning.planner import PlacesOf, find_place, prefix_of
from .evidence import SeenPart
from .judging import DayJudge
from .row_check import RowCheck
from .verdict import DayVerdict, Finding, Verdict, state_of
from .vouching import PartCheck

__all__ = ["Asked", "verified"]

# Records that are kept at a time: some 100 MiB.
RECORDS: Final = 300_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Asked(NamedTuple):
    """What is verified: ``names`` are those that are known ("model", "version", "identifier");
    times in microseconds since 1970; ``rows``: the rows are looked at too."""

    names: dict[str, str]
    begin: int
    end: int
    rows: bool
    key: bytes | None


class Day(NamedTuple):
    """A stream's folder: model, version and stream, and its span."""

    model: str
    version: str
    stream: str
    begin: int
    end: int


class _Door:
    """The bytes of the parts."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def check(self, part: SeenPart, check: PartCheck) -> None:
        """Feed it the whole part: one range is looked at while the next ones come."""
        async for stretch in self._fetcher.stretches([_planned(part)]):
            await asyncio.to_thread(check.feed, stretch.data)

    async def read(self, part: SeenPart, offset: int, length: int) -> bytes:
        """Some bytes of the part."""
        return await self._fetcher.range(_planned(part), offset, length)


def _planned(part: SeenPart, stream: str = "", form: str = "csv") -> PlannedPart:
    return PlannedPart(stream, part.path, part.length, part.created, form, 0, 0)


class _Verifier:
    def __init__(self, catalog: Catalog, places_of: PlacesOf, asked: Asked) -> None:
        self._catalog = catalog
        self._places_of = places_of
        self._places = places_of(asked.names)
        self._asked = asked
        self._fetcher = Fetcher(catalog)
        self._days: dict[str, Day | None] = {}
        self._unread = ""  # why the log cannot be read

    def _day_of(self, path: str) -> Day | None:
        """The stream and folder of a path; None where it is not asked for."""
        if path not in self._days:
            self._days[path] = self._found(find_place(self._places, path))
        return self._days[path]

    def _found(self, place: PartPlace | None) -> Day | None:
        asked = self._asked
        if place is None or place.begin >= asked.end or place.end <= asked.begin:
            return None
        names = asked.names | dict(zip(self._places[0].asked, place.names, strict=True))
        model, version, stream = (names.get(one, "") for one in ("model", "version", "identifier"))
        return Day(model, version, stream, place.begin, place.end)

    async def verdict(self) -> Verdict:
        asked = self._asked
        logs, lives = await self._logs()
        parts: dict[Day, list[Listed]] = {}
        for listed in await listing(self._catalog, prefix_of(self._places)):
            day = self._day_of(listed.path)
            if day is not None and listed.appendable:
                parts.setdefault(day, []).append(listed)
        told: dict[Day, int] = {}
        for path, count in lives.counts.items():
            day = self._day_of(path)
            if day is not None:
                told[day] = told.get(day, 0) + count
        days = sorted(parts.keys() | told.keys())
        found = []
        for some in _groups(days, told) if lives.full else [days]:
            kept = await self._lives(logs, frozenset(some)) if lives.full else lives
            by_day: dict[Day, dict[LaneKey, LaneTold]] = {}
            for key, lane in kept.lanes.items():
                day = self._day_of(lane.path)
                if day is not None:
                    by_day.setdefault(day, {})[key] = lane
            found += [
                await self._judged(day, parts.get(day, []), by_day.get(day, {}), kept)
                for day in some
            ]
        return _verdict(found, lives, asked.names)

    async def _logs(self) -> tuple[LogFiles, Lives]:
        """The logs, and what they say. A credential may be for the rows alone, as a SAS for one
        directory is: then nothing is known from a log, and why."""
        try:
            logs = await log_files(self._catalog, begin=self._asked.begin)
            return logs, await self._lives(logs, None)
        except StoreRefused as refused:
            if refused.reason is not Refusal.NO_RIGHT:
                raise
            self._unread = f"the log in {LOG_ROOT} cannot be read: {refused}"
            return {}, await self._lives({}, None)

    async def _lives(self, logs: LogFiles, only: frozenset[Day] | None) -> Lives:
        def wanted(path: str) -> bool:
            day = self._day_of(path)
            return day is not None and (only is None or day in only)

        most = RECORDS if only is None else 2**62
        lives = Lives(wanted, lambda part: part, most=most)
        await read_logs(self._fetcher, logs, lives, self._asked.key)
        return lives

    async def _judged(
        self, day: Day, parts: Sequence[Listed], lanes: dict[LaneKey, LaneTold], lives: Lives
    ) -> DayVerdict:
        there = {(part.path, part.created) for part in parts}
        gone = {
            (path, record.created)
            for lane in lanes.values()
            for path, record in lane.stored
            if record.created and (path, record.created) not in there
        }
        judge = DayJudge(
            parts,
            lanes,
            lives.lives,
            door=_Door(self._fetcher),
            writer_of=writer_of_id,
            compacted=await self._compacted(day, gone) if gone else {},
            no_log=self._unread,
        )
        await judge.judge()
        findings: list[Finding] = judge.findings
        if (self._asked.rows or judge.unlogged) and parts:
            findings = [*findings, *await RowCheck(self._fetcher).check(day.stream, parts)]
        return DayVerdict(
            model=day.model,
            version=day.version,
            stream=day.stream,
            begin=_moment(day.begin),
            end=_moment(day.end),
            state=state_of(findings),
            parts=len(parts),
            bytes=sum(part.length for part in parts),
            stored=judge.stored,
            dead_lettered=judge.ends("dead"),
            dropped=judge.ends("dropped"),
            findings=tuple(findings),
            all_shown=judge.all_shown,
        )

    async def _compacted(
        self, day: Day, parts: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], int]:
        """As far as these parts of a day are in compacted files. Without pyarrow nobody can tell,
        and nothing can have been compacted here."""
        try:
            import_arrow()
        except ConfigError:
            return {}
        from ..compacted.files import files_in

        version = day.version or "default"  # where the layout knows none
        names = {"model": day.model, "version": version, "identifier": day.stream}
        if not all(names.values()):
            return {}
        fold = await files_in(
            files_of(self._catalog),
            folder_of(day.model, version, day.stream),
            begin=day.begin,
            end=day.end,
            longest=day.end - day.begin,
            is_mine=lambda _: True,
            places=prefix_of(self._places_of(names)),
            parts=[(path, created, FOREVER) for path, created in parts],
        )
        return dict(fold.marks)


async def verified(catalog: Catalog, places_of: PlacesOf, asked: Asked) -> Verdict:
    """The verdict of what is asked."""
    return await _Verifier(catalog, places_of, asked).verdict()


def _groups(days: Sequence[Day], told: dict[Day, int]) -> Iterable[list[Day]]:
    """Days whose records can be kept together; at least one."""
    some: list[Day] = []
    count = 0
    for day in days:
        if some and count + told.get(day, 0) > RECORDS:
            yield some
            some, count = [], 0
        some.append(day)
        count += told.get(day, 0)
    if some:
        yield some


def _verdict(days: Sequence[DayVerdict], lives: Lives, names: dict[str, str]) -> Verdict:
    refused: dict[str, dict[str, int]] = {}
    sampled: dict[str, int] = {}
    redacted: dict[str, int] = {}
    asked = "/".join(filter(None, (names.get("model"), names.get("version"))))
    for life in lives.lives.values():
        for label, said in life.sums.items():
            if asked and not f"{label}/".startswith(f"{asked}/"):
                continue
            for reason, rows in said["refused"].items():
                of = refused.setdefault(label, {})
                of[reason] = of.get(reason, 0) + rows
            for counts, name in ((sampled, "sampled_out"), (redacted, "redacted_out")):
                if said[name]:
                    counts[label] = counts.get(label, 0) + said[name]
    return Verdict(
        days=tuple(days),
        lives=len(lives.lives),
        refused=refused,
        sampled_out=sampled,
        redacted_out=redacted,
    )


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
