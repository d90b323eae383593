"""CollectMiddleware: correlation ids for any ASGI server, and a record of its requests.

Pure ASGI; no framework is imported. Invariants: every message is passed on at once and unchanged;
no more of a body is kept than its cap; an error in capturing is logged once per kind, and never
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
    """Applies the id of a request to what the application collects, and can record the request::

        app.add_middleware(CollectMiddleware)  # Starlette, FastAPI; or app = CollectMiddleware(app)

    The id is the first of ``request_ids`` that the request has, else the trace id of its
    ``traceparent``, else a new one, made by the first collect(). With ``trust_ids`` rows under one
    of our ids that a request brings go to the day in that id, as late labels need it; set it only
    if all senders are services that you trust.

    With a ``collector`` (its ``feature_names`` are FEATURES) each request is a row: the status and
    the class of the exception, None if there was none; the time from the request to the last byte
    of the answer; the sizes of both bodies, and of each the first ``max_body_bytes`` (0: nothing),
    as text or as ``data:;base64,…`` if they are not UTF-8; the headers named in ``headers``, as
    JSON. The path is without its query, which may contain a secret. The row is made after the last
    byte, when the application has returned. Paths in ``skip`` are not recorded.

    Websockets and the lifespan pass unchanged. Raises ConfigError.
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
            # Sent first: what the server did not accept was no answer.
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
    """By lower-case name; the first, if there are several of one name."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found
