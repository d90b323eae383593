"""A scoring file for azureml-ai-monitoring (v2), as in its documentation except for the imports.

It needs no sidecar and no endpoint of Azure ML. Run it here::

    AIOCOLLECT_STORE=file:///tmp/data AZUREML_MDC_ENABLED=true python azureml_v2_scoring.py
"""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

# These were: from azureml.ai.monitoring import Collector
#             from azureml.ai.monitoring.context import BasicCorrelationContext
from aiocollect.compat.azureml_ai_monitoring import BasicCorrelationContext, Collector

inputs_collector: Collector
outputs_collector: Collector


def init() -> None:
    """Called once, before any run()."""
    global inputs_collector, outputs_collector
    inputs_collector = Collector(name="model_inputs", on_error=log_error)
    outputs_collector = Collector(name="model_outputs", on_error=log_error)


def log_error(error: Exception) -> None:
    """Without it, errors are raised into run()."""
    print(f"not recorded: {error}")


def predict(inputs: pd.DataFrame) -> pd.DataFrame:
    """In place of a model."""
    return pd.DataFrame({"prediction": inputs.sum(axis=1)})


def run(raw_data: str, request_id: str | None = None) -> dict[str, Any]:
    """Score the rows of a request, and record them with what was predicted."""
    inputs = pd.DataFrame(json.loads(raw_data)["data"])
    context = inputs_collector.collect(inputs, BasicCorrelationContext(id=request_id))
    outputs = predict(inputs)
    outputs_collector.collect(outputs, context)  # the context joins the two
    return dict(outputs.to_dict(orient="list"))


if __name__ == "__main__":
    init()
    for number in range(100):
        print(run(json.dumps({"data": {"f1": [number, 1.5], "f2": [2, 0]}})))
