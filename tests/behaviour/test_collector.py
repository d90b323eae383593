"""Collectors: what collect() takes, freezes, stamps, refuses, and how the rows are stored."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from aiocollect import (
    EncodeError,
    MemoryStore,
    Pipeline,
    Report,
)
from aiocollect.events import Event, Refused
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual

NOON = datetime(2018, 12, 31, 12, tzinfo=UTC).timestamp()
WORKSPACE = "92c76a2f-0e1c-4216-b65e-abf7a3f34c1e/myresourcegrp/myWorkspace"


class Recording:
    """What a run has stored, read by Python's csv; and what it has told."""

    def __init__(self, blobs: dict[str, bytes], report: Report, events: list[Event]) -> None:
        self.blobs = blobs
        self.report = report
        self.refused = [event for event in events if isinstance(event, Refused)]

    def table(self, identifier: str = "inputs") -> list[list[str]]:
        (data,) = [data for path, data in self.blobs.items() if f"/{identifier}/" in path]
        return list(csv.reader(io.StringIO(data.decode(), newline="")))

    @property
    def cells(self) -> list[list[str]]:
        return [row[:-3] for row in self.table()[1:]]


def record(use: Callable[[Pipeline], Any], **options: Any) -> Recording:
    """Run ``use`` with a pipeline at noon of the document's day, and close it."""

    async def main(loop: VirtualLoop) -> Recording:
        store = MemoryStore()
        events: list[Event] = []
        pipeline = Pipeline(
            store,
            workspace=WORKSPACE,
            service="aks-w-collv9",
            _seams=Seams(clock=VirtualClock(loop, epoch=NOON), writer_id="00000000aa"),
            hooks=[events.append],
            **options,
        )
        use(pipeline)
        report = await pipeline.aclose()
        return Recording(store.blobs, report, events)

    return run_virtual(main)


def collect(*values: Any, names: list[str] | None = None, **options: Any) -> Recording:
    def use(pipeline: Pipeline) -> None:
        collector = pipeline.collector(
            "best_model", version="10", identifier="inputs", feature_names=names
        )
        for value in values:
            collector.collect(value)

    return record(use, **options)


def test_the_documented_path() -> None:
    """The path is the document's own example, its workspace lower-cased."""
    assert list(collect([1.0]).blobs) == [
        f"{WORKSPACE.lower()}/aks-w-collv9/best_model/10/inputs/2018/12/31/data.csv"
    ]


def test_header_and_metadata() -> None:
    """Features, then id, time with six decimals, and the row's index within its call."""
    header, *rows = collect([[1, 2], [3, 4]], [5, 6], names=["a", "b"]).table()
    assert header == [
        "a",
        "b",
        "$aml_dc_correlation_id",
        "$aml_dc_scoring_timestamp",
        "$aml_dc_row",
    ]
    assert [row[-1] for row in rows] == ["0", "1", "0"]
    assert rows[0][2] == rows[1][2] != rows[2][2]
    assert rows[0][3] == rows[1][3] == "2018-12-31T12:00:00.000000"
    assert rows[2][3] == "2018-12-31T12:00:00.000001"  # unique per writer, in the same microsecond


@pytest.mark.parametrize(
    ("value", "names", "cells"),
    [
        ([1.5, 2], ["a", "b"], [["1.5", "2"]]),
        ((1.5, 2), ["a", "b"], [["1.5", "2"]]),
        ([[1, 2], (3, 4)], ["a", "b"], [["1", "2"], ["3", "4"]]),
        ([1, 2, 3], ["a"], [["1"], ["2"], ["3"]]),
        ([[1], [2]], ["a"], [["1"], ["2"]]),
        (7, ["a"], [["7"]]),
        ("text", ["a"], [["text"]]),
        ([1, 2, 3], None, [["1", "2", "3"]]),
        ([1.0, None, True, "x,y"], list("abcd"), [["1.0", "", "true", "x,y"]]),
        ({"b": 2, "a": 1}, ["a", "b"], [["1", "2"]]),
        ([{"a": 1}, {"b": 2}, {}], ["a", "b"], [["1", ""], ["", "2"], ["", ""]]),
        ({"y": 2, "x": None}, None, [["2", ""]]),
        (np.array([1.5, 2.5]), ["a", "b"], [["1.5", "2.5"]]),
        (np.array([1.5, 2.5]), ["a"], [["1.5"], ["2.5"]]),
        (np.array([[1, 2], [3, 4]]), ["a", "b"], [["1", "2"], ["3", "4"]]),
        (np.array([[1, 2], [3, 4]]).T, ["a", "b"], [["1", "3"], ["2", "4"]]),
        (np.array([0.1, -2.5], dtype=np.float32), ["a", "b"], [["0.1", "-2.5"]]),
        (np.array([1, 2], dtype=">i4"), ["a", "b"], [["1", "2"]]),
        (np.array([True, False]), ["a", "b"], [["true", "false"]]),
        (np.array([np.nan, np.inf]), ["a", "b"], [["NaN", "inf"]]),
        (np.float64(2.5), ["a"], [["2.5"]]),
        (np.array(2.5), ["a"], [["2.5"]]),
        ([np.float32(0.1), np.int64(3)], ["a", "b"], [["0.1", "3"]]),
        (
            [np.array([1.0, 2.0]), np.array([3.0, 4.0])],
            ["a", "b"],
            [["1.0", "2.0"], ["3.0", "4.0"]],
        ),
    ],
)
def test_shapes(value: Any, names: list[str] | None, cells: list[list[str]]) -> None:
    """Lists, lists of lists, scalars and arrays become the rows that the rule says."""
    assert collect(value, names=names).cells == cells


@pytest.mark.parametrize(
    ("value", "names", "reason", "words"),
    [
        ([1, 2, 3], ["a", "b"], "shape", r"\(3,\).* 2 columns a, b"),
        ([[1, 2], [3]], ["a", "b"], "shape", "2 rows of 1, 2"),
        (np.zeros(3), ["a", "b"], "shape", r"\(3,\)"),
        (np.zeros((2, 3)), ["a", "b"], "shape", r"\(2, 3\)"),
        (np.zeros((2, 2, 2)), ["a", "b"], "shape", r"\(2, 2, 2\)"),
        ([1, object()], ["a", "b"], "type", "object"),
        ([1, {2}], ["a", "b"], "type", "sorted list"),
        ({"a": 1, "c": 2}, ["a", "b"], "shape", "unknown columns c; the columns are a, b"),
        ([{"a": 1}, [2]], ["a"], "shape", "a list of dicts contains a list"),
        ({7: 1}, None, "shape", "cannot be named a int value"),
        ({"$aml_x": 1}, None, "shape", "cannot be named"),
        ({"a": {1}}, ["a"], "type", "set"),
        ({}, None, "shape", "without cells"),
        ([[]], None, "shape", "without cells"),
        (np.array([1j]), ["a"], "type", "dtype complex128"),
        (np.zeros(600_000), ["a"], "too_large", "max_call_bytes"),
        ([[1.0] * 1000] * 600, None, "too_large", "max_call_bytes"),
    ],
)
def test_refusals_say_why(value: Any, names: list[str] | None, reason: str, words: str) -> None:
    """A value that does not fit is refused, counted, and named with what would fit."""
    recording = collect(value, names=names)
    (refused,) = recording.refused
    assert refused.reason == reason
    assert isinstance(refused.error, EncodeError)
    assert refused.error.reason == reason
    assert re.search(words, str(refused.error)), refused.error
    assert recording.blobs == {}


def test_strict_raises_instead() -> None:
    """strict=True lets the refusal out."""
    with pytest.raises(EncodeError):
        collect([1, 2], names=["a", "b", "c"], strict=True)


def test_a_refused_first_call_fixes_no_columns() -> None:
    """Only a value that can be recorded decides the columns of an unnamed stream."""
    recording = collect({1}, {"a": 1j}, [1, 2, 3], [4, 5, 6])
    assert recording.table()[0][:3] == ["f0", "f1", "f2"]
    assert len(recording.cells) == 2


def test_frozen_at_collect() -> None:
    """What the caller does to the value afterwards is not recorded."""
    row = [1.0, 2.0]
    rows = [[3.0, 4.0]]
    array = np.array([5.0, 6.0])

    def use(pipeline: Pipeline) -> None:
        collector = pipeline.collector("m", identifier="inputs", feature_names=["a", "b"])
        for value in (row, rows, array):
            collector.collect(value)
        row[0] = rows[0][0] = array[0] = 99.0

    assert record(use).cells == [["1.0", "2.0"], ["3.0", "4.0"], ["5.0", "6.0"]]


def test_nothing_to_record_is_no_error() -> None:
    """An empty batch returns an id and stores nothing."""
    ids: list[str | None] = []

    def use(pipeline: Pipeline) -> None:
        collector = pipeline.collector("m", feature_names=["a", "b"])
        values: list[Any] = [[], np.zeros((0, 2))]
        ids.extend(collector.collect(value) for value in values)

    recording = record(use)
    assert all(ids)
    assert recording.report.accepted == 0


def test_more_rows_than_a_slice() -> None:
    """A call of many rows is stored whole and in order, over many slices and blocks."""
    rows = [[float(n), float(-n)] for n in range(3000)]
    recording = collect(rows, names=["a", "b"], max_batch_bytes=4096)
    assert recording.cells == [[str(a), str(b)] for a, b in rows]
    assert [int(row[-1]) for row in recording.table()[1:]] == list(range(3000))


# Ids and times ------------------------------------------------------------------------------------


def test_a_model_records_under_one_id() -> None:
    """Inputs and predictions of one call share id and time, each in its own file."""

    def use(pipeline: Pipeline) -> None:
        churn = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])
        assert churn.collect(inputs=[[41, 2], [42, 3]], predictions=[0.3, 0.4])

    recording = record(use)
    inputs, predictions = recording.table("inputs")[1:], recording.table("predictions")[1:]
    assert [row[-3:] for row in inputs] == [row[-3:] for row in predictions]
    assert [row[0] for row in predictions] == ["0.3", "0.4"]


def test_a_model_accepts_all_or_nothing() -> None:
    """Where one stream's value does not fit, none is recorded."""

    def use(pipeline: Pipeline) -> None:
        churn = pipeline.model("churn", inputs=["age", "plan"], predictions=["p"])
        assert churn.collect(inputs=[1, 2, 3], predictions=[0.5]) is None
        with pytest.raises(TypeError, match="no stream labels; it has inputs, predictions"):
            churn.collect(labels=[1])

    assert record(use).blobs == {}


def test_a_label_weeks_later_goes_to_the_day_of_its_id() -> None:
    """An id of ours carries its day; the label's own time is the time of its call."""

    def use(pipeline: Pipeline) -> None:
        collector = pipeline.collector("m", identifier="inputs", feature_names=["a"])
        scored = collector.collect(1.0, at=NOON - 20 * 86_400)
        assert collector.collect(2.0, correlation_id=scored) == scored

    (path,) = record(use).blobs
    assert "/2018/12/11/" in path


def test_a_callers_own_id_is_honoured_as_text() -> None:
    """Any text will do; it carries no day, so today's folder it is."""

    def use(pipeline: Pipeline) -> None:
        collector = pipeline.collector("m", identifier="inputs", feature_names=["a"])
        assert collector.collect(1.0, correlation_id='loan "7", 1e5') == 'loan "7", 1e5'

    assert record(use).table()[1][1] == 'loan "7", 1e5'


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"at": datetime(2018, 12, 31)}, "time"),
        ({"at": "yesterday"}, "time"),
        ({"at": -1.0}, "time"),
        ({"at": float("nan")}, "time"),
        ({"correlation_id": ""}, "id"),
        ({"correlation_id": 7}, "id"),
    ],
)
def test_bad_ids_and_times_are_refused(arguments: dict[str, Any], reason: str) -> None:
    """Naive datetimes, times outside the calendar, ids that are no text."""

    def use(pipeline: Pipeline) -> None:
        pipeline.collector("m", feature_names=["a"]).collect(1.0, **arguments)

    assert [event.reason for event in record(use).refused] == [reason]


def test_at_on_another_day_than_the_id_is_refused() -> None:
    """Otherwise what belongs together would be split over two folders."""

    def use(pipeline: Pipeline) -> None:
        collector = pipeline.collector("m", feature_names=["a"])
        scored = collector.collect(1.0)
        assert collector.collect(2.0, correlation_id=scored, at=NOON + 86_400) is None

    assert [event.reason for event in record(use).refused] == ["day"]


def test_too_many_headers_on_one_path() -> None:
    """Columns that are made of data end in a refusal, not in thousands of parts."""

    def use(pipeline: Pipeline) -> None:
        for number in range(9):
            pipeline.collector("m", feature_names=[f"c{number}"]).collect(1.0)

    recording = record(use)
    assert [event.reason for event in recording.refused] == ["schema_overflow"]
    assert len(recording.blobs) == 8


def test_a_value_that_raises_is_refused() -> None:
    """Whatever a foreign object does, collect() does not raise, and shows no cell."""

    class Cell:
        @property
        def ndim(self) -> int:
            raise RuntimeError("the secret cell")

    Cell.__module__ = "numpy"
    recording = collect([Cell()], names=["a"])
    (refused,) = recording.refused
    assert "secret" not in str(refused.error)
