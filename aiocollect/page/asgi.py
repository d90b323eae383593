"""The page as an ASGI application, to be mounted in another one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from .. import Pipeline
from .access import Access
from .answers import MOST_BODY, Page, PageRequest
from .sources import OnePipeline

__all__ = ["page"]

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


def page(
    pipeline: Pipeline, access: Access | None = None
) -> Callable[[Any, Receive, Send], Awaitable[None]]:
    """The page of a pipeline: ``app.mount("/_aiocollect", page(pipeline))``, for FastAPI, Starlette
    and others. ``access``: who may see it; None: people on this machine."""
    shown = Page(OnePipeline(pipeline), access or Access())

    async def application(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # no lifespan, no websocket
        full, root = scope["path"], scope.get("root_path", "")
        client = scope.get("client")
        answer = await shown.answer(
            PageRequest(
                scope["method"],
                full[len(root) :] if root and full.startswith(root) else full,
                dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"))),
                {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]},
                client[0] if client else None,
                await _body(receive) if scope["method"] == "POST" else b"",
                full.rpartition("/")[2],
            )
        )
        headers = [(name.encode(), text.encode("latin-1")) for name, text in answer.headers]
        headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    return application


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more and len(body) <= MOST_BODY:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body if len(body) <= MOST_BODY else b""
