"""CollectMiddleware: correlation ids for any ASGI server, and a record of its requests.

Pure ASGI, no framework is imported. Invariants: every message goes on at once and unchanged; of a
body no more is kept than its cap; what goes wrong in capturing is logged once per kind, and never
reaches the application or the server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping, Sequence
from typing import Any, TypeAlias

from .. import Collector, correlation
from ._capture import FEATURES, Capture, Captures
from .headers import REQUEST_IDS, header_names, scoring_of

__all__ = ["FEATURES", "CollectMiddleware"]

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Any, Receive, Send], Awaitable[None]]


class CollectMiddleware:
    """Puts a request's id in force for what the application collects, and may record the request::

        app.add_middleware(CollectMiddleware)  # Starlette, FastAPI; or app = CollectMiddleware(app)

    The id is the first of ``request_ids`` that the request has, else the trace id of its
    ``traceparent``, else one of ours, made by the first collect(). An id of ours that a request
    brings goes to the day of its scoring with ``trust_ids`` alone: say True where only services
    that you trust can send requests, such as those that bring labels weeks later.

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
        collector: Collector | None = None,
        max_body_bytes: int = 0,
        headers: Sequence[str] = (),
        skip: Collection[str] = (),
        request_ids: Sequence[str] = REQUEST_IDS,
        trust_ids: bool = False,
    ) -> None:
        self._app = app
        self._captures = Captures(
            collector, max_body_bytes=max_body_bytes, headers=headers, skip=skip
        )
        self._request_ids = header_names("request_ids", request_ids)
        self._trust_ids = trust_ids

    def __repr__(self) -> str:
        collector = self._captures.collector
        what = "correlates" if collector is None else f"records to {collector!r}"
        return f"<CollectMiddleware {what}>"

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        capture = None
        found = correlation()
        with self._captures.harmless():
            headers = _headers_of(scope)
            found = scoring_of(
                headers.get, request_ids=self._request_ids, trust_ids=self._trust_ids
            )
            capture = self._captures.begin(
                method=scope.get("method"), path=scope.get("path"), header=headers.get
            )
        with found:
            if capture is None:
                await self._app(scope, receive, send)
            else:
                await self._run(capture, scope, receive, send)

    async def _run(self, capture: Capture, scope: Any, receive: Receive, send: Send) -> None:
        async def receive_seen() -> Message:
            message = await receive()
            with self._captures.harmless():
                if message["type"] == "http.request":
                    capture.request.add(message.get("body", b""))
            return message

        async def send_seen(message: Message) -> None:
            # First it goes out. What the server did not take was no answer.
            await send(message)
            with self._captures.harmless():
                _note_response(capture, message)

        try:
            await self._app(scope, receive_seen, send_seen)
        except BaseException as error:  # a cancelled request too
            capture.exception = type(error).__name__
            raise
        finally:
            self._captures.record(capture)


def _note_response(capture: Capture, message: Message) -> None:
    kind = message["type"]
    if kind == "http.response.start":
        capture.status = message["status"]
        return
    if kind == "http.response.body":
        capture.response.add(message.get("body", b""))
    capture.end()


def _headers_of(scope: Any) -> dict[str, str]:
    """By lower-case name; of several of one name the first."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found
