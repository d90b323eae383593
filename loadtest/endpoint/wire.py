"""The generator's client: POST to one address, over connections that are kept, and nothing else.

It is thin because the generator shares its core with the store: what a full HTTP client takes for a
request is more than the scoring server does (crosscheck.py has the figures).

Invariants: a connection carries one request at a time; one whose answer was not read to its end is
never used again, so that no request is given another's answer. Answers must tell their length.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import cast
from urllib.parse import urlsplit

__all__ = ["Client"]

_END = b"\r\n\r\n"


class Client:
    """An async context manager: its connections are closed with the block."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._place = (parts.hostname or "", parts.port or 80)
        self._head = (
            f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._idle: list[_Connection] = []

    def __repr__(self) -> str:
        return f"<Client of {self._place[0]}:{self._place[1]}, {len(self._idle)} idle connections>"

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for connection in self._idle:
            connection.close()

    async def post(self, body: bytes) -> int:
        """The answer's status, when it is there to its end. Raises OSError."""
        connection = await self._connection()
        try:
            status = await connection.ask(b"%b%d%b%b" % (self._head, len(body), _END, body))
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return status

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, *self._place)
        return connection


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.closed = False
        self._transport: asyncio.Transport
        self._data = b""
        self._answer: asyncio.Future[int] | None = None

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """The status that the answer has, when all of it came."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        self.closed = True
        self._transport.close()

    # What the loop calls ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is no instance of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, body = self._data.partition(_END)
        if not end:
            return
        lines = head.lower().split(b"\r\n")
        length = next((line[15:] for line in lines if line.startswith(b"content-length:")), None)
        if length is None:
            self._end(ConnectionError("an answer that does not tell its length"))
        elif len(body) >= int(length):
            self._data = b""
            # Before the answer is known: whoever waits for it takes the connection next.
            if b"connection: close" in lines:
                self.close()
            answer, self._answer = self._answer, None
            if answer is not None and not answer.done():
                answer.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or ConnectionResetError("the server closed the connection"))

    def _end(self, error: Exception) -> None:
        self.close()
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)
