"""An HTTP proxy as companies have them: CONNECT tunnels, with a password or without.

Invariant: it sees only what a proxy may see, and keeps that: each CONNECT's first line and headers.
"""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress

__all__ = ["Tunnel"]


class Tunnel:
    """Listens on 127.0.0.1. An async context manager. ``login`` is "user:password", or None;
    ``goes_to`` is where it leads to, whatever it is asked for."""

    def __init__(self, *, login: str | None = None, goes_to: tuple[str, int] | None = None) -> None:
        self._login = login
        self._goes_to = goes_to
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.asked: list[str] = []
        self.opened = 0
        # While this is set, what the server says is swallowed, and the connection ends with it:
        # answers are lost.
        self.deaf = False
        self.swallowed = 0

    async def __aenter__(self) -> Tunnel:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._tunnel(reader, writer)
        finally:
            writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *headers = head.strip().split("\r\n")
        self.asked.append(first)
        method, target, _ = first.split(" ")
        wanted = base64.b64encode((self._login or "").encode()).decode()
        if self._login and f"Proxy-Authorization: Basic {wanted}" not in headers:
            writer.write(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        assert method == "CONNECT", first
        host, _, port = target.rpartition(":")
        place = self._goes_to or (host, int(port))
        upstream_reader, upstream = await asyncio.open_connection(*place)
        self.opened += 1
        writer.write(b"HTTP/1.1 200 Open\r\n\r\n")
        try:
            await asyncio.gather(
                self._pump(reader, upstream), self._pump(upstream_reader, writer, answers=True)
            )
        finally:
            upstream.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        """Forward until the sender ends; then the receiver hears of the end as well."""
        while data := await reader.read(1 << 16):
            if answers and self.deaf:
                self.swallowed += 1
                break
            writer.write(data)
            await writer.drain()
        writer.close()
