"""splits(): the rows of all splits are those of the dataset, each once, in the same types.

The oracle is what was collected; where it is about one another, the dataset read as a whole.
"""

from __future__ import annotations

import asyncio
import pickle
import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pytest

import aiocollect
from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.errors import Incomplete, SchemaConflict, SnapshotGone
from aiocollect.reading.parts.plan import PlannedPart
from aiocollect.reading.parts.portions import portions_of_parts
from tests.support.reads import churn, three_rows, write

START = datetime(2026, 1, 30, tzinfo=UTC)


def counted(table: Any) -> Counter[str]:
    """Its rows, however often each is there; as text, in which NaN is like NaN."""
    return Counter(str(row) for row in table.to_pylist())


def whole(splits: list[Any]) -> Any:
    assert len({split.schema for split in splits}) == 1
    return pa.concat_tables([split.table() for split in splits])


async def days(pipeline: Pipeline) -> None:
    """Nine days, four calls a day, of several rows; a label for each second call."""
    model = churn(pipeline)
    labels = pipeline.collector("churn", version="10", identifier="labels", feature_names=["y"])
    for count in range(36):
        cid = model.collect(
            inputs=[[count, 'a\n,"b'], [None, ""]],
            predictions=[[count / 8], [float("nan")]],
            at=START + timedelta(hours=6 * count),
        )
        if count % 2:
            labels.collect([[count], [None]], correlation_id=cid)


@pytest.mark.parametrize(
    ("layout", "target", "streams"),
    [
        ("day", 1, None),
        ("day", 400, None),
        ("day", 1 << 20, None),
        ("day", 1, "inputs"),
        ("day", 600, "labels"),
        ("hour", 400, ["inputs", "predictions"]),
        ("hour", 1, "labels"),
    ],
)
def test_all_splits_are_the_dataset(layout: str, target: int, streams: Any) -> None:
    """In its order too, by the day and by the hour, in small splits and in one."""
    store = write(days, layout=layout)
    dataset = aiocollect.read(store, "churn", version="10", streams=streams)
    splits = dataset.splits(target)
    folders = 9 if layout == "day" else 36
    if streams == "labels":
        folders = 9 if layout == "day" else 18
    assert len(splits) == {1: folders, 1 << 20: 1}.get(target, len(splits))
    assert 1 <= len(splits) <= folders
    table = whole(splits)
    assert [str(row) for row in table.to_pylist()] == [
        str(row) for row in dataset.to_arrow().to_pylist()
    ]
    assert table.schema == dataset.schema
    assert len(table) == (36 if streams == "labels" else 72)


def test_spans_filters_and_columns_hold_in_each() -> None:
    """The views of a dataset are those of its splits; the first rows are one."""
    dataset = aiocollect.read(
        write(days), "churn", start="2026-01-31T06:00", end="2026-02-03T13:00", columns=["p", "y"]
    ).filter(pc.field("p") > 1)
    table = whole(dataset.splits(1))
    assert table.column_names == ["p", "y"]
    assert table["p"].to_pylist() == [count / 8 for count in range(9, 19)]
    (one,) = aiocollect.read(write(days), "churn").head(5).splits(1)
    assert one.table()["age"].to_pylist() == [0, None, 1, None, 2]


def test_a_split_goes_to_other_processes(tmp_path: Path) -> None:
    """As text of bytes; it reads the snapshot, however the files have grown."""

    async def life() -> None:
        async with Pipeline(tmp_path) as pipeline:
            await three_rows(pipeline)

    asyncio.run(life())
    (split,) = pickle.loads(pickle.dumps(aiocollect.read(tmp_path, "churn").splits()))
    asyncio.run(life())
    assert split.table()["age"].to_pylist() == [41, None, 7]
    assert [batch.num_rows for batch in split.read()] == [3]
    assert repr(split).startswith("<Split of churn: about ")
    file = next(tmp_path.rglob("inputs/**/data.csv"))
    file.unlink()
    with pytest.raises(SnapshotGone):
        split.table()


SECRET = "c2VjcmV0" * 10 + "c2Vj" + "cg=="


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"store": "azure://account/data", "credential": SECRET}, True),
        ({"store": f"https://a.blob.core.windows.net/data?sv=2024&sig={SECRET[:40]}"}, True),
    ],
)
def test_a_secret_is_pickled_where_it_was_given_and_never_shown(
    options: dict[str, Any], kept: bool
) -> None:
    """As docs/how-to/reading.md says; the store is not asked here."""
    from aiocollect.reading.fetch.opening import opener

    store = opener(options["store"], None, options.get("credential"), {})
    assert (SECRET[:40].encode() in pickle.dumps(store)) is kept
    assert SECRET[:40] not in repr(store)


def test_a_cell_far_down_is_an_error_of_its_split() -> None:
    """As it is of a dataset in batches; typed() before tells."""

    async def use(pipeline: Pipeline) -> None:
        stream = pipeline.collector("m", identifier="inputs", feature_names=["x"])
        stream.collect([[1]], at=START)
        for first in (0, 4000, 8000):
            at = START + timedelta(days=1)
            stream.collect([[n] for n in range(first, first + 4000)], at=at)
        stream.collect([[2.5]], at=START + timedelta(days=1))

    dataset = aiocollect.read(write(use), "m", streams="inputs")
    first, *_, last = dataset.splits(1)
    assert len(first.table()) == 1
    with pytest.raises(SchemaConflict, match=r"typed\(\)"):
        last.table()
    table = whole(dataset.typed().splits(1))
    assert str(table["x"].type) == "double"
    assert table["x"].to_pylist()[-1] == 2.5


def test_what_is_missing_raises_in_the_split_that_lacks_it() -> None:
    """on_missing="raise" too."""

    async def use(pipeline: Pipeline) -> None:
        inputs = pipeline.collector("m", identifier="inputs", feature_names=["a"])
        predictions = pipeline.collector("m", identifier="predictions", feature_names=["p"])
        for day in range(3):
            cid = inputs.collect([[day]], at=START + timedelta(days=day))
            if day != 1:
                predictions.collect([[0.5]], correlation_id=cid)

    store = write(use)
    first, second, third = aiocollect.read(store, "m", on_missing="raise").splits(1)
    assert first.table().num_rows == third.table().num_rows == 1
    with pytest.raises(Incomplete):
        second.table()
    assert whole(aiocollect.read(store, "m", on_missing="drop").splits(1)).num_rows == 2


def test_nothing_there_is_no_split() -> None:
    """And a wrong size is an error."""
    dataset = aiocollect.read(write(days), "churn", start="2027-01-01", end="2027-01-02")
    assert dataset.splits() == []
    with pytest.raises(ConfigError, match="target_bytes"):
        dataset.splits(0)


# Within a part ------------------------------------------------------------------------------------


async def one_file(pipeline: Pipeline) -> None:
    """A day of many blocks, with cells that look like the end of a row, and quotes."""
    stream = pipeline.collector("m", identifier="inputs", feature_names=["n", "text"])
    for count in range(400):
        cells = [f'{count}\n7,"a"\n', "", None, ",,\n"]
        stream.collect([[count * 10 + place, cells[place % 4]] for place in range(10)], at=START)
        await pipeline.flush()


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_a_large_part_is_cut_where_the_log_has_a_block(format: str) -> None:  # noqa: A002
    """Into pieces of about the size; without the log it stays whole."""
    store = write(one_file, format=format)
    dataset = aiocollect.read(store, "m", streams="inputs")
    (part,) = dataset.parts
    splits = dataset.splits(20_000)
    assert len(splits) == pytest.approx(part.length / 20_000, abs=3)
    assert max(split.size_bytes for split in splits) < 42_000
    assert sum(split.size_bytes for split in splits) == part.length
    table = whole(splits)
    assert table["n"].to_pylist() == list(range(4000))
    assert table.to_pylist() == dataset.to_arrow().to_pylist()
    silent = write(one_file, format=format, log=False)
    assert len(aiocollect.read(silent, "m", streams="inputs").splits(20_000)) == 1


def test_a_log_that_does_not_fit_cuts_nothing() -> None:
    """Its blocks must be there, byte by byte; other cuts stay."""
    store = write(one_file)
    dataset = aiocollect.read(store, "m", streams="inputs")
    many = len(dataset.splits(20_000))
    (path,) = store.log
    data = bytes(store.log[path])

    def cut_with(changed: bytes) -> int:
        store.replace(path)
        store._blobs[path].change(changed)
        splits = aiocollect.read(store, "m", streams="inputs").splits(20_000)
        assert whole(splits)["n"].to_pylist() == list(range(4000))
        return len(splits)

    def places(change: Callable[[int, int, int], tuple[int, int, int]]) -> bytes:
        def changed(at: re.Match[bytes]) -> bytes:
            first, last, *place = map(int, at[1].split(b","))
            return b"[%d,%d,%d,%d,%d]" % (first, last, *change(*place))

        return re.sub(rb"\[(\d+(?:,\d+){4})\]", changed, data)

    assert places(lambda *place: place) == data
    assert cut_with(places(lambda offset, length, crc: (offset + 1, length, crc))) == 1
    assert cut_with(data.replace(b'"c":"', b'"c":"9')) == 1
    assert cut_with(places(lambda offset, length, crc: (offset, length, crc ^ 1))) == 1
    assert cut_with(data[: len(data) // 2]) < many
    assert cut_with(data) == many


# Compacted ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("streams", [None, "inputs", "labels"])
def test_compacted_days_are_split_like_others(streams: Any) -> None:
    """Files and what is not in them yet: rows of later lives."""
    store, lake = write(days), MemoryStore()
    aiocollect.compact(store, lake)
    write(days, store=store, writer="00000000ab")
    dataset = aiocollect.read(store, "churn", streams=streams, compacted=lake)
    assert {part.format for part in dataset.parts} == {"parquet", "csv"}
    splits = dataset.splits(1)
    assert len(splits) == (9 if streams is None else 18)
    assert counted(whole(splits)) == counted(dataset.to_arrow())
    assert sum(counted(whole(splits)).values()) == (72 if streams == "labels" else 144)


@pytest.mark.parametrize("form", ["parquet", "delta"])
@pytest.mark.parametrize("streams", [None, "inputs"])
def test_days_whose_parts_are_gone_are_split(streams: Any, form: Any) -> None:
    """And what a spool brings again after the removal is in one split, or in none."""
    if form == "delta":
        pytest.importorskip("deltalake")
    store = write(days)
    before, parts = (
        counted(aiocollect.read(store, "churn", streams=streams).to_arrow()),
        store.blobs,
    )
    assert aiocollect.compact(store, store, format=form, remove_after="1d").removed
    path = next(path for path in parts if "/inputs/" in path)

    async def again() -> None:
        await store.create(path, content_type="text/csv")
        await store.append(path, parts[path], offset=0)

    asyncio.run(again())
    dataset = aiocollect.read(store, "churn", streams=streams)
    assert any(part.checked for part in dataset.parts)
    assert counted(whole(dataset.splits(1))) == before


def test_what_is_compared_with_files_stays_beside_them() -> None:
    """Rows that a spool brings after their part was removed: those that the files have are left
    out, and that needs the files."""
    day = 86_400_000_000

    def part(path: str, at: int, *, checked: bool = False) -> PlannedPart:
        kind = "parquet" if path.endswith("parquet") else "csv"
        return PlannedPart("s", path, 10, "x", kind, at * day, (at + 1) * day, checked=checked)

    parts = [part("0.parquet", 0), part("a.csv", 0, checked=True), part("b.csv", 0)]
    parts += [part("1.parquet", 1), part("c.csv", 1)]
    split = [[one.path for one in portion.parts or ()] for portion in portions_of_parts(parts, 1)]
    assert split == [["0.parquet", "a.csv", "b.csv"], ["1.parquet", "c.csv"]]
    plain = [one._replace(checked=False) for one in parts]
    assert [len(portion.parts or ()) for portion in portions_of_parts(plain, 1)] == [1] * 5
    (one,) = portions_of_parts(plain, 50)
    assert one.size == 50


# Ids of others ------------------------------------------------------------------------------------


def other_ids(seed: int, *, late: bool) -> Any:
    """A life over six days in which ids of others stand among ours: predictions on either side of a
    midnight, missing ones, doubled ones. ``late``: each file begins with many rows of ours, so that
    nobody sees the others in the first rows."""
    chance = random.Random(seed)

    async def use(pipeline: Pipeline) -> None:
        inputs = pipeline.collector("m", identifier="inputs", feature_names=["a"])
        predictions = pipeline.collector("m", identifier="predictions", feature_names=["p"])
        labels = pipeline.collector("m", identifier="labels", feature_names=["y"])
        for day in range(7) if late else ():
            for stream in (inputs, predictions):
                stream.collect([[0]] * 1200, at=START + timedelta(days=day))
        for day in range(6):
            moment = START + timedelta(days=day)
            for count in range(8):
                at = moment + timedelta(hours=chance.choice([1, 12, 23]))
                if chance.random() < (0.5 if day % 3 else 0.0):
                    name = f"theirs-{chance.randrange(12)}"
                    days = timedelta(days=chance.choice([0, 0, 1]))
                    if chance.random() < 0.8:
                        inputs.collect([[count]], correlation_id=name, at=at)
                    if chance.random() < 0.8:
                        predictions.collect([[day]], correlation_id=name, at=at + days)
                    if chance.random() < 0.5:
                        labels.collect([[count]], correlation_id=name, at=at + 3 * days)
                else:
                    cid = inputs.collect([[count]], at=at)
                    if chance.random() < 0.8:
                        predictions.collect([[day]], correlation_id=cid)

    return use


@pytest.mark.parametrize("seed", range(4))
def test_ids_of_others_are_each_in_one_split(seed: int) -> None:
    """Where the first rows show them, all folders are one split."""
    dataset = aiocollect.read(write(other_ids(seed, late=False)), "m")
    (split,) = dataset.splits(1)
    assert counted(split.table()) == counted(dataset.to_arrow())


@pytest.mark.parametrize("seed", range(4))
def test_ids_of_others_that_nobody_saw_are_each_in_one_split(seed: int) -> None:
    """Where they come further down, a split looks at the folders before and after it."""
    dataset = aiocollect.read(write(other_ids(seed, late=True)), "m")
    splits = dataset.splits(1)
    assert len(splits) > 4
    assert counted(whole(splits)) == counted(dataset.to_arrow())


def test_a_store_of_memory_cannot_leave_its_process() -> None:
    """It would be another one there."""
    (split,) = aiocollect.read(write(three_rows), "churn").splits()
    assert isinstance(split._task.store.store, MemoryStore)
    with pytest.raises(ConfigError, match="by its address"):
        pickle.dumps(split)
