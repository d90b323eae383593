"""A batch job without an event loop: it scores an array and records it; close() stores every row.

Run it here: ``python batch_script.py /tmp/modeldata``
"""

from __future__ import annotations

import sys
from contextlib import closing

import numpy as np

from aiocollect import Pipeline, Report


def main(store: str) -> Report:
    """Record 10,000 scored rows; returns what became of them."""
    features = np.random.default_rng(7).normal(size=(10_000, 3))
    scores = features @ np.array([0.2, -0.5, 0.1])
    with closing(Pipeline(store, service="nightly", host="thread")) as pipeline:
        risk = pipeline.model("risk", version="3", inputs=["x", "y", "z"], predictions=["score"])
        for start in range(0, len(features), 500):
            some = slice(start, start + 500)
            # A batch job can wait for room, and loses nothing.
            risk.collect_wait(inputs=features[some], predictions=scores[some])
    return pipeline.close()  # closed already: it returns the report again


if __name__ == "__main__":
    report = main(sys.argv[1])
    print(report)
    sys.exit(not report.complete)
