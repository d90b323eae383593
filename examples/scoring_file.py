"""A classic scoring file, init() and run(): no event loop, no server, nothing to close.

Run it here: ``AIOCOLLECT_STORE=file:///tmp/modeldata python scoring_file.py``
"""

from __future__ import annotations

import json

from aiocollect import ModelDataCollector

inputs: ModelDataCollector
predictions: ModelDataCollector


def init() -> None:
    """Called once, before any run()."""
    global inputs, predictions
    inputs = ModelDataCollector(
        "best_model", version="10", identifier="inputs", feature_names=["age", "plan"]
    )
    predictions = ModelDataCollector(
        "best_model", version="10", identifier="predictions", feature_names=["p"]
    )


def run(data: str) -> dict[str, object]:
    """Score the rows of a request; called from any thread. Everything is stored at exit."""
    rows = json.loads(data)["data"]
    scores = [min(1.0, age / 100) for age, _ in rows]  # in place of a model
    correlation_id = inputs.collect(rows)
    predictions.collect(scores, correlation_id=correlation_id)  # the id joins the two
    return {"p": scores, "id": correlation_id}


if __name__ == "__main__":
    init()
    print(run('{"data": [[41, 2], [90, 1]]}'))
