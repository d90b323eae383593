"""read() on files in the form of the collector before us: no row index, CRLF, six more columns."""

from __future__ import annotations

from pathlib import Path

import aiocollect
from aiocollect import Pipeline
from aiocollect.compat.azureml_monitoring import ModelDataCollector
from tests.compat.azureml_monitoring.files import ID


def test_inputs_and_predictions_of_the_old_form_are_joined(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    """By id, and by the place of a row among those of its id."""
    inputs = ModelDataCollector("m", "inputs", ["a", "code"], pipeline=pipeline)
    predictions = ModelDataCollector("m", "predictions", ["p"], pipeline=pipeline)
    for turn in range(3):
        told = inputs.collect([[turn, "007"], [turn + 0.5, None]])
        assert told is not None
        labelled = predictions.add_correlations([[turn / 4], [turn / 8]], told)
        predictions.collect(labelled)
    pipeline.close()
    dataset = aiocollect.read(tmp_path / "store", "m")
    table = dataset.to_arrow()
    assert table.select(["a", "code", "p"]).to_pydict() == {
        "a": [0.0, 0.5, 1.0, 1.5, 2.0, 2.5],
        "code": ["007", None] * 3,
        "p": [0.0, 0.0, 0.25, 0.125, 0.5, 0.25],
    }
    assert table["$aml_dc_row"].to_pylist() == [0, 1] * 3
    assert dataset.missing == {"inputs": 0, "predictions": 0}
    alone = aiocollect.read(tmp_path / "store", "m", streams="inputs").to_arrow()
    assert alone.column_names[2] == ID
    assert set(alone["$aml_model_name"].to_pylist()) == {"m"}
