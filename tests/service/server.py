"""The stand-in as a server on 127.0.0.1: accounts in the path, answers with the service's headers.

``plan`` makes answers of its own for a blob: an error, before or after the request was carried out,
or an end of the connection. What was asked is kept in ``asked``.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Final
from uuid import uuid4

from aiohttp import web

from aiocollect.typing import LOG_ROOT

from .about import about_container, about_service
from .blobs import Container, Reply
from .listening import StandIn

__all__ = ["Plan", "Request", "Service"]

ACCOUNT: Final = "acme"
KEY: Final = "c2VjcmV0LWtleS1vZi1hbi1hY2NvdW50"
TENANT: Final = "ab1f708d-50f6-404c-a006-d71b2ac7a606"


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for."""

    operation: str  # "open" and "read" are both "get"
    container: str
    blob: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Plan:
    """An answer of the test's own, ``times`` times. ``applied``: the request is carried out first.
    ``lost``: instead of an answer the connection ends. ``change`` is called with the container and
    the blob's name before the answer, and may give another one."""

    operation: str
    status: int = 500
    code: str = ""
    times: int = 1
    applied: bool = False
    lost: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    change: Callable[[Container, str, Reply], Reply | None] | None = None


class Service(StandIn):
    """``async with Service() as service``: an account named acme; see ``url`` and ``key``."""

    key: Final = KEY

    def __init__(self, *, tls: SSLContext | None = None, repeats_ids: bool = True) -> None:
        super().__init__(tls=tls)
        self.containers: dict[str, Container] = {"logs": Container()}
        self.plans: dict[str, list[Plan]] = defaultdict(list)
        self.asked: list[Request] = []
        self.counts: Counter[str] = Counter()
        self.repeats_ids = repeats_ids
        # Every connection ends behind its answer, without a word, as some load balancers do it.
        self.closes = False
        # None: any key or SAS; else the tokens that are good.
        self.tokens: Collection[str] | None = None
        self.read_only = False
        # What it says of the account and of the container, as headers.
        self.account: Mapping[str, str] = {}
        self.container_headers: Mapping[str, str] = {}
        self.date = ""  # of its clock; "": the machine's
        self.is_foreign = False  # a web server that is no blob service
        # A refusal of some requests, whatever they ask for.
        self.refuses: Callable[[], Reply | None] = lambda: None

    def routes(self) -> list[web.RouteDef]:
        """See StandIn.routes."""
        return [
            web.get("/{account}/", self._on_account),
            web.route("*", "/{account}/{container}", self._on_container),
            web.route("*", "/{account}/{container}/{blob:.+}", self._on_blob),
        ]

    @property
    def url(self) -> str:
        """The account's."""
        return f"{self.origin}/{ACCOUNT}"

    @property
    def blobs(self) -> dict[str, bytes]:
        """What the container holds, without the log."""
        found = self.containers["logs"].blobs
        return {
            name: bytes(blob.data) for name, blob in found.items() if not name.startswith(LOG_ROOT)
        }

    def plan(self, blob: str, *plans: Plan) -> None:
        """Answer requests about this blob by these, each for its operation, in order."""
        self.plans[blob].extend(plans)

    # Answers ----------------------------------------------------------------------------------

    async def _on_account(self, request: web.Request) -> web.StreamResponse:
        if self.is_foreign:
            return web.Response(text="Welcome!", headers={"Server": "nginx"})
        return self._answer(request, self._who(request) or about_service())

    async def _on_container(self, request: web.Request) -> web.StreamResponse:
        container = self.containers.setdefault(request.match_info["container"], Container())
        reply = self._who(request)
        if reply is None and container.being_deleted:
            reply = Reply(409, "ContainerBeingDeleted")
        if reply is None and request.method == "GET":
            reply = about_container(container, request.query, self.account, self.container_headers)
        if reply is None:
            reply = Reply(201) if container.missing else Reply(409, "ContainerAlreadyExists")
            container.missing = False
        return self._answer(request, reply)

    async def _on_blob(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        name = request.match_info["blob"]
        container = self.containers[request.match_info["container"]]
        operation = {"GET": "get", "HEAD": "head", "DELETE": "delete"}.get(request.method, "create")
        if request.query.get("comp") == "appendblock":
            operation = "append"
        asked = Request(operation, request.match_info["container"], name, request.headers, body)
        self.asked.append(asked)
        self.counts[f"{operation} {name}"] += 1
        refusal = self.refuses()
        if refusal is not None:
            return self._answer(request, refusal)
        plan = self._planned(name, operation)
        if plan is None:
            return self._answer(request, self._carry_out(request, container, asked))
        reply = Reply(plan.status, plan.code, plan.headers)
        if plan.applied:
            done = self._carry_out(request, container, asked)
            if not plan.lost and plan.change is None:
                pass  # the planned answer stands in for the true one
            elif plan.change is not None:
                reply = plan.change(container, name, done) or done
        elif plan.change is not None:
            reply = plan.change(container, name, reply) or reply
        if plan.lost:
            assert request.transport is not None
            request.transport.close()
            raise asyncio.CancelledError
        return self._answer(request, reply)

    def _planned(self, name: str, operation: str) -> Plan | None:
        for plan in self.plans.get(name, ()):
            if plan.times <= 0:
                continue
            if plan.operation != operation:
                return None
            plan.times -= 1
            return plan
        return None

    def _who(self, request: web.Request) -> Reply | None:
        """What the service says to who asks; None where it may."""
        given = request.headers.get("Authorization", "")
        if self.tokens is not None:
            if given.removeprefix("Bearer ") in self.tokens:
                return None
            challenge = (
                f"Bearer authorization_uri=https://login.microsoftonline.com/{TENANT}/oauth2/"
                "authorize resource_id=https://storage.azure.com"
            )
            code = "InvalidAuthenticationInfo" if given else "NoAuthenticationInformation"
            return Reply(401, code, {"WWW-Authenticate": challenge})
        if not given and "sig" not in request.query:
            return Reply(401, "NoAuthenticationInformation", {"WWW-Authenticate": "Bearer"})
        return None

    def _carry_out(self, request: web.Request, container: Container, asked: Request) -> Reply:
        refusal = self._who(request) or container.objection()
        if refusal is not None:
            return refusal
        if asked.operation in ("get", "head"):
            return container.read(asked.blob, asked.headers, head=asked.operation == "head")
        if self.read_only:
            return Reply(403, "InsufficientAccountPermissions")
        if asked.operation == "delete":
            return container.delete(asked.blob, asked.headers)
        if asked.operation == "append":
            return container.append(asked.blob, asked.headers, asked.body)
        return container.create(asked.blob, asked.headers)

    def _answer(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        headers = {
            "Server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0",
            "x-ms-request-id": str(uuid4()),
            "x-ms-version": request.headers.get("x-ms-version", "2026-02-06"),
            **({"Date": self.date} if self.date else {}),
            **reply.headers,
        }
        if self.repeats_ids and "x-ms-client-request-id" not in reply.headers:
            headers["x-ms-client-request-id"] = request.headers.get("x-ms-client-request-id", "")
        body = reply.body
        if reply.code:
            headers["x-ms-error-code"] = reply.code
            headers["Content-Type"] = "application/xml"
            if request.method != "HEAD":
                body = (
                    b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><Error><Code>'
                    + reply.code.encode()
                    + b"</Code><Message>Told by the stand-in.</Message></Error>"
                )
        if request.method == "HEAD":
            headers.setdefault("Content-Length", "0")
        response = web.Response(status=reply.status, headers=headers, body=body or None)
        if self.closes and request.transport is not None:
            transport = request.transport
            asyncio.get_running_loop().call_later(0, transport.close)
        return response
