"""collect_rows(): rows are rows, without the shape rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from aiocollect import Pipeline
from tests.support.joined import store


@pytest.mark.parametrize(
    ("names", "rows", "cells"),
    [
        (["a", "b"], [[1.0, 2.0], [3.0, 4.0]], [["1.0", "2.0"], ["3.0", "4.0"]]),
        (["a", "b"], [([1, 2], 3)], [["[1,2]", "3"]]),
        (["p"], [[1.0], [2.0]], [["1.0"], ["2.0"]]),
        (["p"], [[[1, 2]]], [["[1,2]"]]),
        (["a", "b"], [{"b": 1, "a": 2}], [["2", "1"]]),
        (["a", "b"], np.array([[1.0, 2.0]]), [["1.0", "2.0"]]),
        (["a", "b"], pd.DataFrame({"b": [1], "a": [2]}), [["2", "1"]]),
        (None, [[1.0, 2.0, 3.0]], [["1.0", "2.0", "3.0"]]),
        (["a", "b"], [], []),
    ],
)
def test_rows_that_are_rows(names: Any, rows: Any, cells: list[list[str]]) -> None:
    """Each element is a row, whatever stands in it."""

    def use(pipeline: Pipeline) -> None:
        assert pipeline.collector("m", feature_names=names).collect_rows(rows)

    found = store(use)
    assert [row[:-2] for row in found.rows("default")] == cells
    assert found.refused == []


@pytest.mark.parametrize(
    "rows", [[1.0, 2.0], np.array([1.0, 2.0]), {"a": 1, "b": 2}, "text", 7, ["x", "y"], [[1, 2], 3]]
)
def test_what_is_no_row_is_refused(rows: Any) -> None:
    """A list of cells is not taken for a row."""

    def use(pipeline: Pipeline) -> None:
        pipeline.collector("m", feature_names=["a", "b"]).collect_rows(rows)

    stored = store(use)
    assert [event.reason for event in stored.refused] == ["shape"]
    assert "instead of a row" in str(stored.refused[0].error)
