"""An aiohttp scoring server that records one stream, and waits for room where it must not lose any.

Run it: ``AIOCOLLECT_STORE=file:///tmp/modeldata python -m examples.aiohttp_server``
"""

from __future__ import annotations

from aiohttp import web

from aiocollect import Pipeline


def make_app(pipeline: Pipeline) -> web.Application:
    """The server; its cleanup stores what was collected."""
    inputs = pipeline.collector(
        "best_model", version="10", identifier="inputs", feature_names=["feat1", "feat2"]
    )

    async def score(request: web.Request) -> web.Response:
        rows = await request.json()
        # acollect() instead of collect(): under back-pressure the request waits, no row is shed.
        correlation_id = await inputs.acollect(rows)
        return web.json_response({"y": [sum(row) for row in rows], "id": correlation_id})

    app = web.Application()
    app.cleanup_ctx.append(pipeline.cleanup_ctx)
    app.router.add_post("/score", score)
    return app


if __name__ == "__main__":
    web.run_app(make_app(Pipeline.from_env()), host="127.0.0.1", port=8080)
