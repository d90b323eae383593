"""The scoring server that deploy/ runs: an address for each probe, for an alert, for metrics.

Run it here, and send it a row::

    AIOCOLLECT_STORE=file:///tmp/modeldata uvicorn deployed_server:app
    curl 127.0.0.1:8000/score -H 'content-type: application/json' -d '[[35, 2.5]]'
"""

from __future__ import annotations

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from aiocollect import Pipeline
from aiocollect.integrations.prometheus import PipelineCollector

pipeline = Pipeline.from_env()
churn = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])
registry = CollectorRegistry()
registry.register(PipelineCollector(pipeline))
app = FastAPI(lifespan=pipeline.lifespan)


@app.post("/score")
async def score(rows: list[list[float]]) -> dict[str, object]:
    """Answer, and record input and output under one id; collect() never waits."""
    predictions = [min(1.0, age / 100) for age, _ in rows]  # in place of a model
    return {"p": predictions, "id": churn.collect(inputs=rows, predictions=predictions)}


@app.get("/livez")
async def livez() -> Response:
    """For the liveness probe: the event loop turns. A restart mends nothing else."""
    return Response()


@app.get("/readyz")
async def readyz() -> Response:
    """For the readiness probe: the model is loaded. It never asks for the store."""
    return Response()


@app.get("/healthz")
async def healthz() -> Response:
    """For an alert, and never for a probe: 503 while rows do not reach the store."""
    return Response(status_code=200 if pipeline.healthy() else 503)


@app.get("/metrics")
async def metrics() -> Response:
    """For Prometheus."""
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
