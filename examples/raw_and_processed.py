"""Three streams of one model: its features before and after preprocessing, and its predictions.

Run it here: ``AIOCOLLECT_STORE=file:///tmp/modeldata python raw_and_processed.py``
"""

from __future__ import annotations

from aiocollect import Pipeline

PLANS = ["basic", "gold"]

pipeline = Pipeline.from_env(host="thread")
churn = pipeline.model(
    "churn", version="11", raw=["age", "plan"], processed=["decades", *PLANS], predictions=["p"]
)


def preprocess(age: int, plan: str) -> list[float]:
    """Age in decades, and a column for each plan."""
    return [age / 10, *(float(plan == one) for one in PLANS)]


def score(rows: list[tuple[int, str]]) -> str | None:
    """Record what came in, what the model saw and what it answered; returns their id."""
    processed = [preprocess(age, plan) for age, plan in rows]
    predictions = [min(1.0, decades / 10) for decades, *_ in processed]  # in place of a model
    return churn.collect(raw=rows, processed=processed, predictions=predictions)


if __name__ == "__main__":
    print(score([(41, "gold"), (90, "basic")]))
    print(pipeline.close())
