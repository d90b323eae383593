"""HTTP messages as bytes, and connections: what the fault proxy is built of.

Invariants: a message is passed on as it came, byte by byte; it has a Content-Length, or is chunked,
or has no body.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field

__all__ = ["Message", "Upstream", "read_message", "reset"]


@dataclass(slots=True, kw_only=True)
class Message:
    """A request or answer: first line and headers as they came, and the body."""

    head: bytes
    body: bytes
    first: str = field(init=False)
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.first, *lines = self.head.decode("latin-1").rstrip("\r\n").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        self.headers = {name.strip().lower(): value.strip() for name, _, value in pairs}


class Upstream:
    """A connection to the emulator, opened when it is needed and again when it was dropped."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._writer: asyncio.StreamWriter | None = None
        self._reader: asyncio.StreamReader | None = None

    async def send(self, data: bytes) -> None:
        # It drops idle connections after 5 s: a fresh one is cheaper than a doubtful one.
        self.close()
        self._reader, self._writer = await asyncio.open_connection(*self._address, limit=1 << 20)
        self._writer.write(data)
        await self._writer.drain()

    async def ask(self, request: Message) -> Message:
        await self.send(request.head + request.body)
        assert self._reader is not None
        answer = await read_message(self._reader, bodiless=request.first.startswith("HEAD "))
        assert answer is not None, "the emulator ended the connection without an answer"
        return answer

    def reset(self) -> None:
        """End it as a crash does."""
        if self._writer is not None:
            reset(self._writer)
            self._writer = None

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


async def read_message(reader: asyncio.StreamReader, *, bodiless: bool = False) -> Message | None:
    """The next message; None where the other side ended the connection between two."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return None
    message = Message(head=head, body=b"")
    if bodiless:
        return message
    if "chunked" in message.headers.get("transfer-encoding", ""):
        message.body = await _read_chunks(reader)
    elif "content-length" in message.headers:
        message.body = await reader.readexactly(int(message.headers["content-length"]))
    return message


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    """A chunked body, as it is on the wire."""
    raw = bytearray()
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        raw += line + await reader.readexactly(size + 2)
        if size == 0:
            return bytes(raw)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST instead of FIN, as a crash or a firewall does."""
    sock = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
