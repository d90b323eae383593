"""A batch job: score an array and record it; leaving the block stores every row.

Run it: ``python examples/batch_script.py /tmp/modeldata``
"""

from __future__ import annotations

import asyncio
import sys

import numpy as np

from aiocollect import Pipeline


async def main(store: str) -> int:
    """Record 10,000 scored rows; returns how many are stored."""
    features = np.random.default_rng(7).normal(size=(10_000, 3))
    scores = features @ np.array([0.2, -0.5, 0.1])
    async with Pipeline(store, service="nightly") as pipeline:
        model = pipeline.model("risk", version="3", inputs=["x", "y", "z"], predictions=["score"])
        for start in range(0, len(features), 500):
            some = slice(start, start + 500)
            await model.acollect(inputs=features[some], predictions=scores[some])
        report = await pipeline.flush()
    print(f"{report.stored} rows stored in {report.seconds:.2f} s")
    return report.stored


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
