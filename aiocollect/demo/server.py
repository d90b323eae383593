"""The demo's scoring server: aiohttp on uvloop, two small models, every row of them recorded.

An ordinary service: its pipeline comes from the environment, ``collect()`` is one line in a
handler, and the server's own shutdown flushes. It can take its listening socket from its parent,
who keeps it open over a restart: connections then wait in the kernel for the next server, and none
is refused. (With SO_REUSEPORT the kernel would reset what waits at the socket that closes.)

Between the pipeline and its store are faults that the parent switches by lines on stdin. It says on
stdout, as JSON lines, how the pipeline stands, and at the end the report of its close. By hand::

    AIOCOLLECT_STORE=./data python -m aiocollect.demo.server --port 8080
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import orjson
from aiohttp import web

from aiocollect import ConfigError, Pipeline

from .._threads.loops import run
from ..testing import open_store
from . import child
from .customers import FEATURES, PREDICTION, churn_scores
from .faults import FailingStore, Faults
from .model import TumourModel

__all__ = ["build_app", "main", "serve"]

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]

# While a restart lasts, new connections wait here; the kernel lowers it to its own limit.
_BACKLOG = 4096
# For requests under way at SIGTERM; they take milliseconds.
_SHUTDOWN = 5.0
# Connections in use have this time to learn from their next answer that they are closed: closing
# one without notice can fail a request that is on its way.
_PARTING = 0.1
# One line a second is shown, made in step with the load from the latest of these; if these came
# once a second, the line would be a second late.
_REPORT_EVERY = 0.2
_CONTAINER = "AIOCOLLECT_CONTAINER"
_OF_THE_STORE = ("AIOCOLLECT_STORE", _CONTAINER)


def build_app(pipeline: Pipeline, *, stop: asyncio.Event) -> web.Application:
    """The application: POST /churn, POST /tumour and GET /healthz, recorded by ``pipeline``.

    Once ``stop`` is set, each answer tells its client that the connection closes.
    """
    model = TumourModel.load()
    churn = pipeline.model("churn", version="10", inputs=FEATURES, predictions=[PREDICTION])
    # Of the tumours the predictions alone: their measurements are patients' data.
    tumour = pipeline.model("tumour", version="1", predictions=[model.prediction])

    # One id for all streams of a model. It is None if the pipeline refused: the client is answered
    # all the same, and the auditor will find that the answer has no record.
    def score_churn(rows: Any) -> dict[str, Any]:
        p = churn_scores(rows)
        return {"id": churn.collect(inputs=rows, predictions=p), "p": p}

    def score_tumour(rows: Any) -> dict[str, Any]:
        p = model.score(rows)
        return {"id": tumour.collect(predictions=p), "p": p}

    async def healthz(request: web.Request) -> web.Response:
        healthy = pipeline.healthy()
        return _json({"healthy": healthy}, status=200 if healthy else 503)

    async def part(request: web.Request, response: web.StreamResponse) -> None:
        if stop.is_set():
            response.force_close()

    app = web.Application()
    app.on_response_prepare.append(part)
    app.router.add_post("/churn", _scored(score_churn, len(FEATURES)))
    app.router.add_post("/tumour", _scored(score_tumour, len(model.features)))
    app.router.add_get("/healthz", healthz)
    app.cleanup_ctx.append(pipeline.cleanup_ctx)  # starts it, and flushes after the last request
    return app


def _scored(score: Callable[[Any], dict[str, Any]], width: int) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        try:
            answer = score(orjson.loads(await request.read())["rows"])
        except (ValueError, TypeError, KeyError):
            return _json({"error": f'send {{"rows": [[{width} cells], ...]}}'}, status=400)
        return _json(answer)

    return handler


def _json(value: Any, *, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


async def serve(sock: socket.socket) -> int:
    """Serve on ``sock`` until asked to end; 0, or 2 for a bad configuration."""
    faults = Faults()
    stop = child.stop_event(faults.hear)
    try:
        store = open_store(
            os.environ.get("AIOCOLLECT_STORE", ""), container=os.environ.get(_CONTAINER)
        )
        own = {name: text for name, text in os.environ.items() if name not in _OF_THE_STORE}
        pipeline = Pipeline.from_env(own, store=FailingStore(store, faults))
        app = build_app(pipeline, stop=stop)
    except ConfigError as error:
        child.say("error", message=str(error))
        return 2
    # The signals are ours (see child.py), so that the report can be written after the clean-up.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN, handle_signals=False)
    await runner.setup()
    try:
        site = web.SockSite(runner, sock, backlog=_BACKLOG)
        await site.start()
        child.say("ready", pid=os.getpid(), loop=type(asyncio.get_running_loop()).__module__)
        await _report(pipeline, stop)
        await site.stop()  # new connections wait for the next server
        await asyncio.sleep(_PARTING)
    finally:
        await runner.cleanup()
    report = await pipeline.aclose()  # closed by the clean-up: this only asks for the report
    child.say(
        "closed",
        status=pipeline.status(),
        report=dataclasses.asdict(report),
        stats=dataclasses.asdict(pipeline.stats()),
    )
    return 0


async def _report(pipeline: Pipeline, stop: asyncio.Event) -> None:
    """Until ``stop``, five times a second: a line with the pipeline's stats."""
    due = time.monotonic()
    while not stop.is_set():
        child.say("stats", **dataclasses.asdict(pipeline.stats()))
        due += _REPORT_EVERY
        try:
            async with asyncio.timeout(max(0.0, due - time.monotonic())):
                await stop.wait()
        except TimeoutError:
            continue


def main(arguments: list[str] | None = None) -> int:
    """Run the server as a process of its own."""
    parser = argparse.ArgumentParser(prog="aiocollect.demo.server", description="a scoring server")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--fd", type=int, help="a listening socket inherited from the parent")
    where.add_argument("--port", type=int, help="a port of 127.0.0.1 to listen on")
    options = parser.parse_args(arguments)
    # Ours at INFO; the storage SDK would log every request there.
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("aiocollect").setLevel(logging.INFO)
    if options.fd is not None:
        sock = socket.socket(fileno=options.fd)
    else:
        sock = socket.create_server(("127.0.0.1", options.port))
    return run(serve(sock))


if __name__ == "__main__":
    raise SystemExit(main())
