"""Rows are sorted by time and id, whatever fits into memory, and none is lost on the way."""

from __future__ import annotations

import random
import uuid
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from aiocollect import MemoryStore
from aiocollect.compaction.rowset import RowSet
from aiocollect.compaction.sorting import Sorter
from aiocollect.compaction.targets import ParquetFiles
from aiocollect.compaction.writing import FileWriter
from aiocollect.errors import AioCollectError
from aiocollect.reading.compacted.footer import Footer, PartBytes, footer_of, marks_of
from aiocollect.typing import METADATA

ID, TIME, ROW = METADATA
Row = tuple[str | None, int, int, int]


def rows_of(seed: int, count: int) -> list[Row]:
    rng = random.Random(seed)

    def id_() -> str | None:
        kind = rng.random()
        if kind < 0.8:
            return str(uuid.UUID(int=rng.getrandbits(128)))
        return None if kind < 0.82 else f"customer {rng.randrange(9)}é"

    return [(id_(), rng.randrange(count // 5), rng.randrange(3), at) for at in range(count)]


def table_of(rows: list[Row]) -> Any:
    ids, times, indexes, values = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            ID: pa.array(ids, pa.string()),
            TIME: pa.array(times, pa.timestamp("us", "UTC")),
            ROW: pa.array(indexes, pa.int64()),
            "value": pa.array(values, pa.int64()),
        }
    )


@pytest.mark.parametrize("held", [1 << 30, 40_000, 1])
@pytest.mark.parametrize("seed", range(3))
def test_rows_come_in_order_of_time_and_id(seed: int, held: int) -> None:
    """Python's own stable sort says which; missing ids are last."""
    rows = rows_of(seed, 3_000)
    sorter = Sorter(held=held, batch=4_000)
    for first in range(0, len(rows), 251):
        assert not list(sorter.add(table_of(rows[first : first + 251])))
    found = [value for table in sorter.rest() for value in table["value"].to_pylist()]
    sorter.close()
    expected = sorted(rows, key=lambda row: (row[1], row[0] is None, (row[0] or "").encode()))
    assert found == [row[3] for row in expected]


def test_rows_of_one_time_are_sorted_across_pieces() -> None:
    """Rows come in order of time, so each piece begins where the one before it ends."""
    rows = sorted(rows_of(9, 2_000), key=lambda row: row[1] // 40)
    rows = [(row[0], row[1] // 40, row[2], row[3]) for row in rows]
    sorter = Sorter(held=10_000, batch=2_000)
    for first in range(0, len(rows), 60):
        assert not list(sorter.add(table_of(rows[first : first + 60])))
    found = [value for table in sorter.rest() for value in table["value"].to_pylist()]
    sorter.close()
    expected = sorted(rows, key=lambda row: (row[1], row[0] is None, (row[0] or "").encode()))
    assert found == [row[3] for row in expected]


def test_rows_without_a_time_come_last() -> None:
    """Files of others can have some."""
    table = table_of(rows_of(8, 500))
    moments = table[TIME].to_pylist()
    table = table.set_column(
        table.column_names.index(TIME),
        TIME,
        pa.array(
            [None if at % 7 == 0 else one for at, one in enumerate(moments)], table[TIME].type
        ),
    )
    sorter = Sorter(held=5_000, batch=2_000)
    for first in range(0, 500, 90):
        assert not list(sorter.add(table.slice(first, 90)))
    found = [value for some in sorter.rest() for value in some["value"].to_pylist()]
    sorter.close()
    assert sorted(found) == list(range(500))
    assert sorted(found[-72:]) == list(range(0, 500, 7))


def test_rows_without_an_index_keep_their_order() -> None:
    """Their place among those of their id is all that tells them apart."""
    table = table_of(rows_of(1, 50)).drop_columns([ROW])
    sorter = Sorter()
    assert [one.equals(table) for one in sorter.add(table)] == [True]
    assert not list(sorter.rest())


def test_a_set_of_rows_knows_no_order_and_misses_none() -> None:
    """One row lost, doubled, or of another index is another set."""
    rows = rows_of(4, 500)

    def text(*pieces: list[Row]) -> str:
        found = RowSet()
        for piece in pieces:
            found.add(table_of(piece))
        return found.text

    whole = text(rows)
    shuffled = random.Random(1).sample(rows, len(rows))
    assert text(shuffled[:17], [], shuffled[17:]) == whole
    for at in range(0, 500, 50):
        assert text(rows[:at] + rows[at + 1 :]) != whole
        assert text([*rows, rows[at]]) != whole
        id_, time, index, value = rows[at]
        assert text([*rows[:at], (id_, time, index + 1, value), *rows[at + 1 :]]) != whole


def test_a_slice_of_a_table_hashes_like_its_copy() -> None:
    """Arrow shares the bytes of slices."""
    table = table_of(rows_of(5, 300))
    whole, pieces = RowSet(), RowSet()
    whole.add(table)
    for first in range(0, 300, 7):
        pieces.add(table.slice(first, 7))
    assert whole == pieces


def test_a_file_has_its_footer_and_its_rows() -> None:
    """Other readers of Parquet get the same cells."""
    table = table_of(sorted(rows_of(6, 1_000), key=lambda row: row[1]))
    writer = FileWriter(table.schema, ParquetFiles(MemoryStore(), "").encodings)
    writer.add(table)
    said = Footer((PartBytes("a/data.csv", "now", 3, 99),), 0, "", {}, 0, 10, 20)
    source = RowSet()
    source.add(table)
    file, length, footer = writer.finish(said, source)
    data = file.read()
    writer.close()
    assert len(data) == length
    parquet = pq.ParquetFile(pa.BufferReader(data))
    assert parquet.read().equals(table)
    assert footer_of(parquet.metadata.metadata) == footer
    assert (footer.rows, footer.looks["value"]) == (1_000, frozenset({"int53"}))
    assert marks_of([footer]) == {("a/data.csv", "now"): 99}


def test_a_file_that_lost_rows_is_not_put() -> None:
    """It is read back, and compared with its source."""
    table = table_of(rows_of(7, 100))
    source = RowSet()
    source.add(table)
    for written in (table.slice(1), pa.concat_tables([table.slice(1), table.slice(5, 1)])):
        writer = FileWriter(table.schema, ParquetFiles(MemoryStore(), "").encodings)
        writer.add(written)
        with pytest.raises(AioCollectError, match="nothing was stored"):
            writer.finish(Footer((), 0, "", {}, 0, 0, 0), source)
        writer.close()
