"""Compacted files among the parts of a stream: their columns and their rows; and which rows that
came after their day's sources were removed are in the files already."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from ...errors import SchemaConflict
from ...typing import METADATA
from ..cells.csv_rows import ColumnType, Misfit
from ..cells.looks import Looks
from ..fetch.fetcher import Fetcher
from ..parts.plan import PlannedPart
from .files import PARQUET, metadata_of
from .footer import Footer, footer_of, looks_of_file
from .groups import groups

__all__ = ["CompactedReader"]

ID, TIME, ROW = METADATA
_KEYS: Final = {
    ID: ColumnType(pa.string(), told=True),
    TIME: ColumnType(pa.timestamp("us", "UTC"), told=True),
    ROW: ColumnType(pa.int64(), told=True),
}


class CompactedReader:
    """Reads the compacted files of one stream; footers are fetched once."""

    def __init__(self) -> None:
        self._metadata: dict[str, tuple[Any, Footer | None]] = {}
        self._keys: dict[tuple[int, int], Any] = {}

    def __repr__(self) -> str:
        return f"<CompactedReader, {len(self._metadata)} files>"

    async def looks(self, fetcher: Fetcher, part: PlannedPart) -> dict[str, Looks]:
        """The looks of its columns."""
        metadata, footer = await self._opened(fetcher, part)
        seen = looks_of_file(metadata)
        return seen if footer is None else seen | footer.looks

    async def tables(
        self,
        fetcher: Fetcher,
        part: PlannedPart,
        columns: Mapping[str, ColumnType],
        *,
        is_final: bool = True,
    ) -> AsyncIterator[Any]:
        """Its rows in order. Raises Misfit, or SchemaConflict where no other types can be found."""
        metadata, _ = await self._opened(fetcher, part)
        try:
            async for table in groups(fetcher, part, metadata, columns):
                yield table
        except Misfit:
            if not is_final:
                raise
            raise SchemaConflict(
                f"a column of {part.path} has cells that are not of the type that is set for it; "
                "set another type with schema={…}"
            ) from None

    async def fresh(
        self, fetcher: Fetcher, part: PlannedPart, table: Any, parts: Iterable[PlannedPart]
    ) -> Any:
        """The rows of the table, which has ids, times and indexes, that the files of its day do
        not have. The same row has the same time too: a spool sends the same bytes."""
        day = [
            one
            for one in parts
            if one.format == PARQUET and one.begin < part.end and part.begin < one.end
        ]
        keys = self._keys.get((part.begin, part.end))
        if keys is None:
            found = [pa.schema([(name, one.type) for name, one in _KEYS.items()]).empty_table()]
            for one in day:
                found += [rows async for rows in self.tables(fetcher, one, _KEYS)]
            keys = self._keys[part.begin, part.end] = pa.concat_tables(found)
        mine = table.select([ID, TIME, ROW])
        near = keys.filter(pc.is_in(keys[ID], value_set=mine[ID].combine_chunks()))
        if not near.num_rows:
            return table
        place = pa.array(range(table.num_rows), pa.int64())
        mine = mine.set_column(1, TIME, mine[TIME].cast(pa.timestamp("us", "UTC")))
        left = mine.append_column("place", place).join(near, [ID, TIME, ROW], join_type="left anti")
        return table.take(left["place"].combine_chunks().sort())

    async def _opened(self, fetcher: Fetcher, part: PlannedPart) -> tuple[Any, Footer | None]:
        found = self._metadata.get(part.path)
        if found is None:
            metadata = await metadata_of(fetcher, part)
            if metadata is None:
                raise SchemaConflict(f"{part.path} is not a compacted file")
            # Of a Delta table, others' files have none.
            found = self._metadata[part.path] = metadata, footer_of(metadata.metadata)
        return found
