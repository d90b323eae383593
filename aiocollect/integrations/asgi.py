"""CollectMiddleware: correlation ids for any ASGI server, and a record of its requests.

Pure ASGI, no framework is imported. Invariants: every message goes on at once and unchanged; of a
body no more is kept than its cap; what goes wrong in capturing is logged once per kind, and never
reaches the application or the server.
"""

from __future__ import annotations

import base64
import codecs
import json
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias

from .. import ConfigError, ModelDataCollector, correlation
from .headers import REQUEST_IDS, header_names, id_of

__all__ = ["FEATURES", "CollectMiddleware"]

logger = logging.getLogger("aiocollect")

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Any, Receive, Send], Awaitable[None]]

# The columns of a captured request: give them to the collector as its feature_names.
FEATURES = (
    *("method", "path", "status", "latency_ms", "exception", "headers"),
    *("request", "request_bytes", "response", "response_bytes"),
)


class CollectMiddleware:
    """Puts a request's id in force for what the application collects, and may record the request::

        app.add_middleware(CollectMiddleware)  # Starlette, FastAPI; or app = CollectMiddleware(app)

    The id is the first of ``request_ids`` that the request has, else the trace id of its
    ``traceparent``, else one of ours, made by the first collect().

    With a ``collector`` (its ``feature_names`` are FEATURES) each request is a row: the status and
    the exception's class, None where there was none; the time from the request to the last byte of
    the answer; how many bytes the bodies had, and of each the first ``max_body_bytes`` (0: nothing)
    as text, or as ``data:;base64,…`` where it is no UTF-8; of its headers only those in
    ``headers``, as JSON. The path is without its query, which may hold a secret. The row is made
    when the application has ended, behind the last byte. Paths in ``skip`` make none.

    Websockets and the lifespan pass untouched. Raises ConfigError.
    """

    def __init__(
        self,
        app: Application,
        *,
        collector: ModelDataCollector | None = None,
        max_body_bytes: int = 0,
        headers: Sequence[str] = (),
        skip: Collection[str] = (),
        request_ids: Sequence[str] = REQUEST_IDS,
    ) -> None:
        if collector is not None and not callable(getattr(collector, "collect", None)):
            raise ConfigError("collector must be one of pipeline.collector(…)")
        if not isinstance(max_body_bytes, int) or max_body_bytes < 0:
            raise ConfigError("max_body_bytes must be a whole number of bytes, 0 for none")
        if isinstance(skip, str):
            raise ConfigError("skip must be a list of paths, such as skip=['/healthz']")
        self._app = app
        self._collector = collector
        self._max_body_bytes = max_body_bytes
        self._headers = header_names("headers", headers)
        self._skip = frozenset(skip)
        self._request_ids = header_names("request_ids", request_ids)
        self._told: set[type] = set()

    def __repr__(self) -> str:
        what = "correlates" if self._collector is None else f"records to {self._collector!r}"
        return f"<CollectMiddleware {what}>"

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: Mapping[str, str] = {}
        capture = None
        try:
            headers = _headers_of(scope)
            if self._records(scope):
                chosen = {name: headers[name] for name in self._headers if name in headers}
                capture = _Capture(scope, headers=chosen, cap=self._max_body_bytes)
            found = correlation(id_of(headers.get, request_ids=self._request_ids))
        except Exception as error:
            self._tell(error)
            found = correlation()
        with found:
            if capture is None:
                await self._app(scope, receive, send)
            else:
                await self._run(capture, scope, receive, send)

    def _records(self, scope: Any) -> bool:
        return (
            self._collector is not None
            and self._collector.enabled
            and scope.get("path") not in self._skip
        )

    async def _run(self, capture: _Capture, scope: Any, receive: Receive, send: Send) -> None:
        async def receive_seen() -> Message:
            message = await receive()
            self._note(capture.request, message)
            return message

        async def send_seen(message: Message) -> None:
            # First it goes out. What the server did not take was no answer.
            await send(message)
            self._note(capture.response, message)

        try:
            await self._app(scope, receive_seen, send_seen)
        except BaseException as error:  # a cancelled request too
            capture.exception = type(error).__name__
            raise
        finally:
            self._record(capture)

    def _note(self, note: Callable[[Message], None], message: Message) -> None:
        try:
            note(message)
        except Exception as error:
            self._tell(error)

    def _record(self, capture: _Capture) -> None:
        assert self._collector is not None
        try:
            self._collector.collect(capture.row())
        except Exception as error:  # of a strict pipeline, say
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        # By its class alone: its text may hold what was captured.
        if type(error) not in self._told:
            self._told.add(type(error))
            logger.warning("a request was not captured: %s", type(error).__name__)


class _Capture:
    """One request, as far as it was seen."""

    __slots__ = (
        *("_began", "_ended", "_headers", "_method", "_path", "_sent", "_taken"),
        *("exception", "status"),
    )

    def __init__(self, scope: Any, *, headers: Mapping[str, str], cap: int) -> None:
        self._began = time.perf_counter()
        self._ended: float | None = None
        self._method = scope.get("method")
        self._path = scope.get("path")
        self._headers = headers
        self._taken = _Body(cap)
        self._sent = _Body(cap)
        self.status: int | None = None
        self.exception: str | None = None

    def request(self, message: Message) -> None:
        """A message from the client."""
        if message["type"] == "http.request":
            self._taken.add(message.get("body", b""))

    def response(self, message: Message) -> None:
        """A message that went to the client."""
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
        elif kind == "http.response.body":
            self._sent.add(message.get("body", b""))
        if kind != "http.response.start":
            self._ended = time.perf_counter()

    def row(self) -> dict[str, Any]:
        """What is recorded of it."""
        ended = time.perf_counter() if self._ended is None else self._ended
        values = (
            *(self._method, self._path, self.status),
            round((ended - self._began) * 1000, 3),
            self.exception,
            json.dumps(self._headers) if self._headers else None,
            *(self._taken.text(), self._taken.length),
            *(self._sent.text(), self._sent.length),
        )
        return dict(zip(FEATURES, values, strict=True))


class _Body:
    """The first bytes of a body, and how many there were."""

    __slots__ = ("_cap", "_kept", "length")

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._kept = bytearray()
        self.length = 0

    def add(self, data: bytes) -> None:
        """A piece that has passed by."""
        self.length += len(data)
        room = self._cap - len(self._kept)
        if room > 0:
            self._kept += data[:room]

    def text(self) -> str | None:
        """What was kept, for a cell; None where there is nothing."""
        if not self._kept:
            return None
        try:
            # A letter that the cap has cut is left out; within the body it would be an error.
            whole = len(self._kept) == self.length
            return codecs.getincrementaldecoder("utf-8")().decode(self._kept, final=whole)
        except UnicodeDecodeError:
            return "data:;base64," + base64.b64encode(self._kept).decode("ascii")


def _headers_of(scope: Any) -> dict[str, str]:
    """By lower-case name; of several of one name the first."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found
