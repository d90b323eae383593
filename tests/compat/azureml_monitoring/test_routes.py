"""Routes of the v1 drop-in: each row to its file, with its time and its id."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from aiocollect import Pipeline
from aiocollect.compat.azureml_monitoring import ModelDataCollector
from tests.compat.azureml_monitoring.files import stored
from tests.compat.cases import TIME, correlations


def test_times_of_every_look(
    tmp_path: Path, pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """With a zone, as a datetime, without microseconds; what is no time is of the day of its
    collect(), with one warning."""
    labels = ModelDataCollector("m", "labels", ["y"], pipeline=pipeline)
    for number, moment in enumerate(
        ["2026-01-31T23:30:00-01:00", pd.Timestamp("2026-02-01T12:00:00"), "2026-02-01T00:00:00"]
    ):
        labels.collect(labels.add_correlations([number], correlations(**{TIME: moment})))
    for number in (7, 8):
        labels.collect(labels.add_correlations([number], correlations(**{TIME: "yesterday"})))
    pipeline.close()
    found = {path.split("/labels/")[1][:10]: rows for path, rows in stored(tmp_path).items()}
    assert [row[0] for row in found.pop("2026/02/01")] == ["y", "0", "1", "2"]
    ((_, today),) = found.items()
    assert [row[0] for row in today] == ["y", "7", "8"]
    assert len([one for one in caplog.records if "not an ISO 8601" in one.getMessage()]) == 1


def test_missing_cells_of_correlations(tmp_path: Path, pipeline: Pipeline) -> None:
    """A frame's row that does not say where it belongs belongs where the collector is."""
    frame = pd.DataFrame([correlations(), correlations()], index=[0, 1])
    frame.loc[1, ["$aml_workspace", "$aml_model_name", "$aml_model_version"]] = None
    frame.loc[1, "$aml_service_name"] = float("nan")
    ModelDataCollector("own", "labels", pipeline=pipeline).collect(frame)
    pipeline.close()
    assert [path.split("/labels/")[0] for path in stored(tmp_path)] == [
        "default/default/default/default/own/default",
        "sub/rg/ws/Svc/Best/10",
    ]


def test_whole_numbers_beside_fractions(tmp_path: Path, pipeline: Pipeline) -> None:
    """Stay whole numbers, in cells and in paths, where every column is a number."""
    frame = pd.DataFrame({"p": [0.5, 1.5], "n": [1, 2], "$aml_model_version": [3, 3]})
    ModelDataCollector("m", "labels", pipeline=pipeline).collect(frame)
    pipeline.close()
    ((path, found),) = stored(tmp_path).items()
    assert "/m/3/labels/" in path
    assert found[1:] == [["0.5", "1", "3"], ["1.5", "2", "3"]]


def test_places_are_bounded(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    """Rows that each name another model cannot open streams without end."""
    labels = ModelDataCollector("m", "labels", ["y"], pipeline=pipeline)
    for number in range(80):
        told = correlations(**{"$aml_model_name": f"m{number}"})
        labels.collect(labels.add_correlations([number], told))
    assert pipeline.stats().refused == {"schema_overflow": 16}
    assert "more than 64 paths" in caplog.text
    assert pipeline.close().stored == 64


def test_a_place_that_makes_no_path(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    """Is refused, naming what a workspace looks like."""
    labels = ModelDataCollector("m", "labels", ["y"], pipeline=pipeline)
    labels.collect(labels.add_correlations([1], correlations(**{"$aml_workspace": "../.."})))
    assert pipeline.stats().refused == {"layout": 1}
    assert "must have three parts" in caplog.text


def test_rows_without_an_id_are_of_one_writer(
    tmp_path: Path, pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """Two processes could not tell them apart in one file; said once."""
    predictions = ModelDataCollector("m", "predictions", ["p"], pipeline=pipeline)
    for _ in range(3):
        predictions.collect([0.5])
    predictions.collect(predictions.add_correlations([0.5], correlations()))
    pipeline.close()
    names = {path.rpartition("/")[2]: len(rows) for path, rows in stored(tmp_path).items()}
    assert names == {"data-<writer>.csv": 4, "data.csv": 2}
    assert len([one for one in caplog.records if "of this process only" in one.getMessage()]) == 1


def test_two_processes_share_a_file(tmp_path: Path) -> None:
    """Rows of equal features under ids of their own: each once, in one data.csv."""
    pipelines = [Pipeline(tmp_path / "store", host="thread") for _ in range(2)]
    collectors = [ModelDataCollector("m", "inputs", ["a"], pipeline=one) for one in pipelines]
    for _ in range(50):
        for inputs in collectors:
            inputs.collect([1])
    for pipeline in pipelines:
        pipeline.close()
    ((path, found),) = stored(tmp_path).items()
    assert path.endswith("/data.csv")
    assert len({row[1] for row in found[1:]}) == len(found) - 1 == 100


def test_sampled_together(tmp_path: Path) -> None:
    """Inputs and their predictions are recorded both or neither, also under a long id."""
    pipeline = Pipeline(tmp_path / "store", host="thread", sample_rate=0.4)
    inputs = ModelDataCollector("m", "inputs", ["a"], pipeline=pipeline)
    predictions = ModelDataCollector("m", "predictions", ["p"], pipeline=pipeline)
    for number in range(200):
        told = inputs.collect([number], "x" * 300 if number % 2 else "")
        predictions.collect(predictions.add_correlations([number], told))
    pipeline.close()
    (a, b) = stored(tmp_path).values()
    assert [row[1] for row in a] == [row[1] for row in b]
    assert 30 < len(a) < 130
