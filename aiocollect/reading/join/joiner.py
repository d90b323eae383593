"""Joins the streams of a plan, one stretch of time after the other.

Our ids carry the day, so what belongs together lies in folders of one time, and a stretch is joined
by itself. Ids of others carry none: their rows may lie on both sides of a midnight, so those that
lack a stream wait for the next stretch, once; and their labels, which may come at any time, are
looked for in all later folders.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from ...errors import ConfigError
from ...typing import METADATA
from ..asked.notes import Notes
from ..asked.request import LABELS, Request
from ..fetch.fetcher import Fetcher
from ..parts.plan import Plan, PlannedPart, spans_of
from ..rows.stream import StreamReader
from .large import LargeFolder, parts_in
from .matching import complete_keys, has_others, is_ours, join, label, numbered, same_rows
from .times import within

__all__ = ["Joiner"]

ID, TIME, ROW = METADATA


class Joiner:
    """``missing`` counts, of the rows yielded, those that lack a stream."""

    def __init__(self, request: Request, readers: dict[str, StreamReader], notes: Notes) -> None:
        self._request = request
        self._notes = notes
        self.own_labels = None if isinstance(request.labels, str) else request.labels
        self._which = request.labels if isinstance(request.labels, str) else "latest"
        self.scored = {name: one for name, one in readers.items() if name != LABELS}
        self.labels = readers.get(LABELS)
        if not self.scored and self.labels is not None:
            # Labels alone are rows like others.
            self.scored, self.labels = {LABELS: self.labels}, None
        if self.own_labels is not None:
            self.labels = None
        self.missing: dict[str, int] = dict.fromkeys(self.scored, 0)
        if self.labels is not None or self.own_labels is not None:
            self.missing[LABELS] = 0
        self.schema = self._shape()
        self.span: tuple[int, int] | None = None
        self._unused = self._doubled = 0
        self._near: _Near | None = None
        self._pool: Any = None

    def __repr__(self) -> str:
        return f"<Joiner of {', '.join(self.missing)}>"

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The stretches of time that its rows come in, in order."""
        return spans_of(Plan({name: reader.parts for name, reader in self.scored.items()}))

    async def tables(
        self, fetcher: Fetcher, window: tuple[int, int] | None = None, *, bounded: bool = False
    ) -> AsyncIterator[Any]:
        """The joined rows, a table for each stretch of time; ``bounded``: several for a large one,
        of which no more than a few are held. ``span``: that of the table, None for what waited.

        ``window``: the stretches from one to before another. Over windows that lie side by side
        the rows are those of all stretches, each once: what waits at the end of one comes in the
        next if that has any ids of others, else at the end of this one.
        """
        spans = self.spans
        first, last = window or (0, len(spans))
        waiting = {name: self.none(reader) for name, reader in self.scored.items()}
        for at in range(first, last):
            span = self.span = spans[at]
            large = LargeFolder(self, fetcher, span) if bounded else None
            if large is not None and large.is_large:
                if at == first > 0 and await large.has_others():
                    waiting = await self._waiting(fetcher, spans[:first])
                async for table in large.tables(waiting):
                    yield table
                waiting = large.waiting
                self._settle()
                continue
            tables = await self._scored_in(fetcher, span)
            if at == first > 0 and any(map(has_others, tables.values())):
                waiting = await self._waiting(fetcher, spans[:first])
            ready, waiting = self.split(tables, waiting)
            yield self.shaped(await self._joined(fetcher, ready, span))
            self._settle()
        self.span = None
        if any(len(table) for table in waiting.values()):
            ahead = await self._scored_in(fetcher, spans[last]) if last < len(spans) else {}
            if not any(map(has_others, ahead.values())):
                yield self.shaped(await self._joined(fetcher, waiting, None))
                self._settle()
        if self._unused:
            self._notes.add(
                "labels", LABELS, f"{self._unused} labels belong to none of the rows read"
            )
        if self._doubled:
            self._notes.add(
                "doubled", "", f"{self._doubled} rows have an id and index that an earlier row has"
            )

    # Reading ------------------------------------------------------------------------------------

    async def _scored_in(self, fetcher: Fetcher, span: tuple[int, int]) -> dict[str, Any]:
        loaded = await asyncio.gather(
            *(self._rows(fetcher, one, *span) for one in self.scored.values())
        )
        return dict(zip(self.scored, loaded, strict=True))

    async def seems_to_have_others(self, fetcher: Fetcher) -> bool:
        """Whether the first rows of any part have ids that are not ours."""
        for reader in self.scored.values():
            async for table in reader.first_ids(fetcher):
                if has_others(table):
                    return True
        return False

    async def _waiting(self, fetcher: Fetcher, spans: list[tuple[int, int]]) -> dict[str, Any]:
        """What waits at the end of these stretches. Nothing waits beyond one without ids of
        others, so that is as far as one has to go back."""
        begin = len(spans)
        while begin > 0:
            begin -= 1
            tables = await self._scored_in(fetcher, spans[begin])
            if not any(map(has_others, tables.values())):
                break
        waiting = {name: self.none(reader) for name, reader in self.scored.items()}
        for span in spans[begin:]:
            _, waiting = self.split(await self._scored_in(fetcher, span), waiting)
        return waiting

    def _wanted(self, reader: StreamReader) -> list[str]:
        """What is read of a stream: the columns asked for, and what tells its rows apart."""
        features = [name for name in reader.columns if not name.startswith("$aml_")]
        request = self._request
        # Of labels all: which of them counts does not depend on what is shown.
        if request.columns is not None and request.where is None and reader is not self.labels:
            asked = set(request.columns)
            features = [name for name in features if self._called(reader, name) in asked]
        return [ID, ROW, TIME, *features]

    def _called(self, reader: StreamReader, name: str) -> str:
        return f"{reader.name}.{name}" if self._request.prefix else name

    def none(self, reader: StreamReader) -> Any:
        if not reader.columns:
            return _no_rows()
        wanted = self._wanted(reader)
        table = reader.empty([name for name in wanted if name in reader.columns])
        return self._renamed(reader, numbered(table, {}).select(wanted))

    def _renamed(self, reader: StreamReader, table: Any) -> Any:
        return table.rename_columns(
            [
                name if name in METADATA else self._called(reader, name)
                for name in table.column_names
            ]
        )

    async def _rows(
        self, fetcher: Fetcher, reader: StreamReader, begin: int, end: int, *, ours: bool = True
    ) -> Any:
        """A stream's rows of a stretch; ``ours`` False: those under ids of others alone."""
        return await self._load(fetcher, reader, parts_in(reader, (begin, end)), ours=ours)

    async def _load(
        self, fetcher: Fetcher, reader: StreamReader, parts: list[PlannedPart], *, ours: bool
    ) -> Any:
        pieces = self.pieces(fetcher, reader, parts, ours=ours)
        return pa.concat_tables([self.none(reader), *[table async for table in pieces]])

    async def pieces(
        self,
        fetcher: Fetcher,
        reader: StreamReader,
        parts: list[PlannedPart],
        *,
        ours: bool = True,
        keys_only: bool = False,
    ) -> AsyncIterator[Any]:
        """A stream's rows as they are joined, piece after piece; ``ours`` False: those under ids of
        others alone; ``keys_only``: without what is in them."""
        request = self._request
        if not reader.columns:
            return
        wanted = [ID, ROW, TIME] if keys_only else self._wanted(reader)
        counts: dict[str, int] = {}
        there = [name for name in wanted if name in reader.columns]
        async for part, table in reader.tables(fetcher, parts, there):
            table = numbered(table, counts).select(wanted)
            if not ours:
                table = table.filter(pc.invert(is_ours(table[ID])))
            elif part.begin < request.begin or request.end < part.end:
                table = within(table, request.begin, request.end)
            yield self._renamed(reader, table)

    # Joining ------------------------------------------------------------------------------------

    def split(
        self, tables: dict[str, Any], waited: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What can be joined now, and what waits for the next stretch."""
        empty = {name: table.slice(0, 0) for name, table in tables.items()}
        every = {name: pa.concat_tables([waited[name], tables[name]]) for name in tables}
        if len(tables) < 2 or same_rows(every):
            return every, empty
        masks = complete_keys(list(every.values()))
        if all(pc.all(mask).as_py() is not False for mask in masks):
            return every, empty
        ready, waiting = {}, {}
        for (name, table), mask in zip(every.items(), masks, strict=True):
            before = len(waited[name])
            fresh = pa.chunked_array(
                [
                    pa.repeat(pa.scalar(False), before),
                    pa.repeat(pa.scalar(True), len(table) - before),
                ],
                pa.bool_(),
            )
            waits = pc.and_(
                pc.and_(pc.invert(mask), fresh), pc.invert(pc.fill_null(is_ours(table[ID]), False))
            )
            ready[name] = table.filter(pc.invert(waits))
            waiting[name] = table.filter(waits)
        return ready, waiting

    def matched(self, tables: dict[str, Any]) -> Any:
        """The rows of all streams side by side, those that lack one counted, or left out."""
        joined = join(tables)
        table = joined.table
        self._doubled += joined.doubled
        if self._request.on_missing == "drop" and any(joined.missing.values()):
            for mask in complete_keys([table, *tables.values()])[:1]:
                table = table.filter(mask)
        else:
            for name, count in joined.missing.items():
                self.missing[name] += count
        return table

    def labelled(self, table: Any, labels: Any) -> Any:
        """The rows with these labels beside them; what belongs to none of them is counted when all
        rows were seen."""
        found = label(table, labels, which=self._which)
        self.missing[LABELS] += len(found.has_one) - (pc.sum(found.has_one).as_py() or 0)
        return found

    def shaped(self, table: Any) -> Any:
        """As it is handed out."""
        return table.select(self.schema.names).cast(self.schema)

    async def _joined(
        self, fetcher: Fetcher, tables: dict[str, Any], span: tuple[int, int] | None
    ) -> Any:
        return await self.with_labels(fetcher, self.matched(tables), span)

    async def with_labels(self, fetcher: Fetcher, table: Any, span: tuple[int, int] | None) -> Any:
        """With the labels of the stretch of time, which are held from one table to the next."""
        if self.own_labels is not None:
            return self.labelled(table, self.own_labels).table
        reader = self.labels
        if reader is None or not reader.columns:
            self.missing.update({LABELS: self.missing[LABELS] + len(table)} if reader else {})
            return table
        if self._near is None or self._near.span != span:
            self._settle()
            labels = self.none(reader)
            if span is not None:
                labels = self.known(await self._rows(fetcher, reader, *span))
            self._near = _Near(span, labels)
        near = self._near
        foreign = pc.invert(pc.fill_null(is_ours(table[ID]), False))
        if not pc.any(foreign).as_py():
            found = self.labelled(table, near.labels)
            near.saw(found.belongs.filter(near.mask))
            return found.table
        ours = near.labels.filter(near.mask)
        found = self.labelled(table, pa.concat_tables([ours, await self._all(fetcher)]))
        near.saw(found.belongs.slice(0, len(ours)))
        return found.table

    def unused(self, count: int) -> None:
        """So many labels belong to no row."""
        self._unused += count

    def _settle(self) -> None:
        if self._near is not None:
            self._unused += self._near.unused
            self._near = None

    async def _all(self, fetcher: Fetcher) -> Any:
        """The labels of all folders under ids of others; read once."""
        if self._pool is None:
            assert self.labels is not None
            reader = self.labels
            self._pool = self.known(
                await self._load(fetcher, reader, list(reader.parts), ours=False)
            )
        return self._pool

    def known(self, labels: Any) -> Any:
        """The labels that had come by then."""
        until = self._request.labels_until
        if until is None:
            return labels
        return labels.filter(pc.less_equal(pc.cast(labels[TIME], pa.int64()), until))

    # The schema ---------------------------------------------------------------------------------

    def _shape(self) -> Any:
        fields = list(_no_rows().schema)
        owner: dict[str, str] = {}
        readers = [*self.scored.values(), *([self.labels] if self.labels is not None else [])]
        found = [(reader.name, self.none(reader).schema) for reader in readers]
        if self.own_labels is not None:
            found.append((LABELS, self.own_labels.schema))
        for name, schema in found:
            for field in schema:
                if field.name in METADATA:
                    continue
                if field.name in owner:
                    raise ConfigError(
                        f"column {field.name!r} is in {owner[field.name]} and in {name}; "
                        "use prefix=True, which puts the stream before each name: "
                        f"'{name}.{field.name}'"
                    )
                owner[field.name] = name
                fields.append(field)
        return pa.schema(fields)


class _Near:
    """The labels of a stretch of time, and which of those under our ids belong to a row."""

    def __init__(self, span: tuple[int, int] | None, labels: Any) -> None:
        self.span = span
        self.labels = labels
        self.mask = pc.fill_null(is_ours(labels[ID].combine_chunks()), False)
        self._seen: Any = None

    def __repr__(self) -> str:
        return f"<_Near {len(self.labels)} labels>"

    def saw(self, belongs: Any) -> None:
        """These belong to one of the rows."""
        self._seen = belongs if self._seen is None else pc.or_(self._seen, belongs)

    @property
    def unused(self) -> int:
        """How many belong to none."""
        return 0 if self._seen is None else pc.sum(pc.invert(self._seen)).as_py() or 0


def _no_rows() -> Any:
    return pa.schema(
        [(ID, pa.string()), (ROW, pa.int64()), (TIME, pa.timestamp("us", "UTC"))]
    ).empty_table()
