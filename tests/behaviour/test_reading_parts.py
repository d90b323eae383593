"""read(): parts, writers, forms, columns that differ, files that are no longer whole."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

import aiocollect
from aiocollect import ConfigError, MemoryStore, Pipeline, correlation
from aiocollect.errors import SchemaConflict, StoreRefused
from aiocollect.options import Limits
from aiocollect.typing import METADATA
from tests.support.reads import three_rows, write

ID, TIME, ROW = METADATA


def test_parts_come_in_the_order_of_their_numbers() -> None:
    """data_2 before data_10."""

    async def use(pipeline: Pipeline) -> None:
        stream = pipeline.collector("m", identifier="inputs", feature_names=["a"])
        for number in range(30):
            stream.collect([[number]])
            await pipeline.flush()

    store = write(use, limits=Limits(max_blocks=2))
    assert len(store.blobs) == 15
    dataset = aiocollect.read(store, "m", streams="inputs")
    assert dataset.to_arrow()["a"].to_pylist() == list(range(30))


def test_blobs_of_each_writer_are_read_together() -> None:
    """data-<writer>.csv."""
    store = MemoryStore()
    for writer in ("00000000ab", "00000000aa"):
        write(three_rows, store=store, writer=writer, mode="own")
    dataset = aiocollect.read(store, "churn")
    assert dataset.to_arrow()["age"].to_pylist() == [41, None, 7] * 2
    assert dataset.missing == {"inputs": 0, "predictions": 0}


def test_columns_are_united_by_name() -> None:
    """Parts with other columns, in another order; what a part has not is missing and noted."""
    store = MemoryStore()
    for features, row in ((["a", "b"], [1, "x"]), (["c", "b", "a"], [True, "y", 0.5])):

        async def use(pipeline: Pipeline, features: Any = features, row: Any = row) -> None:
            pipeline.collector("m", identifier="inputs", feature_names=features).collect([row])

        write(use, store=store)
    dataset = aiocollect.read(store, "m", streams="inputs")
    table = dataset.to_arrow()
    assert table.column_names == ["c", "b", "a", ID, TIME, ROW]
    assert table["a"].to_pylist() == [1.0, 0.5]
    assert table["b"].to_pylist() == ["x", "y"]
    assert table["c"].to_pylist() == [None, True]
    assert {(note.code, note.where) for note in dataset.notes} == {
        ("mixed", "inputs.a"),
        ("absent", "inputs.c"),
    }
    with pytest.raises(SchemaConflict, match="has no column 'c'"):
        aiocollect.read(store, "m", streams="inputs", on_drift="raise").to_arrow()


def test_a_kind_that_shows_late_is_found() -> None:
    """After megabytes of numbers a text that looks like one, and an integer no float holds."""

    async def use(pipeline: Pipeline) -> None:
        stream = pipeline.collector("m", identifier="inputs", feature_names=["a", "b", "c"])
        for begin in range(0, 4000, 100):
            stream.collect([[n, n / 2, None] for n in range(begin, begin + 100)])
        stream.collect([["007", 2**53 + 1, 5]])

    store = write(use)
    dataset = aiocollect.read(store, "m", streams="inputs")
    table = dataset.to_arrow()
    assert table["a"].to_pylist()[-2:] == ["3999", "007"]
    assert table["b"].to_pylist()[-2:] == ["1999.5", "9007199254740993"]
    assert table["c"].to_pylist()[-2:] == [None, 5]
    assert {note.where for note in dataset.notes} == {"inputs.a", "inputs.b"}
    told = aiocollect.read(store, "m", streams="inputs", schema={"a": str, "b": str, "c": int})
    assert sum(batch.num_rows for batch in told) == 4001
    again = aiocollect.read(store, "m", streams="inputs")
    assert again.schema.field("a").type == pa.int64()
    with pytest.raises(SchemaConflict, match="its first rows did not have"):
        list(again)
    again = again.typed()
    assert again.schema.field("a").type == pa.string()
    assert sum(batch.num_rows for batch in again) == 4001


def test_a_whole_number_that_no_float_holds_is_found_among_floats() -> None:
    """However far down: Arrow's parser would round it without a word."""

    async def use(pipeline: Pipeline) -> None:
        stream = pipeline.collector("m", identifier="inputs", feature_names=["a"])
        for begin in range(0, 2000, 100):
            stream.collect([[n / 2] for n in range(begin, begin + 100)])
        stream.collect([[2**53 + 1]])

    cells = aiocollect.read(write(use), "m", streams="inputs").to_arrow()["a"].to_pylist()
    assert cells[-2:] == ["999.5", "9007199254740993"]


def test_text_that_looks_like_a_number_is_found_among_numbers() -> None:
    """By its quotes alone, which Arrow's parser does not tell."""

    async def use(pipeline: Pipeline) -> None:
        stream = pipeline.collector("m", identifier="inputs", feature_names=["a"])
        for begin in range(0, 2000, 100):
            stream.collect([[n] for n in range(begin, begin + 100)])
        stream.collect([["007"]])

    cells = aiocollect.read(write(use), "m", streams="inputs").to_arrow()["a"].to_pylist()
    assert cells[-2:] == ["1999", "007"]


def test_types_that_are_told_count() -> None:
    """A Decimal is one where its column is told to be; a cell that is not of it is an error."""
    from decimal import Decimal

    async def use(pipeline: Pipeline) -> None:
        stream = pipeline.collector("m", identifier="inputs", feature_names=["d", "f", "t"])
        stream.collect([[Decimal("1.10"), 1, "5"]])

    store = write(use)
    told = {"d": "decimal128(10, 2)", "f": "float32", "t": str}
    table = aiocollect.read(store, "m", streams="inputs", schema=told).to_arrow()
    assert table["d"].to_pylist() == [Decimal("1.10")]
    assert table.schema.field("f").type == pa.float32()
    with pytest.raises(SchemaConflict, match=r"'d' of .* has a cell that is not of type int64"):
        aiocollect.read(store, "m", streams="inputs", schema={"d": int}).to_arrow()
    with pytest.raises(ConfigError, match="schema names 'e'; there are d, f, t"):
        aiocollect.read(store, "m", streams="inputs", schema={"e": int}).to_arrow()


def test_all_documented_columns_and_none() -> None:
    """columns="aml" are there when the stream is read alone; "none" can only be."""

    async def use(pipeline: Pipeline) -> None:
        pipeline.collector("m", identifier="inputs", feature_names=["a"], columns="aml").collect(
            [[1]]
        )
        pipeline.collector(
            "m", identifier="predictions", feature_names=["p"], columns="none", writer="own"
        ).collect([[2]])

    store = write(use)
    table = aiocollect.read(store, "m", streams="inputs").to_arrow()
    assert table["$aml_model_name"].to_pylist() == ["m"]
    assert aiocollect.read(store, "m", streams=["inputs"]).to_arrow().column_names == [
        ID,
        ROW,
        TIME,
        "a",
    ]
    alone = aiocollect.read(store, "m", streams="predictions").to_arrow()
    assert alone.to_pydict() == {"p": [2]}
    with pytest.raises(ConfigError, match="predictions has no"):
        aiocollect.read(store, "m").to_arrow()


def test_jsonl_is_joined_like_csv() -> None:
    """Also one beside the other."""

    async def use(pipeline: Pipeline) -> None:
        inputs = pipeline.collector(
            "m", identifier="inputs", feature_names=["a", "n"], format="jsonl"
        )
        predictions = pipeline.collector("m", identifier="predictions", feature_names=["p"])
        with correlation():
            inputs.collect([[math.nan, {"k": [1, None]}], [2.5, None]])
            predictions.collect([[1], [2]])

    table = aiocollect.read(write(use), "m").to_arrow()
    first, second = table["a"].to_pylist()
    assert math.isnan(first)
    assert second == 2.5
    assert table["n"].to_pylist() == ['{"k":[1,null]}', None]
    assert table["p"].to_pylist() == [1, 2]


def local(tmp_path: Path) -> Path:
    """A directory with three rows, and the inputs' file."""

    async def main() -> None:
        async with Pipeline(tmp_path) as pipeline:
            await three_rows(pipeline)

    asyncio.run(main())
    (found,) = tmp_path.rglob("inputs/*/*/*/data.csv")
    return found


def test_a_torn_tail_is_never_a_row(tmp_path: Path) -> None:
    """The ledger knows what is committed; of a file without one the last line end decides."""
    file = local(tmp_path)
    with file.open("ab") as torn:
        torn.write(b"99,torn")
    dataset = aiocollect.read(tmp_path, "churn")
    assert dataset.to_arrow()["age"].to_pylist() == [41, None, 7]
    assert not dataset.notes
    (file.parent / ".data.csv.ledger").unlink()
    dataset = aiocollect.read(tmp_path, "churn")
    assert dataset.to_arrow()["age"].to_pylist() == [41, None, 7]
    assert [note.code for note in dataset.notes] == ["torn"]
    with pytest.raises(SchemaConflict, match="is incomplete"):
        aiocollect.read(tmp_path, "churn", strict=True).to_arrow()


def test_a_directory_that_may_only_be_read_is_read(tmp_path: Path) -> None:
    """No lock, no write: not even the ledger is opened for it."""
    file = local(tmp_path)
    ledger = file.parent / ".data.csv.ledger"
    for path in (file, ledger):
        path.chmod(0o444)
    before = ledger.stat().st_mtime_ns
    assert aiocollect.read(f"file://{tmp_path}", "churn").count() == 3
    assert ledger.stat().st_mtime_ns == before


def test_headers_alone_empty_files_and_strangers(tmp_path: Path) -> None:
    """No rows, no rows, and left out."""
    file = local(tmp_path)
    (file.parent / "data_1.csv").write_bytes(file.read_bytes().partition(b"\n")[0] + b"\n")
    (file.parent / "data_2.csv").write_bytes(b"")
    (file.parent / "data_3.csv").write_bytes(b"half a hea")
    (file.parent / "notes.txt").write_bytes(b"1,2,3\n")
    (file.parent / "data_4.csv").write_bytes(file.read_bytes() + b"1,2\n" + b"\xff\xfe,,,,\n")
    dataset = aiocollect.read(tmp_path, "churn", streams="inputs")
    assert dataset.to_arrow()["age"].to_pylist()[:3] == [41, None, 7]
    assert {note.where.rpartition("/")[2] for note in dataset.notes} >= {"data_3.csv"}


def test_a_store_that_may_not_be_read_says_so() -> None:
    """The store's own refusal."""
    store = write(three_rows)
    store.readable = False
    with pytest.raises(StoreRefused, match="AuthorizationPermissionMismatch"):
        aiocollect.read(store, "churn").to_arrow()
