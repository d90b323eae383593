"""A stand-in that listens on 127.0.0.1, with TLS or without."""

from __future__ import annotations

from ssl import SSLContext
from typing import Any, Self

from aiohttp import web

__all__ = ["StandIn"]


class StandIn:
    """``async with``: it listens at ``port``. ``routes``: what it answers; made by who inherits."""

    def __init__(self, *, tls: SSLContext | None) -> None:
        self.port = 0
        self._tls = tls
        self._runner: web.AppRunner | None = None

    def routes(self) -> list[web.RouteDef]:
        """What it answers."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=128 * 2**20)
        app.router.add_routes(self.routes())
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        server: Any = site._server
        self.port = server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def origin(self) -> str:
        """Its URL without a path."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"
