"""Shapes of the v1 drop-in: rows, columns, and what cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aiocollect import EncodeError, Pipeline
from aiocollect.compat.azureml_monitoring import ModelDataCollector
from tests.compat.azureml_monitoring.files import ID, rows, stored
from tests.compat.cases import correlations


@pytest.mark.parametrize(
    "value", [[0.5, 0.25, 1], [[0.5], [0.25], [1]], np.array([0.5, 0.25, 1.0])], ids=repr
)
@pytest.mark.parametrize("told", [True, False])
def test_one_name_means_a_column(
    value: Any, told: bool, tmp_path: Path, pipeline: Pipeline
) -> None:
    """Predictions of n rows are n rows, with correlations or without."""
    predictions = ModelDataCollector("m", "predictions", ["p"], pipeline=pipeline)
    if told:
        value = predictions.add_correlations(value, correlations())
    predictions.collect(value)
    pipeline.close()
    assert [float(row[0]) for row in rows(tmp_path, 1)[1:]] == [0.5, 0.25, 1]
    assert {len(row) for row in rows(tmp_path, 99)} == {9 if told else 1}


def test_a_list_of_lists_is_rows(tmp_path: Path, pipeline: Pipeline) -> None:
    """Not one row of lists in brackets; of tuples and of arrays, too."""
    inputs = ModelDataCollector("m", "inputs", ["a", "b"], pipeline=pipeline)
    for value in ([[1, 2], [3, 4]], [(5, 6)], [np.array([7, 8])]):
        assert inputs.collect(value) is not None
    inputs.collect([9, [1, 2]])  # a cell may be a list still
    pipeline.close()
    wanted = [["a", "b"], ["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"], ["9", "[1, 2]"]]
    assert rows(tmp_path, 2) == wanted


def test_other_columns_go_to_another_part(tmp_path: Path, pipeline: Pipeline) -> None:
    """A frame with other or reordered columns never stands under a header that is not its own."""
    inputs = ModelDataCollector("m", "inputs", pipeline=pipeline)
    for frame in (
        pd.DataFrame({"a": [1], "b": [2]}),
        pd.DataFrame({"b": [2], "a": [1]}),
        pd.DataFrame({"a": [3], "b": [4]}),
    ):
        inputs.collect(frame)
    pipeline.close()
    found = stored(tmp_path)
    assert [path.rpartition("/")[2] for path in found] == ["data.csv", "data_1.csv"]
    # Which comes first is a race of two lanes.
    assert sorted([row[:2] for row in rows] for rows in found.values()) == [
        [["a", "b"], ["1", "2"], ["3", "4"]],
        [["b", "a"], ["2", "1"]],
    ]


@pytest.mark.parametrize(
    ("value", "reason", "match"),
    [
        ([1, 2, 3], "shape", "a row of 3 cells does not fit the 2 feature_names"),
        ([[1, 2], [3]], "shape", "rows have from 1 to 2 cells"),
        ([{"a": 1}], "type", "pass a pandas DataFrame made from it"),
        ({"a": 1}, "type", "builtins.dict cannot be recorded; pass a list, a numpy array"),
        ("text", "type", "builtins.str cannot be recorded"),
        (np.zeros((1, 2, 3)), "shape", "an array of 3 dimensions"),
        (pd.DataFrame([correlations()]), "type", "raised ValueError"),
    ],
    ids=["width", "ragged", "dicts", "dict", "str", "cube", "twice"],
)
def test_unusable_data(
    value: Any,
    reason: str,
    match: str,
    pipeline: Pipeline,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Is logged once, counted, and never raised; the correlations are there all the same."""
    inputs = ModelDataCollector("m", "inputs", ["a", "b"], pipeline=pipeline)
    told = [inputs.collect(value) for _ in range(3)]
    assert all(one is not None and one[ID] for one in told)
    assert pipeline.stats().refused[reason] >= 3
    found = [record.getMessage() for record in caplog.records]
    assert len(found) == 1
    assert match in found[0]
    assert pipeline.close().accepted == 0


def test_strict(tmp_path: Path) -> None:
    """A strict pipeline raises what is wrong, and counts it once."""
    pipeline = Pipeline(tmp_path / "store", host="thread", strict=True)
    collector = ModelDataCollector("m", pipeline=pipeline)
    with pytest.raises(EncodeError, match="cannot be recorded"):
        collector.collect(None)
    assert pipeline.stats().refused == {"type": 1}
    pipeline.close()


@pytest.mark.parametrize("width", [1, 40_000, 120_000])
def test_large_tables(width: int, tmp_path: Path, pipeline: Pipeline) -> None:
    """What is too much for one call is several; every row once, in order."""
    count = 9_000 if width == 1 else 20
    inputs = ModelDataCollector("m", "inputs", ["a", "b"], pipeline=pipeline)
    inputs.collect([[number, "x" * width] for number in range(count)])
    assert pipeline.close().stored == count
    found = rows(tmp_path, 3)[1:]
    assert [row[0] for row in found] == [str(number) for number in range(count)]
    assert len({row[2] for row in found}) == 1


class Hostile:
    """A cell whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("secret")


def test_cells_that_raise(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    """What a cell's own methods raise stays outside of the scoring, and out of the log."""
    ModelDataCollector("m", "inputs", pipeline=pipeline).collect([Hostile()])
    assert pipeline.stats().refused == {"type": 1}
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_half_a_surrogate_pair(tmp_path: Path, pipeline: Pipeline) -> None:
    """Has no bytes in UTF-8: it becomes U+FFFD, where the original raised into the scoring."""
    ModelDataCollector("m", "inputs", ["a"], pipeline=pipeline).collect(["x\ud800"])
    pipeline.close()
    assert rows(tmp_path, 1) == [["a"], ["x\ufffd"]]
