"""read(): joins, spans of time, parts, layouts, torn ends, snapshots, on a real pipeline's files.

The oracle of a join is a table of what was given to collect(), kept by the test itself.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pytest

import aiocollect
from aiocollect import ConfigError, MemoryStore, Pipeline, correlation
from aiocollect.errors import Incomplete, SchemaConflict, SnapshotGone, StoreRefused
from aiocollect.options import Limits
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual
from aiocollect.typing import Writer

ID, TIME, ROW = "$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_row"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
Use = Callable[[Pipeline], Awaitable[None]]


def write(
    use: Use,
    *,
    store: Any = None,
    at: datetime = NOON,
    writer: str = "00000000aa",
    mode: Writer = "shared",
    **options: Any,
) -> Any:
    """A life of a pipeline; returns its store."""
    memory = MemoryStore() if store is None else store

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop, epoch=at.timestamp())
        async with Pipeline(
            memory, _seams=Seams(clock=clock, writer_id=writer), writer=mode, **options
        ) as pipeline:
            await use(pipeline)

    run_virtual(main)
    return memory


def rows_of(dataset: Any) -> list[str]:
    """Its rows as text, in which NaN is like NaN."""
    return [str(row) for row in dataset.to_arrow().to_pylist()]


def churn(pipeline: Pipeline) -> Any:
    return pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])


async def three_rows(pipeline: Pipeline) -> None:
    model = churn(pipeline)
    model.collect(inputs=[[41, "a,b"], [None, ""]], predictions=[[0.25], [math.nan]])
    model.collect(inputs=[[7, None]], predictions=[[None]])


# Joins -------------------------------------------------------------------------------------------


def test_inputs_and_predictions_come_as_one_row_each() -> None:
    """By id and row; missing, NaN and empty text are three things."""
    dataset = aiocollect.read(write(three_rows), "churn")
    table = dataset.to_arrow()
    assert table.column_names == [ID, ROW, TIME, "age", "plan", "p"]
    assert table["age"].to_pylist() == [41, None, 7]
    assert table["plan"].to_pylist() == ["a,b", "", None]
    first, second, third = table["p"].to_pylist()
    assert (first, third) == (0.25, None)
    assert math.isnan(second)
    assert table[ROW].to_pylist() == [0, 1, 0]
    assert table.schema.field("age").type == pa.int64()
    assert table.schema.field(TIME).type == pa.timestamp("us", "UTC")
    assert dataset.missing == {"predictions": 0, "inputs": 0}


def test_the_latest_label_that_says_something_counts() -> None:
    """Weeks later, in whichever order they arrive; None says nothing; strangers are noted."""
    ids: list[str] = []

    async def score(pipeline: Pipeline) -> None:
        model = churn(pipeline)
        ids.extend(model.collect(inputs=[[n, "x"]], predictions=[[0.5]]) for n in range(4))

    def say(**given: Any) -> Use:
        async def use(pipeline: Pipeline) -> None:
            labels = pipeline.collector(
                "churn", version="10", identifier="labels", feature_names=["y"]
            )
            for key, value in given.items():
                labels.collect([[value]], correlation_id=ids[int(key[1:])])

        return use

    store = write(score)
    write(say(_0=1, _1=1, _2=None), store=store, at=NOON + timedelta(days=20), writer="00000000ab")
    write(say(_1=0, _0=None), store=store, at=NOON + timedelta(days=30), writer="00000000ac")
    write(say(_1=5), store=store, at=NOON + timedelta(days=10), writer="00000000ad")

    async def stranger(pipeline: Pipeline) -> None:
        labels = pipeline.collector("churn", version="10", identifier="labels", feature_names=["y"])
        labels.collect([[9]])

    write(stranger, store=store, writer="00000000ae")
    dataset = aiocollect.read(store, "churn", version="10")
    table = dataset.to_arrow()
    assert table["y"].to_pylist() == [1, 0, None, None]
    assert dataset.missing == {"inputs": 0, "predictions": 0, "labels": 2}
    assert [note.code for note in dataset.notes] == ["labels"]
    first = aiocollect.read(store, "churn", labels="first").to_arrow()
    assert first["y"].to_pylist() == [1, 5, None, None]
    known = aiocollect.read(store, "churn", labels_until=NOON + timedelta(days=25)).to_arrow()
    assert known["y"].to_pylist() == [1, 1, None, None]
    every = aiocollect.read(store, "churn", labels="all").to_arrow()
    assert list(zip(every["age"].to_pylist(), every["y"].to_pylist(), strict=True)) == [
        *((0, 1), (1, 5), (1, 1), (1, 0), (2, None), (3, None))
    ]


def test_a_label_of_one_row_of_a_call_is_of_that_row() -> None:
    """row=: the index of the first row given."""

    async def use(pipeline: Pipeline) -> None:
        model = churn(pipeline)
        cid = model.collect(inputs=[[1, "a"], [2, "b"], [3, "c"]], predictions=[[1], [2], [3]])
        labels = pipeline.collector("churn", version="10", identifier="labels", feature_names=["y"])
        labels.collect([["second"]], correlation_id=cid, row=1)

    table = aiocollect.read(write(use), "churn").to_arrow()
    assert table["y"].to_pylist() == [None, "second", None]


def test_rows_without_a_partner_are_kept_dropped_or_an_error() -> None:
    """Nothing vanishes uncounted."""

    async def use(pipeline: Pipeline) -> None:
        inputs = pipeline.collector("m", identifier="inputs", feature_names=["a"])
        predictions = pipeline.collector("m", identifier="predictions", feature_names=["p"])
        for number in range(4):
            cid = inputs.collect([[number]]) if number != 2 else None
            if number != 1:
                predictions.collect([[number / 2]], correlation_id=cid)

    store = write(use)
    kept = aiocollect.read(store, "m")
    table = kept.to_arrow()
    pairs = list(zip(table["a"].to_pylist(), table["p"].to_pylist(), strict=True))
    assert pairs == [(0, 0.0), (1, None), (3, 1.5), (None, 1.0)]
    assert kept.missing == {"inputs": 1, "predictions": 1}
    dropped = aiocollect.read(store, "m", on_missing="drop")
    assert dropped.to_arrow()["a"].to_pylist() == [0, 3]
    assert dropped.missing == {"inputs": 0, "predictions": 0}
    with pytest.raises(Incomplete, match="1 have no inputs, 1 have no predictions") as caught:
        aiocollect.read(store, "m", on_missing="raise").to_arrow()
    assert caught.value.missing == {"inputs": 1, "predictions": 1}


def test_ids_of_others_are_joined_across_midnight() -> None:
    """They carry no day: the prediction lies in the next folder, the label in a later one."""
    midnight = datetime(2026, 2, 1, tzinfo=UTC)

    async def use(pipeline: Pipeline) -> None:
        inputs = pipeline.collector("m", identifier="inputs", feature_names=["a"])
        predictions = pipeline.collector("m", identifier="predictions", feature_names=["p"])
        labels = pipeline.collector("m", identifier="labels", feature_names=["y"])
        before, after = midnight - timedelta(seconds=1), midnight + timedelta(seconds=1)
        inputs.collect([[1]], correlation_id="theirs-1", at=before)
        inputs.collect([[2]], correlation_id="theirs-2", at=before)
        inputs.collect([[3]], correlation_id="theirs-3", at=after)
        predictions.collect([[0.5]], correlation_id="theirs-1", at=after)
        predictions.collect([[0.75]], correlation_id="theirs-3", at=after)
        labels.collect([["late"]], correlation_id="theirs-2", at=midnight + timedelta(days=9))

    store = write(use)
    dataset = aiocollect.read(store, "m", start="2026-01-31", end="2026-02-03")
    table = dataset.to_arrow()
    rows = zip(*(table[name].to_pylist() for name in "apy"), strict=True)
    assert sorted(rows) == [(1, 0.5, None), (2, None, "late"), (3, 0.75, None)]
    assert dataset.missing == {"inputs": 0, "predictions": 1, "labels": 2}


def test_an_id_of_others_that_stands_twice_is_kept_and_noted() -> None:
    """No row is dropped for its id; a prediction without a row of its own is counted."""

    async def use(pipeline: Pipeline) -> None:
        model = churn(pipeline)
        model.collect(inputs=[[1, "a"]], predictions=[[0.1]], correlation_id="same")
        inputs = pipeline.collector(
            "churn", version="10", identifier="inputs", feature_names=["age", "plan"]
        )
        inputs.collect([[2, "b"]], correlation_id="same")

    dataset = aiocollect.read(write(use), "churn")
    table = dataset.to_arrow()
    assert table["age"].to_pylist() == [1, 2]
    assert table["p"].to_pylist() == [0.1, 0.1]


def test_labels_of_ones_own_are_a_table() -> None:
    """Anything that Arrow takes, with the id and, where calls have several rows, the row."""
    ids: list[str] = []

    async def use(pipeline: Pipeline) -> None:
        model = churn(pipeline)
        ids.append(model.collect(inputs=[[1, "a"], [2, "b"]], predictions=[[0.1], [0.2]]))
        ids.append(model.collect(inputs=[[3, "c"]], predictions=[[0.3]]))

    store = write(use)
    frame = pl.DataFrame({ID: [ids[0], ids[1], "unknown"], ROW: [1, 0, 0], "y": [1.0, 2.0, 3.0]})
    dataset = aiocollect.read(store, "churn", labels=frame)
    assert dataset.to_arrow()["y"].to_pylist() == [None, 1.0, 2.0]
    assert dataset.missing == {"inputs": 0, "predictions": 0, "labels": 1}
    by_id = aiocollect.read(store, "churn", labels=pd.DataFrame({ID: [ids[0]], "y": ["call"]}))
    assert by_id.to_arrow()["y"].to_pylist() == ["call", "call", None]


def test_a_name_in_two_streams_is_refused_and_prefix_tells_them_apart() -> None:
    """By their streams."""

    async def use(pipeline: Pipeline) -> None:
        model = pipeline.model("m", inputs=["x"], predictions=["x"])
        model.collect(inputs=[[1]], predictions=[[2]])

    store = write(use)
    with pytest.raises(ConfigError, match=r"'x' is in inputs and in predictions; use prefix=True"):
        aiocollect.read(store, "m").to_arrow()
    table = aiocollect.read(store, "m", prefix=True).to_arrow()
    assert table.column_names[3:] == ["inputs.x", "predictions.x"]
    assert table["predictions.x"].to_pylist() == [2]


# Time --------------------------------------------------------------------------------------------


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


# Parts, writers, forms ---------------------------------------------------------------------------


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


# What is there and what is not -------------------------------------------------------------------


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
        f"{folder}/predictions/2026/01/31/",
        f"{folder}/labels/",
    ]
    assert "2 parts" in repr(dataset)


# Views -------------------------------------------------------------------------------------------


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


# Snapshots and growth ----------------------------------------------------------------------------


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


# Files that are no longer whole ------------------------------------------------------------------


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
