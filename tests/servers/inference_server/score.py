"""The scoring file of Azure ML's documentation of 2018, but for its import line: its calls of the
collector stand as they stood, and azureml-inference-server-http runs it.

The documented parts: `init()` makes two collectors, `run()` collects inputs and predictions.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

# This was: from azureml.monitoring import ModelDataCollector
from aiocollect.compat.azureml_monitoring import ModelDataCollector


class Model:
    """Stands for a model that was registered and loaded."""

    def predict(self, data: Any) -> Any:
        """Two numbers for each row."""
        return np.stack([data.sum(axis=1), data.max(axis=1)], axis=1)


model: Model
inputs_dc: ModelDataCollector
prediction_dc: ModelDataCollector


def init() -> None:
    """Called once in each worker, before any run()."""
    global model, inputs_dc, prediction_dc
    model = Model()
    inputs_dc = ModelDataCollector("best_model", identifier="inputs", feature_names=["feat1", "feat2", "feat3", "feat4", "feat5", "feat6"])  # noqa: E501  # fmt: skip
    prediction_dc = ModelDataCollector("best_model", identifier="predictions", feature_names=["prediction1", "prediction2"])  # noqa: E501  # fmt: skip


def run(input_df: str) -> list[list[float]]:
    """Score the rows of a request."""
    data = json.loads(input_df)["data"]
    data = np.array(data)
    result = model.predict(data)
    inputs_dc.collect(data)  # this call is saving our input data into Azure Blob
    prediction_dc.collect(result)  # this call is saving our input data into Azure Blob
    return list(result.tolist())
