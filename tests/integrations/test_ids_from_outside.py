"""An id in the form of ours that comes from outside, through each door and by its real server,
opens no blob of another day; where the server trusts its clients it goes to the day it carries."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import uvicorn
from aiohttp import ClientSession, web
from flask import Flask

from aiocollect import MemoryStore, Pipeline
from aiocollect._core.ids import Ids
from aiocollect.gateway import Gateway, GatewayOptions
from aiocollect.integrations.aiohttp import PIPELINE, setup
from aiocollect.integrations.asgi import FEATURES, CollectMiddleware
from aiocollect.integrations.flask import Collect

YEARS = (1970, 1999, 2100, 9892)


def id_of(year: int) -> str:
    """One that our own generator would have made then."""
    moment = datetime(year, 3, 2, 12, tzinfo=UTC).timestamp()
    return Ids("00000000aa").id(int(moment) * 1_000_000)


class Served:
    """What a door gives: a request with this id; and whose it was stored under."""

    def __init__(self, url: str, store: MemoryStore, *, gateway: bool = False) -> None:
        self.url = url
        self.store = store
        self.gateway = gateway

    async def send(self, ids: list[str]) -> None:
        async with ClientSession(self.url) as client:
            for one in ids:
                if self.gateway:
                    body = {"rows": [{"a": 1}], "correlation_id": one}
                    async with client.post("/collect/m/1/i", json=body) as answer:
                        assert answer.status == 202
                    event = {
                        "ce-specversion": "1.0",
                        "ce-id": one,
                        "ce-source": "s",
                        "ce-type": "t",
                    }
                    async with client.post("/", json=1, headers=event) as answer:
                        assert answer.status == 200
                    azure = {"ce-type": "azureml.inference.i", "ce-x-request-id": one}
                    async with client.post("/modeldata/log", json=[1], headers=azure) as answer:
                        assert answer.status == 200
                else:
                    async with client.get("/", headers={"x-request-id": one}) as answer:
                        assert (answer.status, await answer.text()) == (200, one)


@asynccontextmanager
async def gateway(trust_ids: bool) -> AsyncIterator[Served]:
    store = MemoryStore()
    door = Gateway(store, options=GatewayOptions(port=0, trust_ids=trust_ids), environ={})
    await door.start()
    try:
        yield Served(f"http://127.0.0.1:{door.port}", store, gateway=True)
    finally:
        assert (await door.stop()).complete


@asynccontextmanager
async def aiohttp_server(trust_ids: bool) -> AsyncIterator[Served]:
    store = MemoryStore()

    async def score(request: web.Request) -> web.Response:
        stream = request.config_dict[PIPELINE].collector("m", feature_names=["a"])
        stream.collect([1.0])
        return web.Response(text=stream.collect([2.0]))

    inner = web.Application()
    inner.router.add_get("/", score)
    app = web.Application()
    setup(app, Pipeline(store), trust_ids=trust_ids)
    app.router.add_get("/", score)
    app.add_subapp("/inner", inner)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    try:
        yield Served(f"http://127.0.0.1:{port}", store)
    finally:
        await runner.cleanup()


@asynccontextmanager
async def asgi_server(trust_ids: bool) -> AsyncIterator[Served]:
    store = MemoryStore()
    pipeline = Pipeline(store)
    stream = pipeline.collector("m", feature_names=["a"])

    async def score(scope: Any, receive: Any, send: Any) -> None:
        stream.collect([1.0])
        text = str(stream.collect({"a": 2.0}))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": text.encode()})

    requests = pipeline.collector("requests", feature_names=FEATURES)
    app = CollectMiddleware(score, collector=requests, trust_ids=trust_ids)
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    async with pipeline:
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Served(f"http://127.0.0.1:{port}", store)
        server.should_exit = True
        await serving


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Nothing."""


@asynccontextmanager
async def flask_server(trust_ids: bool) -> AsyncIterator[Served]:
    store = MemoryStore()
    pipeline = Pipeline(store, host="thread")
    stream = pipeline.collector("m", feature_names=["a"])
    app = Flask(__name__)
    Collect(app, pipeline=pipeline, trust_ids=trust_ids)

    @app.get("/")
    def score() -> str:
        stream.collect([1.0])
        return str(stream.collect([2.0]))

    server = make_server("127.0.0.1", 0, app, handler_class=_Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_port}", store)
    finally:
        await asyncio.to_thread(server.shutdown)
        thread.join()
        server.server_close()
        await pipeline.aclose()


DOORS: list[Callable[[bool], AbstractAsyncContextManager[Served]]] = [
    gateway,
    aiohttp_server,
    asgi_server,
    flask_server,
]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
@pytest.mark.parametrize("trust_ids", [False, True], ids=["from outside", "trusted"])
def test_the_days_of_blobs(
    door: Callable[[bool], AbstractAsyncContextManager[Served]], trust_ids: bool
) -> None:
    """The id stands in the rows; the blobs are of today, or, for a server that says so, of the days
    that the ids carry."""
    ids = [id_of(year) for year in YEARS]
    stored: dict[str, bytes] = {}

    async def main() -> None:
        async with door(trust_ids) as served:
            await served.send(ids)
        stored.update(served.store.blobs)

    asyncio.run(main())
    years = {int(part) for path in stored for part in path.split("/") if part.isdecimal() and
        len(part) == 4}  # fmt: skip
    this_year = datetime.now(UTC).year
    assert years == (set(YEARS) if trust_ids else {this_year})
    every = b"".join(stored.values())
    assert all(every.count(one.encode()) >= 2 for one in ids)
