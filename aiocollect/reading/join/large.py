"""Joins a stretch of time that is larger than is held in memory.

What was recorded together stands in the same order in its files: that is looked at first, by the
ids alone, and then the streams are read side by side. Where the order differs, or labels are many,
rows go to the disk in shares by their id, each share is joined by itself, and the shares are merged
in the order in which the rows would stand had all been joined at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, Protocol

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from ...typing import METADATA
from ..fetch.fetcher import Fetcher
from ..parts.plan import PlannedPart
from ..rows.stream import StreamReader
from .aligned import aligned
from .matching import has_others, is_ours, same_rows
from .spill import GATHERED, KEY, Spill, divided, merged

__all__ = ["Joining", "LargeFolder", "parts_in"]

ID, _, ROW = METADATA

# Bytes of the parts: a smaller stretch is joined in memory, with some five times as many.
LARGE: Final = 32 * 2**20
# Bytes of the parts whose rows are joined at a time.
SHARE: Final = 4 * 2**20
# Bytes of the tables that are handed out.
CHUNK: Final = 8 * 2**20
# Labels that are held while rows go by, in bytes of their parts; more go to the disk.
LABELS_HELD: Final = 8 * 2**20
# A compacted file holds about so many times its length.
FOLDED: Final = 5
_STREAM: Final = 48  # above the place of a row: the bits of its stream's number


class Joining(Protocol):
    """What joins rows: see Joiner."""

    scored: dict[str, StreamReader]
    labels: StreamReader | None
    own_labels: Any
    schema: Any

    def none(self, reader: StreamReader) -> Any:
        """No rows of a stream."""
        ...

    def known(self, labels: Any) -> Any:
        """The labels that had come by then."""
        ...

    def pieces(
        self,
        fetcher: Fetcher,
        reader: StreamReader,
        parts: list[PlannedPart],
        *,
        ours: bool = True,
        keys_only: bool = False,
    ) -> AsyncIterator[Any]:
        """Rows of a stream, piece after piece."""
        ...

    def split(
        self, tables: dict[str, Any], waited: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What can be joined now, and what waits."""
        ...

    def matched(self, tables: dict[str, Any]) -> Any:
        """The rows of all streams side by side."""
        ...

    def labelled(self, table: Any, labels: Any) -> Any:
        """The rows with these labels beside them."""
        ...

    def shaped(self, table: Any) -> Any:
        """As it is handed out."""
        ...

    def unused(self, count: int) -> None:
        """So many labels belong to no row."""
        ...

    async def with_labels(self, fetcher: Fetcher, table: Any, span: tuple[int, int] | None) -> Any:
        """With the labels of the stretch of time, which are held."""
        ...


class LargeFolder:
    """One stretch of time. ``waiting``: what waits for the next one, when all tables came."""

    def __init__(self, joining: Joining, fetcher: Fetcher, span: tuple[int, int]) -> None:
        self._joining = joining
        self._fetcher = fetcher
        self._span = span
        self._readers = dict(joining.scored)
        self._size = sum(_size(parts_in(reader, span)) for reader in self._readers.values())
        near = [] if joining.labels is None else parts_in(joining.labels, span)
        self._labels_size = _size(near)
        self.waiting: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<LargeFolder of {self._size} bytes>"

    @property
    def is_large(self) -> bool:
        """Whether it is joined here."""
        return self._size + self._labels_size > LARGE

    async def has_others(self) -> bool:
        """Whether any id is not ours."""
        for name in self._readers:
            async for table in self._pieces(name, keys_only=True):
                if has_others(table):
                    return True
        return False

    async def tables(self, waited: dict[str, Any]) -> AsyncIterator[Any]:
        """The joined rows; ``waited``: what waited before."""
        joining = self._joining
        if await self._goes_by(waited):
            self.waiting = waited
            streams = {name: self._pieces(name) for name in self._readers}
            async for tables in aligned(streams, least=CHUNK):
                table = joining.matched(tables)
                table = await joining.with_labels(self._fetcher, table, self._span)
                yield joining.shaped(table)
            return
        shares = -(-(self._size + self._labels_size) // SHARE)
        spills: list[Spill] = []
        try:
            async for table in self._in_shares(waited, shares, spills):
                yield table
        finally:
            for spill in spills:
                spill.close()

    async def _goes_by(self, waited: dict[str, Any]) -> bool:
        """Whether all rows stand in the same order, and the labels can be held meanwhile."""
        if any(map(len, waited.values())) or self._labels_size > LABELS_HELD:
            return False
        labels = self._joining.labels
        pool = 0 if labels is None else _size(labels.parts)
        if len(self._readers) == 1 and pool <= LABELS_HELD:
            return True
        streams = {name: self._pieces(name, keys_only=True) for name in self._readers}
        async for tables in aligned(streams):
            if any(table is None for table in tables.values()) or not same_rows(tables):
                return False
            if pool > LABELS_HELD and has_others(next(iter(tables.values()))):
                return False  # labels of all days would be held
        return True

    def _pieces(self, name: str, *, keys_only: bool = False) -> AsyncIterator[Any]:
        reader = self._readers[name]
        parts = parts_in(reader, self._span)
        return self._joining.pieces(self._fetcher, reader, parts, keys_only=keys_only)

    # Shares -------------------------------------------------------------------------------------

    async def _in_shares(
        self, waited: dict[str, Any], shares: int, spills: list[Spill]
    ) -> AsyncIterator[Any]:
        joining = self._joining
        rows: dict[str, Spill] = {}
        others = any(map(len, waited.values()))
        for number, (name, reader) in enumerate(self._readers.items()):
            schema = _keyed(joining.none(reader), name, 0).schema
            spill = rows[name] = Spill(schema, shares)
            spills.append(spill)
            waited[name] = _keyed(waited[name], name, number << _STREAM)
            writer = _Writer(spill, shares)
            at = (number << _STREAM) + len(waited[name])
            async for table in self._pieces(name):
                others = others or has_others(table)
                await writer.put(_keyed(table, name, at))
                at += len(table)
            await writer.flush()
        labels = await self._spilled_labels(shares, spills, others=others)
        before = {name: divided(table, shares) for name, table in waited.items()}
        runs = Spill(joining.schema.append(pa.field(KEY, pa.int64())), shares)
        spills.append(runs)
        left: dict[str, list[Any]] = {name: [] for name in rows}
        for share in range(shares):
            waits = await asyncio.to_thread(
                self._join_share,
                {name: spill.table(share) for name, spill in rows.items()},
                {name: some[share] for name, some in before.items()},
                None if labels is None else labels.table(share),
                lambda table, share=share: _run(runs, share, table, shares),
            )
            for name, table in waits.items():
                left[name].append(table)
        for spill in rows.values():
            spill.close()
        self.waiting = {
            name: pa.concat_tables(some).sort_by(_key(name)).drop_columns([_key(name)])
            for name, some in left.items()
        }
        tables: Iterator[Any] = merged(runs, shares, least=CHUNK)
        while (table := await asyncio.to_thread(next, tables, None)) is not None:
            yield table.drop_columns([KEY])

    def _join_share(
        self,
        tables: dict[str, Any],
        waited: dict[str, Any],
        labels: Any,
        keep: Any,
    ) -> dict[str, Any]:
        joining = self._joining
        ready, waits = joining.split(tables, waited)
        table = joining.matched(ready)
        if labels is not None:
            found = joining.labelled(table, labels)
            ours = pc.fill_null(is_ours(labels[ID]), False)
            unused = pc.and_(ours, pc.invert(found.belongs))
            joining.unused(pc.sum(unused).as_py() or 0)
            table = found.table
        elif joining.own_labels is not None:
            table = joining.labelled(table, joining.own_labels).table
        key = pc.coalesce(*(table[_key(name)] for name in self._readers))
        keep(joining.shaped(table).append_column(KEY, key))
        # Shares come one after the other, in any thread: what one has left is no use to the next.
        pa.default_memory_pool().release_unused()
        return waits

    async def _spilled_labels(
        self, shares: int, spills: list[Spill], *, others: bool
    ) -> Spill | None:
        """Those of the stretch of time; where there are ids of others, those of all folders too."""
        joining, reader = self._joining, self._joining.labels
        if reader is None or joining.own_labels is not None:
            return None
        spill = Spill(joining.none(reader).schema, shares)
        spills.append(spill)
        writer = _Writer(spill, shares)
        async for table in joining.pieces(self._fetcher, reader, parts_in(reader, self._span)):
            ours = table.filter(pc.fill_null(is_ours(table[ID]), False)) if others else table
            await writer.put(joining.known(ours))
        if others:
            parts = list(reader.parts)
            async for table in joining.pieces(self._fetcher, reader, parts, ours=False):
                await writer.put(joining.known(table))
        await writer.flush()
        return spill


class _Writer:
    """Gathers rows, and puts them into their shares in one go."""

    def __init__(self, spill: Spill, shares: int) -> None:
        self._spill = spill
        self._shares = shares
        self._held: list[Any] = []
        self._size = 0

    async def put(self, table: Any) -> None:
        self._held.append(table)
        self._size += table.nbytes
        if self._size >= GATHERED:
            await self.flush()

    async def flush(self) -> None:
        if self._held:
            held, self._held, self._size = self._held, [], 0
            await asyncio.to_thread(self._put, held)

    def _put(self, tables: list[Any]) -> None:
        for share, table in enumerate(divided(pa.concat_tables(tables), self._shares)):
            if len(table):
                self._spill.put(share, table)
        pa.default_memory_pool().release_unused()


def _run(runs: Spill, share: int, table: Any, shares: int) -> None:
    """Keep a share's rows, sorted, in batches so small that one of each share can be held."""
    if not len(table):
        return
    table = table.sort_by(KEY).combine_chunks()
    most = max(1, len(table) * (CHUNK // shares) // max(1, table.nbytes))
    for first in range(0, len(table), most):
        runs.put(share, table.slice(first, most))


def _key(name: str) -> str:
    return f"{KEY}.{name}"


def _keyed(table: Any, name: str, first: int) -> Any:
    """With the place of each row among those of all streams."""
    places = pa.array(range(first, first + len(table)), pa.int64())
    return table.append_column(_key(name), places)


def _size(parts: Any) -> int:
    return sum(
        (part.length - part.start) * (FOLDED if part.format == "parquet" else 1) for part in parts
    )


def parts_in(reader: StreamReader, span: tuple[int, int]) -> list[PlannedPart]:
    """The parts of a stream that lie in a stretch of time."""
    return [part for part in reader.parts if part.begin < span[1] and span[0] < part.end]
