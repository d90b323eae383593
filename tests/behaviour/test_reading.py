"""read(): spans of time, names that are there, views, snapshots, reading while it is written."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pytest

import aiocollect
from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.errors import SnapshotGone
from tests.support.reads import NOON, churn, three_rows, write


def rows_of(dataset: Any) -> list[str]:
    """Its rows as text, in which NaN is like NaN."""
    return [str(row) for row in dataset.to_arrow().to_pylist()]


# Time ---------------------------------------------------------------------------------------------


async def every_six_hours(pipeline: Pipeline) -> None:
    model = churn(pipeline)
    for count in range(12):
        moment = datetime(2026, 1, 30, tzinfo=UTC) + timedelta(hours=6 * count)
        model.collect(inputs=[[count, "x"]], predictions=[[count / 8]], at=moment)


@pytest.mark.parametrize("layout", ["day", "hour", "{model}/{identifier}/{yyyy}-{MM}.{extension}"])
@pytest.mark.parametrize(
    ("start", "end", "ages"),
    [
        (None, None, range(12)),
        ("2026-01-31", None, range(4, 12)),
        (date(2026, 1, 31), date(2026, 2, 1), range(4, 8)),
        ("2026-01-31T06:00", "2026-01-31T06:00:00.000001", range(5, 6)),
        (None, datetime(2026, 1, 31, 7, tzinfo=UTC), range(6)),
        ("2026-01-31T06:00:00.000001", "2026-01-31T18:00", range(6, 7)),
        ("2027-01-01", "2027-01-02", range(0)),
    ],
)
def test_a_span_of_time_is_half_open(layout: str, start: Any, end: Any, ages: range) -> None:
    """By the time of the scoring, whatever the folders are."""
    store = write(every_six_hours, layout=layout)
    dataset = aiocollect.read(store, "churn", version="10", layout=layout, start=start, end=end)
    table = dataset.to_arrow()
    assert table.column("age").to_pylist() == list(ages) if ages else not len(table)


def test_day_and_hour_layouts_are_told_apart_by_themselves() -> None:
    """Without layout= both are read, also side by side and joined."""

    async def use(pipeline: Pipeline) -> None:
        inputs = pipeline.collector("m", identifier="inputs", feature_names=["a"])
        predictions = pipeline.collector(
            "m", identifier="predictions", feature_names=["p"], layout="hour"
        )
        for hour in range(5):
            moment = NOON + timedelta(hours=hour)
            cid = inputs.collect([[hour]], at=moment)
            predictions.collect([[hour / 2]], correlation_id=cid)

    dataset = aiocollect.read(write(use), "m")
    table = dataset.to_arrow()
    assert table["p"].to_pylist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert dataset.missing == {"inputs": 0, "predictions": 0}


def test_a_late_label_is_of_the_time_of_its_scoring() -> None:
    """start and end do not ask when the label came."""
    ids: list[str] = []

    async def score(pipeline: Pipeline) -> None:
        ids.append(churn(pipeline).collect(inputs=[[1, "a"]], predictions=[[0.5]]))

    async def say(pipeline: Pipeline) -> None:
        labels = pipeline.collector("churn", version="10", identifier="labels", feature_names=["y"])
        labels.collect([[1]], correlation_id=ids[0])

    store = write(score)
    write(say, store=store, at=NOON + timedelta(days=50), writer="00000000ab")
    span: dict[str, Any] = {"start": "2026-01-31T11:00", "end": "2026-01-31T13:00"}
    assert aiocollect.read(store, "churn", **span).to_arrow()["y"].to_pylist() == [1]
    labels = aiocollect.read(store, "churn", streams="labels", **span).to_arrow()
    assert labels["y"].to_pylist() == [1]


# What is there and what is not --------------------------------------------------------------------


def test_names_that_are_not_there_are_met_with_those_that_are() -> None:
    """Models, versions, streams, columns."""
    store = write(three_rows)
    read = aiocollect.read
    options: dict[str, Any]
    for options, text in (
        ({"model": "chrun"}, r"there is no model 'chrun'; there is churn: did you mean 'churn'\?"),
        ({"version": "1"}, r"no version '1'; there is 10: did you mean '10'\?"),
        ({"streams": "input"}, r"no stream 'input'; there are inputs, predictions: did you mean"),
        ({"streams": ["inputs", "outcome"]}, "no stream 'outcome'"),
        ({"columns": ["agee"]}, "columns names 'agee'; there are age, plan"),
        ({"service": "other"}, "has nothing under this workspace, service and layout"),
    ):
        arguments: dict[str, Any] = {"model": "churn", **options}
        with pytest.raises(ConfigError, match=text):
            read(store, **arguments).to_arrow()


def test_several_versions_are_listed() -> None:
    """One must be named."""
    store = write(three_rows)

    async def other(pipeline: Pipeline) -> None:
        pipeline.model("churn", version="9", inputs=["a"]).collect(inputs=[[1]])

    write(other, store=store)
    with pytest.raises(ConfigError, match="has 2 versions: 10, 9; set version="):
        aiocollect.read(store, "churn").to_arrow()
    assert aiocollect.read(store, "churn", version="9").count() == 1


def test_wrong_options_are_refused_at_once() -> None:
    """Before anything is asked of the store."""
    for options, text in (
        ({"start": "yesterday"}, "start must be a date"),
        ({"start": datetime(2026, 1, 1)}, "start has no time zone"),
        ({"start": "2026-01-02", "end": "2026-01-02"}, "end must be after start"),
        ({"columns": "age"}, "columns must be a list"),
        ({"schema": {"a": "flaot"}}, r"schema\['a'\]='flaot' is not a type"),
        ({"labels": "last"}, "labels='last' is not valid"),
        ({"layout": "weekly"}, "layout='weekly' is not valid"),
        ({"as_of": "x"}, "as_of= is not a snapshot"),
        ({"format": "parquet"}, "format='parquet' is not valid"),
        ({"container": "c"}, "pass them to the Store object itself"),
    ):
        with pytest.raises(ConfigError, match=text):
            aiocollect.read(MemoryStore(), "m", **options)
    with pytest.raises(ConfigError, match="cannot be read: it has no list"):
        aiocollect.read(object(), "m")  # type: ignore[arg-type]


def test_nothing_is_asked_before_somebody_looks() -> None:
    """read() is lazy; aread() lists."""
    store = write(three_rows)
    asked: list[str] = []

    class Counting(MemoryStore):
        async def list(self, prefix: str) -> Any:
            asked.append(prefix)
            async for listed in store.list(prefix):
                yield listed

        async def fetch(self, path: str, *, offset: int, length: int) -> Any:
            asked.append(path)
            return await store.fetch(path, offset=offset, length=length)

    dataset = aiocollect.read(
        Counting(), "churn", version="10", start="2026-01-31", end="2026-02-01"
    )
    assert "not planned yet" in repr(dataset)
    assert not asked
    dataset.parts  # noqa: B018
    folder = "default/default/default/default/churn/10"
    assert asked == [
        f"{folder}/inputs/2026/01/31/",
        "model=churn/version=10/stream=inputs/",
        f"{folder}/predictions/2026/01/31/",
        "model=churn/version=10/stream=predictions/",
        f"{folder}/labels/",
        "model=churn/version=10/stream=labels/",
        "_aiocollect/log/2026/01/31/",
        "_aiocollect/log/2026/01/31/00000000aa.jsonl",
    ]
    assert "2 parts" in repr(dataset)


# Views --------------------------------------------------------------------------------------------


def test_columns_filters_and_heads() -> None:
    """In the order asked for; a filter may use columns that are not shown."""
    dataset = aiocollect.read(write(every_six_hours), "churn")
    assert dataset.select("p", "age").to_arrow().column_names == ["p", "age"]
    old = aiocollect.read(
        write(every_six_hours), "churn", where=pc.field("age") >= 10, columns=["p"]
    )
    assert old.to_arrow().to_pydict() == {"p": [1.25, 1.375]}
    assert dataset.filter(pc.field("age") > 3).filter(pc.field("p") < 0.75).count() == 2
    assert dataset.head(3).to_arrow()["age"].to_pylist() == [0, 1, 2]
    assert dataset.head(0).to_arrow().num_rows == 0
    assert dataset.count() == 12


def test_others_take_it_as_an_arrow_stream() -> None:
    """More than once."""
    dataset = aiocollect.read(write(three_rows), "churn")
    for _ in range(2):
        assert pl.DataFrame(dataset)["plan"].to_list() == ["a,b", "", None]
    assert pd.DataFrame.from_arrow(dataset)["plan"].tolist()[:2] == ["a,b", ""]
    assert pa.table(dataset)["age"].to_pylist() == [41, None, 7]
    assert dataset.to_polars()["age"].to_list() == [41, None, 7]


def test_pandas_keeps_every_digit() -> None:
    """Whole numbers beside missing ones are no floats; Arrow's types keep missing and NaN apart."""

    async def use(pipeline: Pipeline) -> None:
        stream = pipeline.collector("m", identifier="inputs", feature_names=["i", "b", "f", "u"])
        stream.collect([[2**53 + 1, True, math.nan, 2**64 - 1], [None, None, None, None]])

    dataset = aiocollect.read(write(use), "m", streams="inputs")
    frame = dataset.to_pandas()
    assert frame["i"].tolist() == [2**53 + 1, pd.NA]
    assert frame["u"].tolist() == [2**64 - 1, pd.NA]
    assert frame["b"].tolist() == [True, pd.NA]
    assert str(frame["f"].dtype) == "float64"
    arrow = dataset.to_pandas(dtype_backend="pyarrow")
    assert pa.array(arrow["f"]).null_count == 1


@pytest.mark.asyncio
async def test_on_a_loop_of_ones_own() -> None:
    """async for; and the sync calls work beside a running loop."""
    store = MemoryStore()
    async with Pipeline(store) as pipeline:
        await three_rows(pipeline)
    dataset = await aiocollect.aread(store, "churn")
    assert sum([batch.num_rows async for batch in dataset]) == 3
    assert (await dataset.ato_arrow()).num_rows == 3
    assert dataset.to_arrow().num_rows == 3
    for batch in dataset:
        assert batch.num_rows == 3
        break


# Snapshots and growth -----------------------------------------------------------------------------


def test_a_snapshot_gives_the_same_rows_however_the_blobs_grow() -> None:
    """Until they are gone, which is an error and never other rows."""
    store = write(three_rows)
    dataset = aiocollect.read(store, "churn")
    before, token = rows_of(dataset), dataset.snapshot
    write(three_rows, store=store, writer="00000000ab")
    assert rows_of(dataset) == before
    assert aiocollect.read(store, "churn").count() == 6
    again = aiocollect.read(store, "churn", as_of=token)
    assert rows_of(again) == before
    assert again.snapshot == token
    alone = aiocollect.read(store, "churn", as_of=token, streams="predictions")
    assert alone.count() == 3
    with pytest.raises(ConfigError, match="has no stream 'labels'; it has inputs, predictions"):
        aiocollect.read(store, "churn", as_of=token, streams="labels")
    path = dataset.parts[0].path
    data = bytes(store.blobs[path])
    store.replace(path)
    store._blobs[path].change(data)
    with pytest.raises(SnapshotGone, match="was replaced after"):
        again.to_arrow()
    store.delete(path)
    with pytest.raises(SnapshotGone, match="no longer exists"):
        again.to_arrow()


@pytest.mark.asyncio
async def test_reading_while_it_is_written_never_shows_half_a_call() -> None:
    """Each read is exact, and has what was stored before it began."""
    store = MemoryStore()
    async with Pipeline(store, linger=0.01) as pipeline:
        model = churn(pipeline)
        for count in range(1, 40):
            model.collect(inputs=[[count, "a\nb"]] * 3, predictions=[[count / 4]] * 3)
            await pipeline.flush()
            task = asyncio.create_task(asyncio.sleep(0))
            model.collect(inputs=[[0, "x"]], predictions=[[0.0]], correlation_id=f"x{count}")
            dataset = await aiocollect.aread(store, "churn")
            table = await dataset.ato_arrow()
            await task
            ages = [age for age in table["age"].to_pylist() if age]
            assert ages == [number for number in range(1, count + 1) for _ in range(3)]


def test_a_blob_that_grows_between_two_ranges_is_no_matter() -> None:
    """Its ETag changes with each append; what was there when it was listed is read."""

    class Growing(MemoryStore):
        async def fetch(self, path: str, *, offset: int, length: int) -> Any:
            found = await super().fetch(path, offset=offset, length=length)
            await self.append(path, b"9,more\n", offset=found.length)
            return found

    async def use(pipeline: Pipeline) -> None:
        stream = pipeline.collector("m", identifier="inputs", feature_names=["n", "t"])
        stream.collect([[number, "x" * 100] for number in range(2000)])

    store = write(use, store=Growing())
    numbers = aiocollect.read(store, "m", streams="inputs", columns=["n"]).to_arrow()["n"]
    assert numbers.to_pylist() == list(range(2000))
