"""The rows of compacted files: row group after row group, only the bytes of the columns wanted."""

from __future__ import annotations

import asyncio
import io
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from ...typing import METADATA
from ..cells.csv_rows import ColumnType, Misfit
from ..fetch.fetcher import Fetcher
from ..fetch.positioned import Positioned
from ..parts.plan import RANGE, PlannedPart

__all__ = ["conformed", "groups"]

_, TIME, _ = METADATA
# Row groups under way: one is decoded while the next one is fetched.
AHEAD: Final = 2
# Between columns that are wanted, so many bytes are fetched along rather than asked for apart.
GAP: Final = 256 * 1024


async def groups(
    fetcher: Fetcher, part: PlannedPart, metadata: Any, columns: Mapping[str, ColumnType]
) -> AsyncIterator[Any]:
    """The rows of a file, a table for each row group, with these columns in these types. Raises
    Misfit where a cell cannot be of its type."""
    there = metadata.schema.to_arrow_schema().names
    wanted = [name for name in columns if name in there] or there[:1]

    async def group(number: int) -> Any:
        pieces = await asyncio.gather(
            *(
                fetcher.range(part, offset, length)
                for offset, length in _ranges(metadata, number, set(wanted))
            )
        )
        sparse = dict(
            zip((one[0] for one in _ranges(metadata, number, set(wanted))), pieces, strict=True)
        )
        return await asyncio.to_thread(_decoded, sparse, part.length, metadata, number, wanted)

    running: deque[asyncio.Task[Any]] = deque()
    left = iter(range(metadata.num_row_groups))
    try:
        while True:
            while len(running) < AHEAD and (number := next(left, None)) is not None:
                running.append(asyncio.create_task(group(number)))
            if not running:
                return
            yield conformed(await running.popleft(), columns)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def conformed(table: Any, columns: Mapping[str, ColumnType]) -> Any:
    """The table with these columns in these types; what it does not have is missing."""
    arrays, fields = [], []
    for name, (type_, _) in columns.items():
        target = pa.timestamp("us", "UTC") if name == TIME else type_
        cells = table[name] if name in table.column_names else None
        if cells is None or pa.types.is_null(target):
            cells = pa.nulls(table.num_rows, target)
        elif cells.type != target:
            cells = _cast(cells, target)
        arrays.append(cells)
        fields.append((name, target))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _cast(cells: Any, target: Any) -> Any:
    if cells.null_count == len(cells):
        return pa.nulls(len(cells), target)
    if pa.types.is_string(target):
        return pa.array([_text(cell) for cell in cells.to_pylist()], pa.string())
    try:
        return pc.cast(cells, target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise Misfit("a cell does not fit its column") from None


def _text(cell: Any) -> str | None:
    """A cell as a pipeline writes it to CSV."""
    match cell:
        case None:
            return None
        case float() if cell - cell != 0:
            return "NaN" if cell != cell else "inf" if cell > 0 else "-inf"
        case float() | bool():
            return orjson.dumps(cell).decode()
        case datetime():
            return cell.isoformat(timespec="microseconds")
        case date():
            return cell.isoformat()
    return str(cell)


def _ranges(metadata: Any, number: int, wanted: set[str]) -> list[tuple[int, int]]:
    """The bytes of a row group's columns, neighbours together, none longer than RANGE."""
    group = metadata.row_group(number)
    spans = []
    for at in range(group.num_columns):
        column = group.column(at)
        if column.path_in_schema in wanted:
            begin = column.data_page_offset
            if column.has_dictionary_page and column.dictionary_page_offset:
                begin = min(begin, column.dictionary_page_offset)
            spans.append((begin, begin + column.total_compressed_size))
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin - merged[-1][1] <= GAP:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((begin, end))
    return [
        (offset, min(RANGE, end - offset))
        for begin, end in merged
        for offset in range(begin, end, RANGE)
    ]


def _decoded(
    pieces: Mapping[int, bytes], length: int, metadata: Any, number: int, wanted: Sequence[str]
) -> Any:
    file = pq.ParquetFile(
        pa.PythonFile(_Pieces(pieces, length), mode="r"), metadata=metadata, pre_buffer=False
    )
    return file.read_row_group(number, columns=list(wanted), use_threads=False)


class _Pieces(Positioned, io.RawIOBase):
    """A file of which some ranges are there, and no others are read."""

    def __init__(self, pieces: Mapping[int, bytes], length: int) -> None:
        super().__init__(length)
        self._pieces = sorted(pieces.items())

    def __repr__(self) -> str:
        return f"<_Pieces: {len(self._pieces)}>"

    def read(self, size: int | None = -1) -> bytes:
        """What is there from the position on, at most ``size`` bytes."""
        size = self._length if size is None or size < 0 else size
        found = []
        for begin, data in self._pieces:
            if begin <= self._at < begin + len(data):
                taken = data[self._at - begin : self._at - begin + size]
                found.append(taken)
                self._at += len(taken)
                size -= len(taken)
        return b"".join(found)
