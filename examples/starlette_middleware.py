"""A Starlette server whose middleware uses each request's id, and records the requests too.

Run it here, and send it a row::

    AIOCOLLECT_STORE=file:///tmp/modeldata uvicorn starlette_middleware:app
    curl 127.0.0.1:8000/score -H 'content-type: application/json' -d '[[35, 2.5]]'
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from aiocollect import Pipeline
from aiocollect.integrations.asgi import FEATURES, CollectMiddleware

pipeline = Pipeline.from_env()
churn = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])
requests = pipeline.collector("server", identifier="requests", feature_names=FEATURES)


async def score(request: Request) -> Response:
    """Answer, and record input and output under the request's id."""
    rows = await request.json()
    predictions = [min(1.0, age / 100) for age, _ in rows]  # in place of a model
    return JSONResponse(
        {"p": predictions, "id": churn.collect(inputs=rows, predictions=predictions)}
    )


async def count(request: Request) -> Response:
    """A long answer, piece by piece: its first bytes and its length are recorded."""

    async def numbers() -> AsyncIterator[str]:
        for number in range(10_000):
            yield f"{number}\n"

    return StreamingResponse(numbers(), media_type="text/plain")


async def healthz(request: Request) -> Response:
    """503 while rows do not reach the store. For an alert, not for a readiness probe."""
    return PlainTextResponse("", status_code=200 if pipeline.healthy() else 503)


app = Starlette(
    routes=[
        Route("/score", score, methods=["POST"]),
        Route("/count", count),
        Route("/healthz", healthz),
    ],
    middleware=[
        Middleware(
            CollectMiddleware,
            collector=requests,
            max_body_bytes=1024,  # of each body; without it, none
            headers=["user-agent"],  # only these: others may hold secrets
            skip=["/healthz"],
        )
    ],
    lifespan=pipeline.lifespan,
)
