"""The scoring server on FastAPI, under uvicorn: a module of its own, since FastAPI reads
annotations where they stand, and azureml's environment has no FastAPI.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import uvicorn
from fastapi import FastAPI, Request

from testkit.child import say, stop_event

from .scoring import Scoring

__all__ = ["serve"]


async def serve(scoring: Scoring) -> None:
    """Until SIGTERM; returns when all is stored."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await scoring.recorder.start()
        yield
        await scoring.recorder.close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/score")
    async def score(request: Request) -> list[float]:
        return await scoring.score(json.loads(await request.body()))

    @app.get("/usage")
    async def usage() -> dict[str, float]:
        return scoring.usage()

    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    # SIGTERM is ours: what is to be said at the end comes behind uvicorn's.
    server.capture_signals = nullcontext  # type: ignore[method-assign,assignment]
    stop = stop_event()
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        if serving.done():
            await serving
        await asyncio.sleep(0.01)
    say(port=listening.getsockname()[1])
    await stop.wait()
    server.should_exit = True
    await serving
