"""A FastAPI scoring server that records what its model sees and answers.

Run it here, and send it a row::

    AIOCOLLECT_STORE=file:///tmp/modeldata uvicorn fastapi_server:app
    curl 127.0.0.1:8000/score -H 'content-type: application/json' -d '[[35, 2.5]]'
"""

from __future__ import annotations

from fastapi import FastAPI, Response

from aiocollect import Pipeline

pipeline = Pipeline.from_env()
churn = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])
app = FastAPI(lifespan=pipeline.lifespan)


async def predict(rows: list[list[float]]) -> list[float]:
    """In place of a model."""
    return [min(1.0, age / 100) for age, _ in rows]


@app.post("/score")
async def score(rows: list[list[float]]) -> dict[str, object]:
    """Answer, and record input and output under one id; collect() never waits."""
    predictions = await predict(rows)
    correlation_id = churn.collect(inputs=rows, predictions=predictions)
    return {"p": predictions, "id": correlation_id}


@app.get("/healthz")
async def healthz() -> Response:
    """503 while rows do not reach the store. For an alert, not for a readiness probe."""
    return Response(status_code=200 if pipeline.healthy() else 503)
