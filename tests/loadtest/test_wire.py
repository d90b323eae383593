"""The generator's client against servers that answer as they like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from loadtest.endpoint.wire import Client

Answering = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]


class Server:
    """Reads requests as they come, and has each answered."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.connections = 0
        self.bodies: list[bytes] = []
        self.heads: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self.heads.append(head)
                self.bodies.append(await reader.readexactly(length))
                await self.answer(writer, self.bodies[-1])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(answer: Answering) -> AsyncIterator[Server]:
    seen = Server(answer)
    server = await asyncio.start_server(seen.serve, "127.0.0.1", 0)
    seen.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/score"
    # A client that waits for an answer that nobody gives fails, and does not hang.
    async with server, asyncio.timeout(20):
        yield seen


async def well(writer: asyncio.StreamWriter, body: bytes) -> None:
    """The status that the body asks for."""
    writer.write(b"HTTP/1.1 %b Word\r\ncontent-length: 2\r\n\r\nok" % body)


@pytest.mark.asyncio
async def test_one_connection_after_the_other_is_one() -> None:
    """It is kept, and carries what was asked; requests beside one another have one each."""
    async with serving(well) as server, Client(server.url) as client:
        assert [await client.post(body) for body in (b"200", b"503", b"202")] == [200, 503, 202]
        assert server.connections == 1
        assert server.bodies == [b"200", b"503", b"202"]
        assert server.heads[0].startswith(b"POST /score HTTP/1.1\r\nHost: 127.0.0.1:")
        assert await asyncio.gather(*(client.post(b"200") for _ in range(3))) == [200] * 3
        assert server.connections == 3


@pytest.mark.asyncio
async def test_an_answer_may_come_in_pieces() -> None:
    """It is there when its last byte is; the next one begins after it."""

    async def slowly(writer: asyncio.StreamWriter, body: bytes) -> None:
        for byte in b"HTTP/1.1 %b W\r\nA: b\r\nContent-Length: 12\r\n\r\nab\r\n\r\nHTTP/1" % body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    async with serving(slowly) as server, Client(server.url) as client:
        assert [await client.post(body) for body in (b"200", b"404")] == [200, 404]
        assert server.connections == 1


@pytest.mark.asyncio
async def test_no_request_gets_another_ones_answer() -> None:
    """One that was given up takes its connection along: the answer that was late is nobody's."""
    late = asyncio.Event()

    async def answer(writer: asyncio.StreamWriter, body: bytes) -> None:
        if body == b"500":
            await late.wait()
        await well(writer, body)

    async with serving(answer) as server, Client(server.url) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.post(b"500")
        late.set()
        assert await client.post(b"200") == 200
        assert server.connections == 2


@pytest.mark.asyncio
@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"])
async def test_a_server_that_hangs_up_is_an_error(begun: bytes) -> None:
    """Half an answer is none; the next request has a connection of its own."""

    async def hang_up(writer: asyncio.StreamWriter, body: bytes) -> None:
        writer.write(begun)
        writer.close()

    async with serving(hang_up) as server, Client(server.url) as client:
        for _ in range(2):
            with pytest.raises(ConnectionError):
                await client.post(b"200")
        assert server.connections == 2


@pytest.mark.asyncio
async def test_a_connection_that_was_closed_meanwhile_is_not_used() -> None:
    """Whether the server said so before, or does it between two requests."""

    async def last(writer: asyncio.StreamWriter, body: bytes) -> None:
        said = b"Connection: close\r\n" if body == b"201" else b""
        writer.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: 0\r\n\r\n" % said)
        if body == b"202":
            writer.close()
            await writer.wait_closed()

    async with serving(last) as server, Client(server.url) as client:
        for body in (b"201", b"202", b"200"):
            assert await client.post(body) == 200
            while body == b"202" and not all(one.closed for one in client._idle):
                await asyncio.sleep(0)
        assert server.connections == 3


@pytest.mark.asyncio
async def test_an_answer_of_unknown_length_is_refused() -> None:
    """Such as one in chunks: where it ends is not known here."""

    async def chunks(writer: asyncio.StreamWriter, body: bytes) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")

    async with serving(chunks) as server, Client(server.url) as client:
        with pytest.raises(ConnectionError, match="does not tell its length"):
            await client.post(b"200")
