"""Flask and aiohttp without their servers: where an id ends, and what may come in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from flask import Flask, abort, copy_current_request_context

from aiocollect import Collector, MemoryStore, Pipeline
from aiocollect.integrations.aiohttp import PIPELINE, setup
from aiocollect.integrations.flask import Collect
from aiocollect.integrations.pytest_plugin import Recorded

HEADERS = {"x-request-id": "r1"}


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    """A pipeline, and what it stores."""
    found = Recorded(MemoryStore())
    yield found
    found.pipeline.close()


@pytest.fixture
def collector(recorded: Recorded) -> Collector:
    """A stream of one column."""
    return recorded.pipeline.collector("m", feature_names=["a"])


@pytest.fixture
def app(recorded: Recorded, collector: Collector) -> Flask:
    """An application that answers with the id of what it has collected."""
    made = Flask(__name__)
    Collect().init_app(Flask("other"))  # knows nothing of this one
    Collect(made, pipeline=recorded.pipeline)

    @made.get("/")
    def score() -> str:
        return str(collector.collect([1.0]))

    @made.get("/fails")
    def fails() -> str:
        collector.collect([2.0])
        abort(418)

    return made


def test_flask_ends_an_id_with_its_request(app: Flask, collector: Collector) -> None:
    """Behind the answer the thread has none, also where the request failed."""
    client = app.test_client()
    assert client.get("/", headers=HEADERS).text == "r1"
    assert collector.collect([3.0]) != "r1"
    assert client.get("/fails", headers=HEADERS).status_code == 418
    assert collector.collect([4.0]) != "r1"
    ours = client.get("/").text
    assert ours not in {"r1", "None"}
    assert client.get("/").text != ours


@pytest.mark.parametrize("elsewhere", [True, False])
def test_flask_with_a_copy_of_the_request(
    elsewhere: bool, app: Flask, collector: Collector
) -> None:
    """Work that takes the request along has its id; its end is no error; no id is left."""

    @app.get("/copied")
    def copied() -> list[str | None]:
        work: Callable[[], str | None]
        work = copy_current_request_context(lambda: collector.collect([5.0]))
        first = copy_context().run(work) if elsewhere else work()
        return [first, collector.collect([6.0])] if elsewhere else [first]

    answer = app.test_client().get("/copied", headers=HEADERS)
    assert (answer.status_code, set(answer.get_json())) == (200, {"r1"})
    assert collector.collect([7.0]) != "r1"


def test_flask_where_somebody_else_answers_first(recorded: Recorded, collector: Collector) -> None:
    """Nothing was begun, and nothing is ended."""
    made = Flask(__name__)

    @made.before_request
    def refuse() -> tuple[str, int]:
        return "no", 403

    Collect(made, pipeline=recorded.pipeline)
    assert made.test_client().get("/", headers=HEADERS).status_code == 403


def test_flask_knows_its_pipeline(app: Flask, recorded: Recorded) -> None:
    """The one that it was given, found by the application."""
    assert app.extensions["aiocollect"].pipeline is recorded.pipeline


def test_aiohttp() -> None:
    """The pipeline is in the application, starts and ends with it; ids are there also for other
    middlewares, and end with their request."""
    store = MemoryStore()
    seen: list[Any] = []

    @web.middleware
    async def other(request: web.Request, handler: Any) -> web.StreamResponse:
        seen.append(request.app[PIPELINE].collector("m", feature_names=["a"]).collect([0.0]))
        response: web.StreamResponse = await handler(request)
        return response

    async def score(request: web.Request) -> web.Response:
        collector = request.app[PIPELINE].collector("m", feature_names=["a"])
        return web.Response(text=collector.collect([1.0]))

    async def main() -> None:
        application = web.Application(middlewares=[other])
        pipeline = Pipeline(store)
        assert setup(application, pipeline) is pipeline
        application.router.add_get("/", score)
        async with TestClient(TestServer(application)) as client:
            assert await (await client.get("/", headers=HEADERS)).text() == "r1"
            ours = await (await client.get("/")).text()
        assert seen == ["r1", ours]
        assert ours != "r1"
        assert pipeline.stats().stored == pipeline.stats().accepted == 4
        assert not pipeline.healthy()

    asyncio.run(main())
    assert len(store.blobs) == 1
