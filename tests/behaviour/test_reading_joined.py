"""read(): inputs, predictions and labels as one row each; the oracle is what was collected."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

import aiocollect
from aiocollect import ConfigError, Pipeline
from aiocollect.errors import Incomplete
from aiocollect.typing import METADATA
from tests.support.reads import NOON, Use, churn, three_rows, write

ID, TIME, ROW = METADATA


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


def test_which_label_counts_does_not_depend_on_what_is_shown() -> None:
    """The latest one that says anything, also where what it says is not asked for."""

    async def use(pipeline: Pipeline) -> None:
        cid = churn(pipeline).collect(inputs=[[1, "a"]], predictions=[[0.5]])
        labels = pipeline.collector(
            "churn", version="10", identifier="labels", feature_names=["y", "why"]
        )
        labels.collect([[1, None]], correlation_id=cid)
        labels.collect([[None, "withdrawn"]], correlation_id=cid)

    store = write(use)
    assert aiocollect.read(store, "churn").to_arrow()["y"].to_pylist() == [None]
    assert aiocollect.read(store, "churn", columns=["y"]).to_arrow().to_pydict() == {"y": [None]}


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
