"""A scoring file for azureml-monitoring (v1), as in its documentation except for one import.

Run it here: ``AIOCOLLECT_STORE=file:///tmp/modeldata python azureml_v1_scoring.py``
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

# This was: from azureml.monitoring import ModelDataCollector
from aiocollect.compat.azureml_monitoring import ModelDataCollector


class Model:
    """In place of a model that was registered and loaded."""

    def predict(self, data: Any) -> Any:
        """Two numbers for each row."""
        return np.stack([data.sum(axis=1), data.max(axis=1)], axis=1)


model: Model
inputs_dc: ModelDataCollector
prediction_dc: ModelDataCollector


def init() -> None:
    """Called once, before any run()."""
    global model, inputs_dc, prediction_dc
    model = Model()
    inputs_dc = ModelDataCollector(
        "best_model",
        identifier="inputs",
        feature_names=["feat1", "feat2", "feat3", "feat4", "feat5", "feat6"],
    )
    prediction_dc = ModelDataCollector(
        "best_model", identifier="predictions", feature_names=["prediction1", "prediction2"]
    )


def run(raw_data: str) -> list[list[float]]:
    """Score the rows of a request, and record them with what was predicted."""
    data = np.array(json.loads(raw_data)["data"])
    result = model.predict(data)
    inputs_dc.collect(data)
    # To join predictions to their inputs, and to have one file for all processes, record
    # prediction_dc.add_correlations(result, what the line above returned) instead.
    prediction_dc.collect(result)
    return list(result.tolist())


if __name__ == "__main__":
    init()
    for number in range(100):
        print(run(json.dumps({"data": [[number, 2, 3, 4, 5, 6.5], [0, 0, 0, 0, 0, number]]})))
