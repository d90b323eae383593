"""An aiohttp scoring server that waits for room, so that it loses no row.

Run it here, and send it a row::

    AIOCOLLECT_STORE=file:///tmp/modeldata python aiohttp_server.py
    curl 127.0.0.1:8080/score -H 'content-type: application/json' -d '[[35, 2.5]]'
"""

from __future__ import annotations

import os

from aiohttp import web

from aiocollect import Pipeline


def make_app(pipeline: Pipeline) -> web.Application:
    """The server; its cleanup stores what was collected."""
    churn = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])

    async def score(request: web.Request) -> web.Response:
        rows = await request.json()
        predictions = [min(1.0, age / 100) for age, _ in rows]  # in place of a model
        # acollect() instead of collect(): under back-pressure the request waits, no row is shed.
        correlation_id = await churn.acollect(inputs=rows, predictions=predictions)
        return web.json_response({"p": predictions, "id": correlation_id})

    app = web.Application()
    app.cleanup_ctx.append(pipeline.cleanup_ctx)
    app.router.add_post("/score", score)
    return app


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8080"))
    web.run_app(make_app(Pipeline.from_env()), host="127.0.0.1", port=port)
