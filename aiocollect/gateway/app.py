"""The application: which address does what, and the life of the server around it.

Invariants: an answer of 2xx is given after the pipeline has accepted, never before; no request
waits for the store; after any other answer nothing was accepted, except the events of a batch that
the answer counts. The pipeline outlives the server, so whatever was accepted is stored at the end.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import web

from aiocollect import Limits, Pipeline, Report
from aiocollect._validation.deployment import Deployment
from aiocollect.metrics import snapshot
from aiocollect.page import Access
from aiocollect.page.aiohttp_app import response_of
from aiocollect.page.answers import Page
from aiocollect.page.sources import OnePipeline
from aiocollect.typing import Store

from .bodies import Bodies, content_type
from .events import CloudEvent, azureml_event, batched_events, binary_event, structured_event
from .guard import Guard
from .handler import Handler
from .metrics import CONTENT_TYPE, exposition
from .options import MIB, GatewayOptions
from .problems import Problem, answer
from .refusals import RefusalLog
from .rows import csv_rows, json_rows, parameters
from .streams import GatewayStreams
from .texts import name

__all__ = ["Gateway"]

logger = logging.getLogger("aiocollect.gateway")

# For probes, which have no token.
_OPEN = ("/healthz", "/readyz")
# The live page, which has a way of its own to let people in: by the same token.
_PAGE = "/_aiocollect/"
# A refused body is still read for so many seconds: a reset would lose the answer.
_LINGERING = 2.0
# The route under which requests to unknown or unreadable addresses are counted.
_NO_ROUTE = "none"
_STRUCTURED = "application/cloudevents+json"
_BATCHED = "application/cloudevents-batch+json"


class Gateway:
    """A gateway to ``store``, a URL or a Store; None: AIOCOLLECT_STORE.

    The options of its pipeline come from ``environ``. Raises ConfigError.
    """

    def __init__(
        self,
        store: Store | str | None = None,
        *,
        options: GatewayOptions,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.options = options
        self._deployment = Deployment.load(environ)
        self.pipeline = _pipeline(store, options, environ)
        self._streams = GatewayStreams(self.pipeline, options)
        access = Access(token=options.token, hosts=(options.host,))
        self._page = Page(OnePipeline(self.pipeline), access)
        self._bodies = Bodies(options)
        self._requests: Counter[tuple[str, int]] = Counter()
        self._stopping = False
        self._server: asyncio.Server | None = None
        self._refusals = RefusalLog(time.monotonic)
        self._runner = web.AppRunner(
            self._app(), handle_signals=False, shutdown_timeout=options.stop_time, access_log=None
        )
        self._guard: Guard | None = None

    def __repr__(self) -> str:
        return f"<Gateway on {self.options.host}, to {self.pipeline!r}>"

    # Life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the pipeline, and listen. Raises OSError if it cannot listen at the port."""
        await self.pipeline.start()
        await self._runner.setup()
        loop = asyncio.get_running_loop()

        def handler() -> Handler:
            return Handler(
                self._runner.server,
                note=self._note_unread,
                loop=loop,
                access_log=None,
                logger=_quiet(),
                auto_decompress=False,
                lingering_time=_LINGERING,
            )

        self._guard = Guard(handler, self.options, note=self._note_unread)
        self._server = await loop.create_server(
            self._guard, self.options.host, self.options.port, backlog=1024
        )

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> Report:
        """Accept nothing more, answer what is under way, store what was accepted, and report."""
        self._stopping = True
        try:
            if self._server is not None:
                self._server.close()  # the listening socket alone
                await self._dismiss()
            await self._runner.cleanup()
        finally:
            self._refusals.close()
            report = await self.pipeline.aclose()
        return report

    async def _dismiss(self) -> None:
        assert self._guard is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(self.options.parting_time):
                await self._guard.empty.wait()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._around])
        routes = (
            ("POST", "/modeldata/log", self._azureml),
            ("POST", "/collect/{model}/{version}/{identifier}", self._collect),
            # KServe and Seldon post to the URL of their logger as given: with or without a path.
            ("POST", "/", self._events),
            ("POST", "/events", self._events),
            ("GET", "/healthz", self._healthz),
            ("GET", "/readyz", self._readyz),
            ("GET", "/metrics", self._metrics),
            ("GET", f"{_PAGE}{{rest:.*}}", self._show),
        )
        for method, path, handler in routes:
            app.router.add_route(method, path, handler)
        self._routes = (*[path for method, path, _ in routes if method == "POST"], _NO_ROUTE)
        return app

    # Around each request ----------------------------------------------------------------------

    @web.middleware
    async def _around(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        guard = self._guard
        assert guard is not None
        guard.begun(request)
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else _NO_ROUTE
        try:
            response = await self._answer(request, handler, route)
        finally:
            guard.ended(request)
        self._requests[route, response.status] += 1
        if self._stopping or not request.content.is_eof():
            response.force_close()
        return response

    async def _answer(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
        route: str,
    ) -> web.StreamResponse:
        try:
            if request.path not in _OPEN and not request.path.startswith(_PAGE):
                if not self.options.lets_in(request.headers.get("Authorization", "")):
                    raise Problem(
                        *(
                            401,
                            "token",
                            "this gateway needs its token: send Authorization: Bearer ...",
                        ),
                        field="Authorization",
                        headers={"WWW-Authenticate": "Bearer"},
                    )
                if self._stopping:
                    detail = "the gateway is stopping; send it again later"
                    raise Problem(503, "stopping", detail, headers={"Retry-After": "2"})
            return await handler(request)
        except Problem as found:
            problem = found
        except web.HTTPException as error:  # no such address, or method
            allow = error.headers.get("Allow")
            problem = Problem(
                *(error.status, "address", "no such address or method; see docs/how-to/gateway.md"),
                headers={"Allow": allow} if allow else {},
            )
        except Exception as error:
            # Not its text or traceback, which may contain what was sent.
            logger.error(
                "a request failed in the gateway: %s; this is a bug, please report it",
                type(error).__name__,
            )
            problem = Problem(500, "internal", "the gateway failed; see its log")
        self._refusals.note(route, problem)
        return answer(problem, instance=request.rel_url.raw_path)

    def _note_unread(self, problem: Problem) -> None:
        self._refusals.note(_NO_ROUTE, problem)
        self._requests[_NO_ROUTE, problem.status] += 1

    async def _show(self, request: web.Request) -> web.Response:
        return await response_of(self._page, request)

    # What it accepts ----------------------------------------------------------------------------

    async def _azureml(self, request: web.Request) -> web.Response:
        content_type(request, "application/json")
        body = await self._bodies.read(request)
        event = azureml_event(
            request.headers, body, deployment=self._deployment, options=self.options
        )
        self._streams.collect_event(event)
        return web.Response()

    async def _events(self, request: web.Request) -> web.Response:
        kind = request.content_type
        events: list[CloudEvent]
        if kind == _BATCHED:
            content_type(request, _BATCHED)
            events = batched_events(await self._bodies.read(request), self.options)
        elif kind == _STRUCTURED:
            content_type(request, _STRUCTURED)
            events = [structured_event(await self._bodies.read(request), self.options)]
        elif "ce-specversion" in request.headers:
            body = await self._bodies.read(request)
            given = request.headers.get("Content-Type") or kind
            events = [binary_event(request.headers, body, given, self.options)]
        else:
            detail = f"send ce- headers, or {_STRUCTURED} or {_BATCHED} as Content-Type"
            raise Problem(415, "event", detail, field="ce-specversion")
        for number, event in enumerate(events):
            self._streams.collect_event(
                event, field=f"[{number}]" if kind == _BATCHED else "body", accepted=number
            )
        # To KServe's logger only 200 is a success.
        return web.Response()

    async def _collect(self, request: web.Request) -> web.Response:
        place = (
            name(request.match_info["model"], field="model"),
            name(request.match_info["version"], field="version"),
            name(request.match_info["identifier"], field="identifier"),
        )
        given = parameters(request.query)
        kind = content_type(request, "application/json", "text/csv")
        body = await self._bodies.read(request)
        read = csv_rows if kind == "text/csv" else json_rows
        rows = read(body, given, self.options)
        correlation_id = self._streams.collect_rows(place, rows)
        accepted = {"correlation_id": correlation_id, "rows": len(rows.cells)}
        return _json(accepted, status=202)

    # What it reports ---------------------------------------------------------------------------

    async def _healthz(self, request: web.Request) -> web.Response:
        return _json({"alive": True})

    async def _readyz(self, request: web.Request) -> web.Response:
        ready = not self._stopping and self.pipeline.healthy()
        return _json({"ready": ready}, status=200 if ready else 503)

    async def _metrics(self, request: web.Request) -> web.Response:
        assert self._guard is not None
        text = exposition(
            snapshot(self.pipeline),
            routes=self._routes,
            requests=self._requests,
            connections=len(self._guard.connections),
            turned_away=self._guard.turned_away,
            reading=self._bodies.reading,
        )
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})


def _json(value: Any, *, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


def _pipeline(
    store: Store | str | None, options: GatewayOptions, environ: Mapping[str, str]
) -> Pipeline:
    given: dict[str, Any] = {} if store is None else {"store": store}
    # Strict: a refusal is raised, so that the sender gets to know it. Text is charged at four bytes
    # a character, tables of small numbers at more.
    limits = Limits(max_call_bytes=max(4 * MIB, 8 * options.max_body_bytes))
    return Pipeline.from_env(environ, **given, strict=True, limits=limits)


class _Quiet(logging.Filter):
    """Reduces what aiohttp logs about unreadable requests to a line a minute, without details."""

    def __init__(self) -> None:
        super().__init__()
        self._last = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if record.created - self._last < 60:
            return False
        self._last = record.created
        kind = record.exc_info[0] if record.exc_info else None
        record.msg = "requests cannot be read or answered: %s"
        record.args = (kind.__name__ if kind else record.levelname,)
        record.exc_info = record.exc_text = None
        return True


def _quiet() -> logging.Logger:
    found = logging.getLogger("aiocollect.gateway.http")
    if not found.filters:
        found.addFilter(_Quiet())
    return found
