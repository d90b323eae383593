"""A scoring server, as users write one, on aiohttp or on FastAPI under uvicorn with uvloop; or the
gateway.

``POST /score`` takes an array of rows, scores each with a small linear model, records it, and
answers. ``GET /usage`` says what it has cost so far. Ends on SIGTERM, when all is stored.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from testkit.child import say, stop_event, task_of

from ..harness.processes import cpu_seconds
from .scoring import Scoring


async def serve_aiohttp(task: dict[str, Any]) -> None:
    """With aiohttp's own runner."""
    from aiohttp import web

    scoring = Scoring(task)
    stop = stop_event()

    async def score(request: web.Request) -> web.Response:
        rows = json.loads(await request.read())
        return web.json_response(await scoring.score(rows))

    async def usage(_: web.Request) -> web.Response:
        return web.json_response(scoring.usage())

    app = web.Application()
    app.router.add_post("/score", score)
    app.router.add_get("/usage", usage)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await scoring.recorder.start()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    say(port=runner.addresses[0][1])
    await stop.wait()
    await runner.cleanup()
    await scoring.recorder.close()


async def serve_fastapi(task: dict[str, Any]) -> None:
    """With FastAPI and uvicorn."""
    from .fastapi_server import serve

    await serve(Scoring(task))


async def serve_gateway(task: dict[str, Any]) -> None:
    """aiocollect's own gateway instead of a server: what is posted is recorded, and not scored."""
    from aiohttp import web

    from aiocollect.gateway import Gateway, GatewayOptions

    gateway = Gateway(task["store"], options=GatewayOptions(port=0), environ={})
    stop = stop_event()

    async def usage(_: web.Request) -> web.Response:
        stats = gateway.pipeline.stats()
        return web.json_response({"cpu": cpu_seconds(), "requests": stats.accepted})

    app = web.Application()
    app.router.add_get("/usage", usage)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await gateway.start()
    say(port=gateway.port, usage_port=runner.addresses[0][1])
    await stop.wait()
    await runner.cleanup()
    await gateway.stop()


SERVERS = {"aiohttp": serve_aiohttp, "fastapi": serve_fastapi, "gateway": serve_gateway}


def main() -> None:
    """Serve until told to end."""
    task = task_of()
    try:
        import uvloop
    except ImportError:  # azureml's environment has none, and needs none
        factory = asyncio.new_event_loop
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(SERVERS[task["server"]](task))
    say(ended=True, cpu=cpu_seconds())


if __name__ == "__main__":
    main()
