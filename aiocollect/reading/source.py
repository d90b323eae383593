"""One read from its plan to its tables: what every way to look at a dataset goes through.

Invariants: the plan is made once, and its lengths are frozen; what is yielded is never yielded
again, so where a part is gone or a cell fits no type after the first rows went out, it is an error,
and before that a new plan, or a look at every cell.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias, TypeVar

import pyarrow as pa  # type: ignore[import-untyped]

from ..errors import ConfigError, Incomplete, SchemaConflict, SnapshotGone
from ..typing import METADATA, Catalog
from .asked.notes import Notes, ReadNote
from .asked.request import LABELS, Request
from .cells.csv_rows import ColumnType, Misfit
from .fetch.fetcher import Fetcher
from .join.joiner import Joiner
from .join.times import within
from .log.cuts import cut_large
from .log.declarations import declared_in
from .parts.plan import Plan
from .parts.portions import Portion, plan_size, portions_of_parts, portions_of_spans
from .planning.planner import Planner
from .profiles.profile import Profile
from .rows.stream import StreamReader

__all__ = ["Known", "Reading"]

ID, TIME, _ = METADATA
# By stream and column.
Known: TypeAlias = Mapping[str, Mapping[str, ColumnType]]
PLANS: Final = 3
_T = TypeVar("_T")


class Reading:
    """``is_frozen``: the plan is a snapshot, and no other will do, so that ``planner`` can be None.
    ``known``: the columns of each
    stream, where somebody has looked at the parts before. ``window``: of joined rows, the stretches
    of time from one to before another."""

    def __init__(
        self,
        request: Request,
        planner: Planner | None,
        notes: Notes,
        plan: Plan | None = None,
        *,
        is_frozen: bool = False,
        known: Known | None = None,
        window: tuple[int, int] | None = None,
    ) -> None:
        self.request = request
        self.notes = notes
        self.plan = plan
        self.missing: dict[str, int] | None = None
        self._planner = planner
        self._is_frozen = is_frozen
        self._known = known
        self._window = window
        self._readers: dict[str, StreamReader] | None = None

    def __repr__(self) -> str:
        if self.plan is None:
            return f"<Reading {self.request.model!r}, not planned yet>"
        return f"<Reading {self.request.model!r}, {len(self.plan.parts)} parts>"

    def noted(self) -> tuple[ReadNote, ...]:
        """What was seen so far."""
        return self.notes.all

    async def planned(self, catalog: Catalog) -> Plan:
        """The plan, made at the first call."""
        if self.plan is None:
            assert self._planner is not None
            plan = await self._planner.plan(catalog)
            self.plan = plan._replace(declared=await declared_in(catalog, plan))
        return self.plan

    async def schema(self, catalog: Catalog) -> Any:
        """The columns and their types, as far as the first rows of each part show."""
        _, readers = await self._learned(catalog)
        return self._shape(readers)

    async def divided(self, catalog: Catalog, target: int) -> tuple[list[Portion], Known]:
        """The plan in portions of about so many bytes, and the columns of all of them."""
        fetcher, readers = await self._learned(catalog)
        plan = await self.planned(catalog)
        known = {name: reader.columns for name, reader in readers.items()}
        if self.request.single:
            return portions_of_parts(await cut_large(catalog, plan.parts, target), target), known
        joiner = Joiner(self.request, readers, self.notes)
        spans = joiner.spans
        if await joiner.seems_to_have_others(fetcher):
            # Each split would have to look at what waits in the folders before its own.
            target = plan_size(plan)
        return portions_of_spans(spans, plan, target), known

    async def tables(self, catalog: Catalog, *, begun: bool = False) -> AsyncIterator[Any]:
        """All rows, table by table. ``begun``: somebody holds the schema already."""
        for left in reversed(range(PLANS)):
            try:
                async for table in self._tables(catalog, bounded=True):
                    begun = True
                    yield table
                return
            except Misfit:
                if begun:
                    raise SchemaConflict(
                        "a column has cells of a type that its first rows did not have; "
                        "set the types of such columns with schema={…}, or call "
                        "typed() first, which inspects all rows"
                    ) from None
                await self.survey(catalog)
            except SnapshotGone:
                if begun or self._is_frozen or not left:
                    raise
                self.plan = self._readers = None
        raise AssertionError("unreachable")

    async def collected(self, catalog: Catalog) -> Any:
        """All rows as one table; its types are found out on the way."""

        async def collect() -> Any:
            tables = [table async for table in self._tables(catalog)]
            return pa.concat_tables([(await self.schema(catalog)).empty_table(), *tables])

        return await self._as_a_whole(catalog, collect)

    async def profile(self, catalog: Catalog, tell: Callable[[int], None]) -> Profile:
        """What the rows are like, and how late labels came. ``tell`` gets the number of rows so
        far."""
        return await self._as_a_whole(catalog, lambda: self._profile(catalog, tell))

    def viewed(self, request: Request) -> Reading:
        """The same parts, looked at in another way."""
        return Reading(request, self._planner, self.notes, self.plan, is_frozen=self._is_frozen)

    async def survey(self, catalog: Catalog) -> None:
        """Look at every cell of each column whose type is not told."""
        fetcher, readers = await self._learned(catalog)
        for reader in readers.values():
            await reader.survey(fetcher)

    # --------------------------------------------------------------------------------------------

    async def _as_a_whole(self, catalog: Catalog, work: Callable[[], Awaitable[_T]]) -> _T:
        """What ``work`` makes of all rows: from the beginning again where a cell fits no type, or a
        part is gone."""
        for left in reversed(range(PLANS)):
            try:
                return await work()
            except Misfit:
                await self.survey(catalog)
            except SnapshotGone:
                if self._is_frozen or not left:
                    raise
                self.plan = self._readers = None
        raise AssertionError("unreachable")

    async def _profile(self, catalog: Catalog, tell: Callable[[int], None]) -> Profile:
        fetcher, readers = await self._learned(catalog)
        request = self.request
        profile = Profile()
        if request.single:
            (reader,) = readers.values()
            async for table in self._single(fetcher, reader):
                profile.add(table, {}, None)
                tell(profile.rows)
            return profile
        joiner = Joiner(request, readers, self.notes)
        lacked = dict.fromkeys(joiner.missing, 0)
        async for table in joiner.tables(fetcher, bounded=True):
            lacking = {name: count - lacked[name] for name, count in joiner.missing.items()}
            lacked = dict(joiner.missing)
            profile.add(table, lacking, joiner.span)
            tell(profile.rows)
        labels = readers.get(LABELS)
        if labels is not None and {ID, TIME} <= labels.columns.keys():
            async for _, table in labels.tables(fetcher, labels.parts, list(labels.columns)):
                profile.add_labels(table, request.begin, request.end)
        return profile

    async def _learned(self, catalog: Catalog) -> tuple[Fetcher, dict[str, StreamReader]]:
        fetcher = Fetcher(catalog)
        if self._readers is None:
            plan = await self.planned(catalog)
            request = self.request
            self._readers = readers = {
                name: StreamReader(
                    name,
                    parts,
                    told=request.told,
                    declared=plan.declared.get(name, {}),
                    widen=request.on_drift == "widen",
                    strict=request.strict,
                    notes=self.notes,
                    known=None if self._known is None else self._known[name],
                )
                for name, parts in plan.streams.items()
            }
            for reader in readers.values():
                await reader.learn(fetcher)
            self._check_columns(readers)
        return fetcher, self._readers

    def _check_columns(self, readers: dict[str, StreamReader]) -> None:
        request = self.request
        for name in request.told:
            if not any(name in reader.columns for reader in readers.values()):
                raise ConfigError(f"schema names {name!r}; {_columns(readers)}")
        if not request.single:
            for reader in readers.values():
                if reader.parts and reader.columns and not {ID, TIME} <= reader.columns.keys():
                    raise ConfigError(
                        f"{reader.name} has no {ID} and {TIME}, so it cannot be joined; "
                        f"read it alone with streams={reader.name!r}"
                    )
        names = self._whole(readers).names
        for name in request.columns or ():
            if name not in names:
                raise ConfigError(f"columns names {name!r}; {_columns(readers)}")

    def _shape(self, readers: dict[str, StreamReader]) -> Any:
        """The schema of what is yielded."""
        schema = self._whole(readers)
        if self.request.columns is not None:
            schema = pa.schema([schema.field(name) for name in self.request.columns])
        return schema

    def _whole(self, readers: dict[str, StreamReader]) -> Any:
        """The schema of all columns."""
        if self.request.single:
            (reader,) = readers.values()
            return reader.empty(list(reader.columns)).schema
        return Joiner(self.request._replace(columns=None), readers, self.notes).schema

    async def _tables(self, catalog: Catalog, *, bounded: bool = False) -> AsyncIterator[Any]:
        fetcher, readers = await self._learned(catalog)
        request = self.request
        if request.single:
            (reader,) = readers.values()
            tables = self._single(fetcher, reader)
        else:
            joiner = Joiner(request, readers, self.notes)
            tables = joiner.tables(fetcher, self._window, bounded=bounded)
        async for table in tables:
            if request.where is not None:
                table = table.filter(request.where)
            if request.columns is not None:
                table = table.select(list(request.columns))
            if len(table):
                yield table
        if not request.single:
            self.missing = joiner.missing
            self._check_missing(joiner.missing)

    async def _single(self, fetcher: Fetcher, reader: StreamReader) -> AsyncIterator[Any]:
        request = self.request
        wanted = list(reader.columns)
        if request.columns is not None and request.where is None:
            wanted = list(request.columns)
        cut = any(part.begin < request.begin or request.end < part.end for part in reader.parts)
        timed = {ID, TIME} <= reader.columns.keys()
        if cut and not timed:
            self.notes.add(
                "times", reader.name, "its rows have no time, so whole folders were read"
            )
        fetched = list(dict.fromkeys([*wanted, ID, TIME])) if cut and timed else wanted
        async for part, table in reader.tables(fetcher, reader.parts, fetched):
            if timed and (part.begin < request.begin or request.end < part.end):
                table = within(table, request.begin, request.end)
            yield table.select(wanted)

    def _check_missing(self, missing: dict[str, int]) -> None:
        lacking = {name: count for name, count in missing.items() if count and name != LABELS}
        if lacking and self.request.on_missing == "raise":
            said = ", ".join(f"{count} have no {name}" for name, count in lacking.items())
            raise Incomplete(
                f"of the rows that were scored {said}; use on_missing='keep' or 'drop' to "
                "read the rest",
                missing,
            )


def _columns(readers: dict[str, StreamReader]) -> str:
    names = list(dict.fromkeys(name for reader in readers.values() for name in reader.columns))
    return "there are " + ", ".join(names[:30]) + (", …" if len(names) > 30 else "")
