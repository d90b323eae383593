"""Stand-ins of the endpoints that give tokens: of a managed identity, and of Entra ID's.

By their documentation: learn.microsoft.com, "How to use managed identities for App Service",
"How managed identities for Azure resources work with virtual machines", and "OAuth 2.0 client
credentials flow", with a federated assertion.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from ssl import SSLContext
from typing import Any

from aiohttp import web

from .listening import StandIn

__all__ = ["VARIABLES", "Endpoints"]

TENANT = "ab1f708d-50f6-404c-a006-d71b2ac7a606"
CLIENT = "0c1b1a2e-0000-4000-8000-0123456789ab"
RESOURCE = "https://storage.azure.com"
HEADER = "a-secret-header-of-the-machine"
# What configures an identity, or the store that one is for.
VARIABLES = (
    *("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST"),
    *("AZURE_POD_IDENTITY_AUTHORITY_HOST", "AZURE_CLIENT_SECRET", "AZURE_TOKEN_CREDENTIALS"),
    *("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT"),
    *("MSI_ENDPOINT", "MSI_SECRET", "AIOCOLLECT_STORE", "AIOCOLLECT_CREDENTIAL"),
)


class Endpoints(StandIn):
    """Gives tokens, and keeps them in ``issued``; ``answer`` gives another response instead."""

    def __init__(self, *, tls: SSLContext | None = None) -> None:
        super().__init__(tls=tls)
        self.issued: list[str] = []
        self.asked: list[str] = []
        self.life = 3600.0
        # A status, or a coroutine that makes a response.
        self.answer: int | Callable[[], Any] | None = None
        self.assertion = ""

    def routes(self) -> list[web.RouteDef]:
        """See StandIn.routes."""
        return [
            web.get("/msi/token", self._app_service),
            web.get("/metadata/identity/oauth2/token", self._machine),
            web.post(f"/{TENANT}/oauth2/v2.0/token", self._entra),
        ]

    @property
    def url(self) -> str:
        """Without a path."""
        return self.origin

    async def _given(self, *, client: str) -> web.StreamResponse:
        self.asked.append(client)
        if isinstance(self.answer, int):
            return web.json_response(
                {"error": "invalid_request", "error_description": "told by the stand-in"},
                status=self.answer,
            )
        if self.answer is not None:
            response: web.StreamResponse = await self.answer()
            return response
        now = time.time()
        claims = {
            "aud": RESOURCE,
            "iss": f"https://sts.windows.net/{TENANT}/",
            "iat": int(now - 60),
            "nbf": int(now - 60),
            "exp": int(now + self.life),
            "jti": len(self.issued),
        }
        parts = ({"alg": "none", "typ": "JWT"}, claims)
        encoded = [_encode(json.dumps(part).encode()) for part in parts]
        self.issued.append(".".join((*encoded, _encode(b"SECRET"))))
        return web.json_response(
            {
                "access_token": self.issued[-1],
                "expires_in": str(int(self.life)),
                "expires_on": str(int(now + self.life)),
                "resource": RESOURCE,
                "token_type": "Bearer",
            }
        )

    async def _app_service(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("X-IDENTITY-HEADER") != HEADER:
            return web.json_response({"statusCode": 401, "message": "no header"}, status=401)
        assert request.query["resource"] == RESOURCE
        return await self._given(client=request.query.get("client_id", ""))

    async def _machine(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Metadata") != "true":
            return web.json_response({"error": "invalid_request"}, status=400)
        assert request.query["resource"] == RESOURCE
        return await self._given(client=request.query.get("client_id", ""))

    async def _entra(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        assert form["grant_type"] == "client_credentials"
        assert form["scope"] == f"{RESOURCE}/.default"
        if form["client_assertion"] != self.assertion:
            return web.json_response({"error": "invalid_client"}, status=401)
        return await self._given(client=str(form["client_id"]))

    async def silence(self) -> web.StreamResponse:
        """No answer, for as long as anybody waits."""
        await asyncio.Event().wait()
        raise AssertionError


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
