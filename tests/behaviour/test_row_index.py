"""Which row is which: indexes within a call, under one correlation(), of late labels, in pieces.

The oracle is the documented join, by correlation id and row: each input has one prediction.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import weakref
from contextlib import ExitStack
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aiocollect import ConfigError, Pipeline, correlation
from aiocollect.redaction import Drop
from tests.support.joined import NOON, in_a_thread, store, streams

# Under one correlation() --------------------------------------------------------------------------


BATCHES: dict[str, list[tuple[Any, Any]]] = {
    "single rows": [([1.0, 2.0], [0.1]), ([3.0, 4.0], [0.2]), ([5.0, 6.0], [0.3])],
    "batches": [([[1.0, 2.0], [3.0, 4.0]], [0.1, 0.2]), ([[5.0, 6.0]], [0.3])],
    "arrays": [(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.1, 0.2])), ([5.0, 6.0], 0.3)],
    "frames": [
        (pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, 4.0]}), pd.Series([0.1, 0.2])),
        ({"a": 5.0, "b": 6.0}, {"p": 0.3}),
    ],
}


@pytest.mark.parametrize("batches", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("given", [None, "loan-7"])
def test_several_calls_of_one_request_pair_row_by_row(
    batches: list[tuple[Any, Any]], given: str | None
) -> None:
    """The rows of a stream go on counting, so the join is one to one."""

    def use(pipeline: Pipeline) -> None:
        inputs, predictions = streams(pipeline)
        with correlation(given):
            for x, y in batches:
                inputs.collect(x)
                predictions.collect(y)
        inputs.collect([7.0, 8.0])  # another id: its own row 0

    stored = store(use)
    assert stored.joined("inputs", "predictions") == [
        (["1.0", "2.0"], ["0.1"]),
        (["3.0", "4.0"], ["0.2"]),
        (["5.0", "6.0"], ["0.3"]),
    ]
    assert [row[-1] for row in stored.rows("inputs")] == ["0", "1", "2", "0"]


def test_all_ways_to_collect_count_together() -> None:
    """acollect(), receipts, and the id given by name: one count for each stream."""

    async def use(pipeline: Pipeline) -> None:
        inputs, _ = streams(pipeline)
        with correlation() as scoring:
            inputs.collect([1.0, 2.0])
            await inputs.acollect([[3.0, 4.0], [5.0, 6.0]])
            inputs.collect_receipt([7.0, 8.0])
            inputs.collect([9.0, 10.0], correlation_id=scoring.id)
            inputs.collect_rows([[11.0, 12.0]])
            await asyncio.create_task(inputs.acollect([13.0, 14.0]))

    assert [row[-1] for row in store(use).rows("inputs")] == list("0123456")


def test_a_collector_made_anew_for_each_call_counts_on() -> None:
    """It is the stream that counts, by its name: not the object, and not its rules."""

    def use(pipeline: Pipeline) -> None:
        with correlation():
            for _ in range(3):
                streams(pipeline)[0].collect([1.0, 2.0])
            for _ in range(2):
                pipeline.collector(
                    "m", identifier="inputs", feature_names=["a", "b"], redact=lambda row: row
                ).collect([3.0, 4.0])

    assert [row[-1] for row in store(use).rows("inputs")] == list("01234")


def test_a_refused_call_leaves_a_gap() -> None:
    """Else the next batch's predictions would be joined with the inputs of this one."""

    def use(pipeline: Pipeline) -> None:
        inputs, predictions = streams(pipeline)
        with correlation():
            inputs.collect([[1.0, 2.0], [3.0, 4.0]])
            predictions.collect([[0.1], [{"not", "a", "number"}]])
            inputs.collect([[5.0, 6.0]])
            predictions.collect([[0.3]])

    stored = store(use)
    assert [event.reason for event in stored.refused] == ["type"]
    assert stored.joined("inputs", "predictions") == [(["5.0", "6.0"], ["0.3"])]


def test_a_model_under_one_correlation() -> None:
    """Its streams begin together, also where one of them had no rows before."""

    def use(pipeline: Pipeline) -> None:
        model = pipeline.model("m", inputs=["a", "b"], predictions=["p"])
        with correlation():
            model.collect(inputs=[1.0, 2.0])
            model.collect(inputs=[[3.0, 4.0]], predictions=[0.2])

    assert store(use).joined("inputs", "predictions") == [(["3.0", "4.0"], ["0.2"])]


def test_threads_in_one_context_never_share_a_row() -> None:
    """Each row has an index of its own, whoever asked for it."""

    def use(pipeline: Pipeline) -> None:
        inputs, _ = streams(pipeline)
        with correlation():
            inputs.collect([0.0, 0.0])
            threads = [
                threading.Thread(
                    target=contextvars.copy_context().run,
                    args=(lambda: [inputs.collect([1.0, 2.0]) for _ in range(200)],),
                )
                for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    indexes = [int(row[-1]) for row in store(use).rows("inputs")]
    assert sorted(indexes) == list(range(801))


def test_left_out_rows_leave_gaps_under_one_correlation() -> None:
    """Redaction takes rows away, and the others keep their indexes."""

    def use(pipeline: Pipeline) -> None:
        inputs = pipeline.collector(
            "m",
            identifier="inputs",
            feature_names=["a", "b"],
            redact=[lambda row: row if row["a"] > 1 else None, Drop("b")],
        )
        with correlation():
            inputs.collect([[1.0, 2.0], [3.0, 4.0]])
            inputs.collect([[5.0, 6.0], [1.0, 2.0]])

    assert [row[::2] for row in store(use).rows("inputs")] == [["3.0", "1"], ["5.0", "2"]]


# row= ---------------------------------------------------------------------------------------------


def test_a_late_label_of_one_row() -> None:
    """row= says which row of the call it belongs to."""

    def use(pipeline: Pipeline) -> None:
        inputs, _ = streams(pipeline)
        labels = pipeline.collector("m", identifier="labels", feature_names=["y"])
        scored = inputs.collect([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        labels.collect([1.0], correlation_id=scored, row=2)
        begin: Any = np.int64(0)
        labels.collect([0.0, 0.5], correlation_id=scored, row=begin)

    assert sorted(store(use).joined("inputs", "labels")) == [
        (["1.0", "2.0"], ["0.0"]),
        (["3.0", "4.0"], ["0.5"]),
        (["5.0", "6.0"], ["1.0"]),
    ]


def test_every_way_to_collect_takes_row() -> None:
    """collect, acollect, collect_receipt, collect_rows, and the same of a model."""

    async def use(pipeline: Pipeline) -> None:
        inputs, _ = streams(pipeline)
        model = pipeline.model("n", x=["a"])
        inputs.collect([1.0, 2.0], row=3)
        inputs.collect(np.array([1.0, 2.0]), row=4)
        await inputs.acollect([1.0, 2.0], row=5)
        inputs.collect_receipt([1.0, 2.0], row=6)
        inputs.collect_rows([[1.0, 2.0]], row=7)
        in_a_thread(lambda: inputs.collect_wait([1.0, 2.0], row=8))
        model.collect(x=[1.0], row=3)
        await model.acollect(x=[1.0], row=4)
        model.collect_receipt(x=[1.0], row=5)
        model.collect_rows(x=[[1.0]], row=6)
        in_a_thread(lambda: model.collect_wait(x=[1.0], row=7))

    stored = store(use)
    assert [row[-1] for row in stored.rows("inputs")] == list("345678")
    assert [row[-1] for row in stored.rows("x")] == list("34567")


@pytest.mark.parametrize("row", [-1, 1.0, "2", True, 2**53, None.__class__])
def test_a_row_that_is_no_index_is_refused(row: Any) -> None:
    """By name, and nothing is recorded."""

    def use(pipeline: Pipeline) -> None:
        streams(pipeline)[0].collect([1.0, 2.0], row=row)

    stored = store(use)
    assert [event.reason for event in stored.refused] == ["row"]
    assert "row= must be" in str(stored.refused[0].error)
    assert stored.blobs == {}


# Models -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "predictions"),
    [
        ([[1.0, 2.0], [3.0, 4.0]], [0.1]),
        ([1.0, 2.0], [0.1, 0.2]),
        (np.zeros((3, 2)), np.zeros(2)),
        (pd.DataFrame({"a": [1.0], "b": [2.0]}), []),
    ],
)
def test_streams_of_a_model_have_as_many_rows(inputs: Any, predictions: Any) -> None:
    """Else it could not be told which prediction belongs to which input."""

    def use(pipeline: Pipeline) -> None:
        model = pipeline.model("m", inputs=["a", "b"], predictions=["p"])
        assert model.collect(inputs=inputs, predictions=predictions) is None
        other = pipeline.model("n", inputs=["a", "b"], predictions=["p"], paired=False)
        assert other.collect(inputs=inputs, predictions=predictions)

    stored = store(use)
    (refused,) = stored.refused
    assert refused.reason == "shape"
    assert "inputs has" in str(refused.error)
    assert "paired=False" in str(refused.error)
    assert not any("/m/" in path for path in stored.blobs)
    assert any("/n/" in path for path in stored.blobs)


# Blocks within blocks -----------------------------------------------------------------------------


@pytest.mark.parametrize("between", [(), ("other",), (None, "other")])
@pytest.mark.parametrize("given", ["loan-7", "00000000-0000-8000-ac00-000000000000"])
def test_a_block_within_a_block_of_the_same_id_goes_on_counting(
    between: tuple[str | None, ...], given: str
) -> None:
    """As under a middleware that stands twice, or one and a block of the handler's own."""

    def use(pipeline: Pipeline) -> None:
        inputs, _ = streams(pipeline)
        with ExitStack() as stack:
            stack.enter_context(correlation(given, carries_day=False))
            inputs.collect([1.0, 2.0])
            for one in between:
                stack.enter_context(correlation(one))
            inputs.collect([3.0, 4.0], correlation_id=given)
            with correlation(given):
                inputs.collect([5.0, 6.0])
                inputs.collect([[7.0, 8.0], [9.0, 10.0]])
            inputs.collect([11.0, 12.0], correlation_id=given)

    stored = store(use)
    assert [row[-1] for row in stored.rows("inputs")] == list("012345")
    # An id from outside carries no day because somebody says so again within.
    assert all("/2026/01/31/" in path for path in stored.blobs)


def test_blocks_without_an_id_are_two() -> None:
    """One for each item of a request, say."""

    def use(pipeline: Pipeline) -> None:
        inputs, _ = streams(pipeline)
        with correlation():
            inputs.collect([1.0, 2.0])
            with correlation():
                inputs.collect([3.0, 4.0])
            inputs.collect([5.0, 6.0])

    rows = store(use).rows("inputs")
    assert [row[-1] for row in rows] == ["0", "0", "1"]
    assert len({row[-2] for row in rows}) == 2


@pytest.mark.slow
def test_a_block_that_has_ended_keeps_none_of_those_around_it() -> None:
    """Tasks that start each other within their blocks would keep all that ever were."""

    class Block(correlation):
        """One that can be looked for."""

    outer = Block()
    with outer:
        inner = correlation()
        with inner:
            pass
    found = weakref.ref(outer)
    del outer
    gc.collect()
    assert found() is None
    with pytest.raises(ConfigError, match="entered only once"):
        inner.__enter__()


# Ids from outside ---------------------------------------------------------------------------------


OLD = "00000000-0000-8000-ac00-000000000000"  # of 1970, in the form of ours


@pytest.mark.parametrize(("carries_day", "day"), [(True, "/1970/01/01/"), (False, "/2026/01/31/")])
@pytest.mark.parametrize("times", [1, 3])
def test_an_id_from_outside_carries_no_day(carries_day: bool, day: str, times: int) -> None:
    """Where the block says so, it is an id as anybody else's; quick, slow and by its name."""

    def use(pipeline: Pipeline) -> None:
        inputs, predictions = streams(pipeline)
        for _ in range(times):
            with correlation(OLD, carries_day=carries_day):
                assert inputs.collect([1.0, 2.0]) == OLD
                inputs.collect([[1.0, 2.0]])
                predictions.collect(0.5, correlation_id=OLD)
                assert inputs.collect([1.0, 2.0], at=NOON) == (None if carries_day else OLD)

    stored = store(use)
    assert stored.blobs
    assert all(day in path for path in stored.blobs)
    assert {row[-2] for row in stored.rows("inputs")} == {OLD}


def test_an_id_of_our_own_making_carries_its_day_whatever_was_said() -> None:
    """Nobody outside has made it."""

    def use(pipeline: Pipeline) -> None:
        inputs, _ = streams(pipeline)
        with correlation(carries_day=False) as scoring:
            inputs.collect([1.0, 2.0], at=NOON - 5 * 86_400)
            inputs.collect([1.0, 2.0])
        inputs.collect([1.0, 2.0], correlation_id=scoring.id)

    assert all("/2026/01/26/" in path for path in store(use).blobs)


@pytest.mark.parametrize("wrap", [np.str_, type("Text", (str,), {})])
def test_ids_of_any_class_of_text(wrap: Any) -> None:
    """As text."""

    def use(pipeline: Pipeline) -> None:
        inputs, _ = streams(pipeline)
        found = inputs.collect([1.0, 2.0], correlation_id=wrap("loan-7"))
        assert type(found) is str
        with correlation(wrap("loan-8")) as scoring:
            inputs.collect([1.0, 2.0])
        assert type(scoring.id) is str

    assert [row[-2] for row in store(use).rows("inputs")] == ["loan-7", "loan-8"]
