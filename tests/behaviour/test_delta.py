"""compact(format="delta"): a table for each stream has each row once, whoever works on it.

What is in a table is asked of the library ``deltalake`` itself, not of our reader.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

import aiocollect
from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.errors import SchemaConflict
from aiocollect.stores.local import LocalStore
from aiocollect.typing import METADATA
from tests.support.reads import NOON, three_rows, write

deltalake = pytest.importorskip("deltalake")

ID, TIME, ROW = METADATA
TABLE = "model=churn/version=10/stream=inputs"
LOG = f"{TABLE}/_delta_log"


def cells(dataset: Any) -> list[str]:
    return sorted(map(repr, dataset.to_arrow().to_pylist()))


def compact(store: Any, target: Any = None, **options: Any) -> Any:
    return aiocollect.compact(store, target or store, format="delta", **options)


def table_of(store: MemoryStore, folder: Path) -> Any:
    """The table as the library reads it, from a directory."""
    for path, blob in store._blobs.items():
        if path.startswith(TABLE):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(bytes(blob.data))
    return deltalake.DeltaTable(folder / TABLE)


def rows_of(store: MemoryStore, folder: Path) -> list[tuple[Any, ...]]:
    found = table_of(store, folder).to_pyarrow_table()
    return sorted(zip(*(found[name].to_pylist() for name in (ID, ROW)), strict=True))


def test_a_table_has_the_rows_and_the_day(tmp_path: Path) -> None:
    """Missing, NaN and "" stay three things; the day is the partition."""
    store = write(three_rows)
    before = cells(aiocollect.read(store, "churn"))
    made = compact(store)
    assert [(file.stream, file.rows) for file in made.files] == [("inputs", 3), ("predictions", 3)]
    table = table_of(store, tmp_path)
    found = table.to_pyarrow_table()
    assert found["age"].to_pylist() == [41, None, 7]
    assert found["plan"].to_pylist() == ["a,b", "", None]
    assert {str(day) for day in found["$aml_dc_date"].to_pylist()} == {"2026-01-31"}
    assert str(found.schema.field(TIME).type) == "timestamp[us, tz=UTC]"
    assert table.metadata().partition_columns == ["$aml_dc_date"]
    assert cells(aiocollect.read(store, "churn")) == before
    parts = aiocollect.read(store, "churn", streams="inputs").parts
    assert [part.format for part in parts] == ["parquet"]
    assert [one.stream for one in aiocollect.streams(store)] == ["inputs", "predictions"]


def test_statistics_leave_no_row_out(tmp_path: Path) -> None:
    """They have milliseconds, and rows microseconds: they are rounded outwards."""
    store = write(three_rows)
    compact(store)
    dataset = table_of(store, tmp_path).to_pyarrow_dataset()
    everything = dataset.to_table()
    for moment in everything[TIME].to_pylist():
        field = pa.dataset.field(TIME) == pa.scalar(moment, pa.timestamp("us", "UTC"))
        assert dataset.to_table(filter=field).num_rows >= 1


def test_late_rows_are_read_behind_the_table_and_added_by_the_next_run(tmp_path: Path) -> None:
    """And a run with nothing to do adds no version."""
    store = write(three_rows)
    compact(store)
    write(three_rows, store=store, at=NOON.replace(minute=7))
    everything = cells(aiocollect.read(store, "churn"))
    assert len(set(everything)) == 6
    parts = aiocollect.read(store, "churn", streams="inputs").parts
    assert [(part.format, part.start > 0) for part in parts] == [("parquet", False), ("csv", True)]
    assert [file.rows for file in compact(store).files] == [3, 3]
    assert cells(aiocollect.read(store, "churn")) == everything
    assert len(rows_of(store, tmp_path)) == 6
    version = table_of(store, tmp_path).version()
    assert not compact(store).files
    assert table_of(store, tmp_path).version() == version


def test_parts_are_removed_and_what_comes_back_is_not_doubled(tmp_path: Path) -> None:
    """The watermark outlives the parts; a spool sends the same bytes."""
    store = write(three_rows)
    before, blobs = cells(aiocollect.read(store, "churn")), store.blobs
    done = compact(store, remove_after="1d")
    assert len(done.removed) == 2
    assert not store.blobs
    assert cells(aiocollect.read(store, "churn")) == before
    assert aiocollect.verify(store, "churn").state != "damaged"

    async def again() -> None:
        for path, data in blobs.items():
            await store.create(path, content_type="text/csv")
            await store.append(path, data, offset=0)

    asyncio.run(again())
    assert cells(aiocollect.read(store, "churn")) == before
    compact(store)
    assert cells(aiocollect.read(store, "churn")) == before
    assert len(rows_of(store, tmp_path)) == 3


async def copy(blobs: dict[str, bytes], folder: Path) -> None:
    """As a pipeline would have written them there, behind what is there."""
    store = LocalStore(folder)
    for path, data in blobs.items():
        await store.create(path, content_type="text/csv")
        length = (await store.open(path, head=1)).length
        await store.append(path, data[data.index(b"\n") + 1 :] if length else data, offset=length)
    await store.aclose()


class Killed(Exception):
    """The process ended here."""


class Breaking(MemoryStore):
    """Ends a run before or after one of its puts; or has somebody else work there."""

    def __init__(self, store: MemoryStore, at: int, happens: Any, *, after: bool) -> None:
        super().__init__()
        self._blobs = store._blobs
        self._left, self._happens, self._after = at, happens, after

    async def put(self, path: str, file: Any, *, length: int, content_type: str) -> bool:
        """Count down."""
        self._left -= 1
        if not self._left and not self._after:
            await self._happens()
        made = await super().put(path, file, length=length, content_type=content_type)
        if not self._left and self._after:
            await self._happens()
        return made


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 7))
def test_a_run_that_is_killed_at_a_put_loses_and_doubles_nothing(
    at: int, after: bool, tmp_path: Path
) -> None:
    """Data file, table, version: before it or after it; the next run makes up for it."""
    store = write(three_rows)
    before = cells(aiocollect.read(store, "churn"))

    async def kill() -> None:
        raise Killed

    with pytest.raises(Killed):
        compact(store, Breaking(store, at, kill, after=after))
    assert cells(aiocollect.read(store, "churn")) == before
    compact(store)
    assert cells(aiocollect.read(store, "churn")) == before
    assert len(rows_of(store, tmp_path)) == 3


@pytest.mark.parametrize("at", range(1, 4))
def test_a_run_that_another_one_overtakes_plans_again(at: int, tmp_path: Path) -> None:
    """Whoever is first puts the version; the other sees what is in the table."""
    store = write(three_rows)

    async def other() -> None:
        await aiocollect.acompact(store, store, format="delta")

    done = compact(store, Breaking(store, at, other, after=False))
    assert not done.files
    assert len(rows_of(store, tmp_path)) == 3
    assert len(set(cells(aiocollect.read(store, "churn")))) == 3


def test_columns_are_added_and_a_column_keeps_its_type(tmp_path: Path) -> None:
    """A cell of another type ends the run, and says which column it is and both types."""

    async def more(pipeline: Pipeline) -> None:
        model = pipeline.model("churn", version="10", inputs=["age", "new"], predictions=["p"])
        model.collect(inputs=[[1, 2.5]], predictions=[[1]])

    async def other(pipeline: Pipeline) -> None:
        model = pipeline.model("churn", version="10", inputs=["age", "new"], predictions=["p"])
        model.collect(inputs=[["old", 2**53 + 1]], predictions=[[1]])

    store = write(three_rows)
    compact(store)
    write(more, store=store, at=NOON.replace(minute=7))
    compact(store)
    found = table_of(store, tmp_path).to_pyarrow_table()
    assert sorted(found["age"].to_pylist(), key=str) == [1, 41, 7, None]
    assert sorted(found["new"].to_pylist(), key=str) == [2.5, None, None, None]
    write(other, store=store, at=NOON.replace(minute=9))
    everything = cells(aiocollect.read(store, "churn", streams="inputs"))
    with pytest.raises(SchemaConflict, match="column 'age' is int64 in the table, and string"):
        compact(store)
    assert cells(aiocollect.read(store, "churn", streams="inputs")) == everything


def test_declared_types_are_those_of_the_table(tmp_path: Path) -> None:
    """So that whole numbers of the first day do not decide for all days."""

    async def declared(pipeline: Pipeline) -> None:
        model = pipeline.model("churn", version="10", inputs={"age": float}, predictions=["p"])
        model.collect(inputs=[[41]], predictions=[[1]])

    store = write(declared)
    compact(store)
    assert str(table_of(store, tmp_path).to_pyarrow_table().schema.field("age").type) == "double"


def test_numbers_without_a_sign_and_large_ones_are_kept(tmp_path: Path) -> None:
    """Delta has no such type; the reader gives them back as they are read from the parts."""

    async def large(pipeline: Pipeline) -> None:
        collector = pipeline.collector("churn", version="10", identifier="inputs")
        collector.collect({"a": 2**64 - 1, "b": 2**70, "c": None})

    store = write(large)
    before = aiocollect.read(store, "churn", streams="inputs").to_arrow()
    compact(store)
    after = aiocollect.read(store, "churn", streams="inputs").to_arrow()
    assert after.to_pylist() == before.to_pylist()
    assert after.schema.field("a").type == before.schema.field("a").type


def test_many_versions_have_a_checkpoint(tmp_path: Path) -> None:
    """Readers fetch it and what came after it; the watermarks are in it."""
    store = write(three_rows)
    compact(store)
    for minute in range(1, 14):
        write(three_rows, store=store, at=NOON.replace(minute=minute))
        compact(store)
    assert f"{LOG}/00000000000000000010.checkpoint.parquet" in store._blobs
    for path in [path for path in store._blobs if path.startswith(LOG)]:
        if path.endswith(".json") and int(path[-25:-5]) < 10:
            del store._blobs[path]
    assert len(set(cells(aiocollect.read(store, "churn", streams="inputs")))) == 42
    assert not compact(store, model="churn").files
    assert len(rows_of(store, tmp_path)) == 42


def test_what_others_merge_is_read_and_not_added_again(tmp_path: Path) -> None:
    """OPTIMIZE makes files that have no footer of ours; the watermarks are in the log."""

    where = tmp_path / "data"
    asyncio.run(copy(write(three_rows).blobs, where))
    aiocollect.compact(where, where, format="delta")
    asyncio.run(copy(write(three_rows, at=NOON.replace(minute=9)).blobs, where))
    aiocollect.compact(where, where, format="delta")
    table = deltalake.DeltaTable(where / TABLE)
    table.optimize.compact()
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    after = cells(aiocollect.read(where, "churn", streams="inputs"))
    assert len(set(after)) == 6
    assert not aiocollect.compact(where, where, format="delta").files
    done = aiocollect.compact(where, where, format="delta", remove_after="1d")
    assert len(done.removed) == 2
    assert cells(aiocollect.read(where, "churn", streams="inputs")) == after


def test_what_is_in_the_way_is_said() -> None:
    """Files of the other kind, a table of another service, columns that differ in case alone."""
    store = write(three_rows)
    files, table = MemoryStore(), MemoryStore()
    aiocollect.compact(store, files)
    with pytest.raises(ConfigError, match=r"has Parquet files in .*use format='parquet'"):
        compact(store, files)
    compact(store, table)
    with pytest.raises(ConfigError, match=r"has a Delta table in .*use format='delta'"):
        aiocollect.compact(store, table)
    other = write(three_rows, service="other")
    with pytest.raises(ConfigError, match="not of this store's workspace, service and layout"):
        compact(other, table, service="other")
    assert len(cells(aiocollect.read(other, "churn", service="other", compacted=table))) == 3

    async def folded(pipeline: Pipeline) -> None:
        pipeline.collector("churn", identifier="inputs").collect({"Age": 1, "age": 2})

    with pytest.raises(SchemaConflict, match="'Age' and 'age'"):
        compact(write(folded))
