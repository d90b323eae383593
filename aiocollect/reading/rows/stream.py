"""One stream of a plan: its columns, their types, and its rows as Arrow tables.

What the columns are like is seen in the first rows of each part. A later cell that does not fit
raises Misfit; ``survey()`` then looks at every cell, after which all fit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]

from ...errors import SchemaConflict
from ...typing import METADATA
from ..asked.notes import Notes
from ..cells.csv_rows import ColumnType, Misfit, Parsed, header_of, looks_in, parsed
from ..cells.cut import last_row_end
from ..cells.declared import Declared
from ..cells.jsonl_rows import lines_in, lines_table
from ..cells.looks import Looks, is_mixed, settled
from ..cells.pieces import timed
from ..cells.types import FIXED, column_types, undeclared
from ..compacted.files import PARQUET
from ..compacted.tables import CompactedReader
from ..fetch.fetcher import Fetcher, Stretch
from ..parts.plan import PlannedPart
from .absent import absent

__all__ = ["StreamReader"]

ID, TIME, ROW = METADATA

# A row that is longer is none: somewhere a quote has no partner.
LONGEST_ROW: Final = 64 * 2**20
# Pieces that are parsed at a time: Arrow lets go of the interpreter.
PARSERS: Final = 2


class StreamReader:
    """Reads the parts of one stream. ``told``: types by column; ``declared``: what the pipeline
    said of them; ``widen``: whether parts may differ; ``strict``: whether what cannot be read is an
    error; ``known``: its columns, where somebody has looked at its parts before; else learn()
    does. ``rests``: by path, how many bytes at the end of a part were no whole row; ``left_out``:
    how often something in the middle of a part could not be read."""

    def __init__(
        self,
        name: str,
        parts: Sequence[PlannedPart],
        *,
        told: Mapping[str, Any],
        declared: Declared = MappingProxyType({}),
        widen: bool,
        strict: bool,
        notes: Notes,
        known: Mapping[str, ColumnType] | None = None,
    ) -> None:
        self.name = name
        self.parts = tuple(parts)
        self.columns: dict[str, ColumnType] = dict(known or {})
        self._told = told
        self._declared = declared
        self._widen = widen
        self._strict = strict
        self._notes = notes
        self._headers: dict[str, tuple[list[str], int] | None] = {}
        self._looks: dict[str, Looks] = {}
        self._known = known is not None
        self._surveyed = False
        self._files = CompactedReader()
        self.left_out = 0
        self.rests: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<StreamReader {self.name}: {len(self.parts)} parts, {len(self.columns)} columns>"

    @property
    def has_ids(self) -> bool:
        """Whether rows can be told apart."""
        return ID in self.columns

    @property
    def _compacted(self) -> list[PlannedPart]:
        return [part for part in self.parts if part.format == PARQUET]

    @property
    def _live(self) -> list[PlannedPart]:
        return [part for part in self.parts if part.format != PARQUET]

    # What columns there are ---------------------------------------------------------------------

    async def learn(self, fetcher: Fetcher) -> None:
        """See what columns there are, and what the first rows of each part are like."""
        if self._known:
            return
        found = {part: await self._files.looks(fetcher, part) for part in self._compacted}
        foreign = False
        async for part, head in fetcher.heads(self._live):
            found[part] = looks = await asyncio.to_thread(self._look_at_head, part, head)
            foreign = foreign or bool(looks and part.format == "csv" and ROW not in looks)
        seen = [(part, found[part]) for part in self.parts if found[part]]
        self._take([looks for _, looks in seen], [part for part, _ in seen])
        if foreign and any(not column.told for column in self.columns.values()):
            # A file of others may have text without quotes that looks like numbers further down.
            await self.survey(fetcher)

    async def _see_headers(self, fetcher: Fetcher, parts: Sequence[PlannedPart]) -> None:
        unseen = [part for part in parts if part.format == "csv" and part.path not in self._headers]
        async for part, head in fetcher.heads(unseen):
            self._headers[part.path] = header_of(head)

    async def survey(self, fetcher: Fetcher) -> None:
        """Look at every cell of every column whose type is not told."""
        if self._surveyed:
            return
        self._surveyed = True
        wanted = [name for name, column in self.columns.items() if not column.told]
        found: dict[str, Looks] = dict.fromkeys(self.columns, frozenset())

        def look(part: PlannedPart, rows: bytes) -> dict[str, Looks]:
            names = self._names(part)
            here = wanted if part.format != "csv" else [one for one in wanted if one in names]
            return self._looks_of(part, rows, names, here)

        for part in self._compacted:
            for name, looks in (await self._files.looks(fetcher, part)).items():
                found[name] |= looks
        async for part, rows in self._pieces(fetcher, self._live):
            for name, looks in (await asyncio.to_thread(look, part, rows)).items():
                found[name] |= looks
        self._take([found], self.parts)

    def _look_at_head(self, part: PlannedPart, head: bytes) -> dict[str, Looks]:
        if part.format == "csv":
            header = self._headers[part.path] = header_of(head)
            if header is None:
                return {}
            names, start = header
            rows = head[start:]
            rows = rows[: last_row_end(rows, quotes=True)]
            wanted = [name for name in dict.fromkeys(names) if name not in {*self._told, *FIXED}]
            found = {name: frozenset[str]() for name in names}
            try:
                return found | self._looks_of(part, rows, names, wanted)
            except Misfit:
                return found
        rows = head[: last_row_end(head, quotes=False)]
        lines = lines_in(rows, part.format)
        return lines.looks(lines.names)

    def _looks_of(
        self, part: PlannedPart, rows: bytes, names: Sequence[str], wanted: Sequence[str]
    ) -> dict[str, Looks]:
        if part.format == "csv":
            return looks_in(rows, names, wanted)
        return lines_in(rows, part.format).looks(wanted)

    def _take(self, seen: Sequence[Mapping[str, Looks]], parts: Sequence[PlannedPart]) -> None:
        """Unite what was seen in the parts, by name, in the order of the newest."""
        united: dict[str, Looks] = {}
        for looks in reversed(seen):
            for name, look in looks.items():
                united[name] = united.get(name, frozenset()) | look
        self._looks = united
        in_json = {part.format for part in self.parts} - {PARQUET} == {"jsonl"}
        self.columns = column_types(united, self._told, self._declared, in_json=in_json)
        if len(seen) == len(parts):
            notes = absent(self.name, self.columns, seen, parts, widen=self._widen)
            for name, text in notes.items():
                self._notes.add("absent", f"{self.name}.{name}", text)
        others = undeclared(united, self._declared, in_json=in_json)
        for name, word in others.items():
            if not self.columns[name].told:
                self._not_declared(name, word)
        for name, look in united.items():
            if name in self._declared and name not in others:
                continue
            if not self.columns[name].told and is_mixed(look):
                kinds = ", ".join(sorted(settled(look) - {"negative"}))
                if not self._widen:
                    raise SchemaConflict(
                        f"{self.name}: column {name!r} has cells of several types "
                        f"({kinds}); set its type, for example schema={{{name!r}: str}}, "
                        "or use on_drift='widen'"
                    )
                self._notes.add(
                    "mixed",
                    f"{self.name}.{name}",
                    f"cells of several types ({kinds}) are read as {self.columns[name].type}",
                )

    def _not_declared(self, name: str, word: str) -> None:
        """Its cells are something else than the pipeline said."""
        said = f"it was declared as {word}, but has other cells"
        if not self._widen:
            raise SchemaConflict(
                f"{self.name}: column {name!r}: {said}; set its type, for example "
                f"schema={{{name!r}: str}}, or use on_drift='widen'"
            )
        self._notes.add(
            "declared", f"{self.name}.{name}", f"{said}; read as {self.columns[name].type}"
        )

    # Rows ---------------------------------------------------------------------------------------

    async def tables(
        self, fetcher: Fetcher, parts: Sequence[PlannedPart], wanted: Sequence[str]
    ) -> AsyncIterator[tuple[PlannedPart, Any]]:
        """The rows of these parts, in order, with the wanted columns in their types; what a part
        has no column for is missing. Raises Misfit."""
        for are_files, some in groupby(parts, lambda part: part.format == PARQUET):
            if not are_files:
                async for part, table in self._live_tables(fetcher, list(some), wanted):
                    yield part, table
                continue
            columns = {name: self.columns[name] for name in wanted}
            is_final = self._surveyed or all(column.told for column in columns.values())
            for part in some:
                async for table in self._files.tables(fetcher, part, columns, is_final=is_final):
                    yield part, table

    async def _live_tables(
        self, fetcher: Fetcher, parts: Sequence[PlannedPart], wanted: Sequence[str]
    ) -> AsyncIterator[tuple[PlannedPart, Any]]:
        if any(part.checked for part in parts) and {ID, TIME, ROW} <= self.columns.keys():
            every = list(dict.fromkeys([*wanted, ID, TIME, ROW]))
            async for part, table in self._parsed(fetcher, parts, every):
                if part.checked:
                    table = await self._files.fresh(fetcher, part, table, self.parts)
                yield part, table.select(list(wanted))
            return
        async for part, table in self._parsed(fetcher, parts, wanted):
            yield part, table

    async def _parsed(
        self, fetcher: Fetcher, parts: Sequence[PlannedPart], wanted: Sequence[str]
    ) -> AsyncIterator[tuple[PlannedPart, Any]]:
        columns = {name: self.columns[name] for name in wanted}
        if self._known:
            await self._see_headers(fetcher, parts)
        parsing: deque[tuple[PlannedPart, asyncio.Future[Any]]] = deque()
        try:
            async for part, rows in self._pieces(fetcher, parts):
                work = asyncio.to_thread(self._table, part, rows, columns)
                parsing.append((part, asyncio.ensure_future(work)))
                if len(parsing) > PARSERS:
                    part, task = parsing.popleft()
                    if len(table := await task):
                        yield part, table
            while parsing:
                part, task = parsing.popleft()
                if len(table := await task):
                    yield part, table
        finally:
            await asyncio.gather(*(task for _, task in parsing), return_exceptions=True)

    async def first_ids(self, fetcher: Fetcher) -> AsyncIterator[Any]:
        """The ids of the first rows of each part that has some."""
        columns = {ID: self.columns[ID]} if self.has_ids else {}
        for part in self._compacted if columns else ():
            async for table in self._files.tables(fetcher, part, columns):
                yield table
                break
        async for part, head in fetcher.heads(self._live if columns else ()):
            header = self._headers.get(part.path, None if part.format == "csv" else ([], 0))
            if header is not None:
                rows = head[header[1] :]
                rows = rows[: last_row_end(rows, quotes=part.format == "csv")]
                yield self._table(part, rows, columns)

    def empty(self, wanted: Sequence[str]) -> Any:
        """No rows of these columns."""
        return timed(pa.schema([(name, self.columns[name].type) for name in wanted]).empty_table())

    def _table(self, part: PlannedPart, rows: bytes, columns: Mapping[str, ColumnType]) -> Any:
        names = self._names(part)
        if part.format == "csv":
            here = {name: column for name, column in columns.items() if name in names}
            read: Callable[[], Parsed] = lambda: parsed(rows, names, here or _first(names))  # noqa: E731
        else:
            here = dict(columns)
            read = lambda: lines_table(lines_in(rows, part.format), here)  # noqa: E731
        try:
            found = read()
        except Misfit:
            if self._surveyed or all(column.told for column in here.values()):
                raise self._conflict(part, rows, here) from None
            raise
        if found.left_out:
            self._leave_out(
                "rows",
                part,
                f"at least {found.left_out} rows are not valid UTF-8, or do not have as "
                "many cells as the header",
            )
        table = found.table
        count = table.num_rows
        arrays = [
            table[name] if name in here else pa.nulls(count, column.type)
            for name, column in columns.items()
        ]
        schema = pa.schema([(name, column.type) for name, column in columns.items()])
        return timed(pa.Table.from_arrays(arrays, schema=schema))

    def _conflict(
        self, part: PlannedPart, rows: bytes, columns: Mapping[str, ColumnType]
    ) -> SchemaConflict:
        names = self._names(part)
        for name, column in columns.items():
            try:
                if part.format == "csv":
                    parsed(rows, names, {name: column})
                else:
                    lines_table(lines_in(rows, part.format), {name: column})
            except Misfit:
                break
        return SchemaConflict(
            f"{self.name}: column {name!r} of {part.path} has a cell that is not of type "
            f"{column.type}; set another type, for example schema={{{name!r}: str}}"
        )

    def _names(self, part: PlannedPart) -> list[str]:
        header = self._headers.get(part.path)
        return header[0] if header else []

    async def _pieces(
        self, fetcher: Fetcher, parts: Sequence[PlannedPart]
    ) -> AsyncIterator[tuple[PlannedPart, bytes]]:
        """Pieces of whole rows, without headers."""
        rest = b""
        begun = skipped = False
        async for stretch in fetcher.stretches(parts):
            part = stretch.part
            if not begun:
                rest, begun = b"", True
                skipped = False
            begin = 0
            if not skipped and stretch.data:
                header_end = self._header_end(part, stretch)
                begin = len(stretch.data) if header_end is None else header_end
                skipped = True
            if self._headers.get(part.path, ([], 0)) is not None:
                quotes = part.format == "csv"
                end = last_row_end(stretch.data, quotes=quotes, begin=begin, before=rest)
                if end:
                    # One copy: fresh memory costs as much as half of the parsing.
                    yield part, b"".join((rest, memoryview(stretch.data)[begin:end]))
                    rest, begin = b"", end
                rest += stretch.data[begin:]
                if len(rest) > LONGEST_ROW:
                    self._leave_out("part", part, "left out from an unclosed quote on")
                    self._headers[part.path] = None
                    rest = b""
                if stretch.last:
                    self.rests[part.path] = len(rest)
                if stretch.last and rest:
                    self._leave_out(
                        "torn", part, f"the last line, of {len(rest)} bytes, is incomplete"
                    )
            begun = not stretch.last

    def _header_end(self, part: PlannedPart, stretch: Stretch) -> int | None:
        """Where in the first stretch the rows begin; None where the part has no header, so that it
        has no rows."""
        if part.format != "csv":
            return 0
        header = self._headers.get(part.path)
        if header is None:
            if stretch.data:
                self._leave_out("part", part, "its header is incomplete; left out")
            return None
        return max(0, header[1] - part.start)

    def _leave_out(self, code: str, part: PlannedPart, text: str) -> None:
        self.left_out += code != "torn"
        if self._strict:
            raise SchemaConflict(f"{part.path}: {text}")
        self._notes.add(code, part.path, text)


def _first(names: Sequence[str]) -> dict[str, ColumnType]:
    """A column to count the rows by, where none of those wanted is there."""
    return {names[0]: ColumnType(pa.string())}
