"""An aiohttp server that uses each request's id, and keeps its pipeline in the application.

Run it here, and send it a row::

    AIOCOLLECT_STORE=file:///tmp/modeldata python aiohttp_middleware.py
    curl 127.0.0.1:8080/score -H 'content-type: application/json' -d '[[35, 2.5]]'
"""

from __future__ import annotations

import os

from aiohttp import web

from aiocollect import Model, Pipeline
from aiocollect.integrations.aiohttp import PIPELINE, setup

CHURN = web.AppKey("churn", Model)


async def score(request: web.Request) -> web.Response:
    """Answer, and record input and output under the request's id."""
    rows = await request.json()
    predictions = [min(1.0, age / 100) for age, _ in rows]  # in place of a model
    correlation_id = request.app[CHURN].collect(inputs=rows, predictions=predictions)
    return web.json_response({"p": predictions, "id": correlation_id})


async def healthz(request: web.Request) -> web.Response:
    """503 while rows do not reach the store. For an alert, not for a readiness probe."""
    return web.Response(status=200 if request.app[PIPELINE].healthy() else 503)


def make_app() -> web.Application:
    """The server; when it ends, it stores what was collected."""
    app = web.Application()
    pipeline = setup(app, Pipeline.from_env())
    app[CHURN] = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])
    app.router.add_post("/score", score)
    app.router.add_get("/healthz", healthz)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=int(os.environ.get("PORT", "8080")))
