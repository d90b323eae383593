"""A hostile server: whatever it answers, and however long, little is read, soon, and it is told as
an error of ours.

The server is raw sockets, and goes on sending for as long as somebody reads: how far it comes is
what the store has read, and what lies in the sockets.
"""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from aiocollect.errors import OutcomeUnknown, Refusal, StoreError, StoreRefused
from aiocollect.stores.azure import AzureStore
from aiocollect.typing import Appended, Created

KEY = "c2VjcmV0LWtleS1vZi1hbi1hY2NvdW50"
PATH = "data.csv"
MIB = 1 << 20
# The server gives up here. The sockets of both sides take some megabytes by themselves.
ENDLESS = 64 * MIB
READ_AT_MOST = 24 * MIB
HELD_AT_MOST = 8 * MIB

Method = Callable[[AzureStore], Awaitable[object]]
METHODS: dict[str, Method] = {
    "open": lambda store: store.open(PATH, head=64),
    "create": lambda store: store.create(PATH, content_type="text/csv"),
    "append": lambda store: store.append(PATH, b"row\n", offset=0),
    "read": lambda store: store.read(PATH, offset=0, length=64),
}


class Hostile:
    """Answers each request with ``head`` and then ``piece`` again and again, ``pause`` between."""

    def __init__(self, head: bytes, piece: bytes, *, pause: float = 0.0) -> None:
        self.head = head
        self.piece = piece
        self.pause = pause
        self.sent = 0
        self.asked: list[bytes] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head)
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    await reader.readexactly(int(line.split(b":")[1]))
            writer.write(self.head)
            while self.piece and self.sent < ENDLESS:
                writer.write(self.piece)
                self.sent += len(self.piece)
                await writer.drain()
                if self.pause:
                    await asyncio.sleep(self.pause)
        writer.close()

    async def end(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        while self._tasks:
            await asyncio.sleep(0)


@asynccontextmanager
async def facing(server: Hostile) -> AsyncIterator[AzureStore]:
    """A store whose account is the hostile server."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    store = AzureStore(f"http://127.0.0.1:{port}/acme", container="logs", credential=KEY)
    try:
        yield store
    finally:
        await store.aclose()
        listening.close()
        await server.end()
        await listening.wait_closed()


async def failure(server: Hostile, method: Method) -> StoreError:
    """How the method fails; fails itself where that takes half a minute."""
    async with facing(server) as store:
        with pytest.raises(StoreError) as caught:
            async with asyncio.timeout(10):
                await method(store)
        return caught.value


def bounded(server: Hostile, method: Method) -> StoreError:
    """The error, and the proof that little was read and less kept."""
    import azure.storage.blob.aio  # noqa: F401 - its import is no part of the measurement

    tracemalloc.start()
    try:
        error = asyncio.run(failure(server, method))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert server.asked
    assert server.sent < READ_AT_MOST
    assert peak < HELD_AT_MOST
    assert error.__context__ is None
    return error


def answer(status: str, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, "", ""]
    return "\r\n".join(lines).encode()


every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"
BODIES = {
    "a terabyte": ("Content-Length: 1099511627776", b"x" * 65536),
    "chunks": ("Transfer-Encoding: chunked", CHUNK),
    "no length": ("Connection: close", b"x" * 65536),
}
every_body = pytest.mark.parametrize(("header", "piece"), BODIES.values(), ids=BODIES)
# What an append blob says of itself, so that a success is believed as far as it can be.
BLOB = (
    'ETag: "0x1"',
    "x-ms-blob-type: AppendBlob",
    "x-ms-blob-append-offset: 0",
    "x-ms-blob-committed-block-count: 1",
    "x-ms-creation-time: Mon, 23 Nov 2026 00:00:00 GMT",
)


@every_method
@every_body
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("500 Oops", "", OutcomeUnknown),
        ("302 Found", "", OutcomeUnknown),
        ("401 Who", "", StoreRefused),
        ("403 No", "AuthenticationFailed", StoreRefused),
        ("413 Much", "RequestBodyTooLarge", StoreRefused),
    ],
)
def test_an_error_without_end(
    method: Method, header: str, piece: bytes, status: str, code: str, kind: type[StoreError]
) -> None:
    """Status and headers decide; of the body no more than the sockets hold is taken."""
    server = Hostile(answer(status, header, *([f"x-ms-error-code: {code}"] if code else [])), piece)
    assert type(bounded(server, method)) is kind


@every_body
@pytest.mark.parametrize("name", ["append", "create"])
def test_a_success_without_end(name: str, header: str, piece: bytes) -> None:
    """A creation or append that succeeded is believed by its headers, whatever follows them."""
    server = Hostile(answer("201 Created", header, *BLOB), piece)

    async def main() -> None:
        async with facing(server) as store, asyncio.timeout(10):
            found = await METHODS[name](store)
            assert found in (Created('"0x1"'), Appended(4, 1, '"0x1"'))

    tracemalloc.start()
    try:
        asyncio.run(main())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert server.sent < READ_AT_MOST
    assert peak < HELD_AT_MOST


@every_body
@pytest.mark.parametrize("name", ["open", "read"])
def test_a_range_without_end(name: str, header: str, piece: bytes) -> None:
    """More bytes than were asked for are no answer to what was asked."""
    server = Hostile(answer("206 Partial", header, "Content-Range: bytes 0-63/64", *BLOB), piece)
    assert isinstance(bounded(server, METHODS[name]), OutcomeUnknown)


def squeezed(encoding: str) -> bytes:
    """32 MiB of nothing, in 32 KiB."""
    data = bytes(32 * MIB)
    return gzip.compress(data, 9) if encoding == "gzip" else zlib.compress(data, 9, -15)


@every_method
@pytest.mark.parametrize("status", ["500 Oops", "401 Who", "201 Created", "206 Partial"])
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compressed_bomb(method: Method, status: str, encoding: str) -> None:
    """Nothing is unpacked: neither errors nor answers, nor what was asked for."""
    body = _BOMBS.setdefault(encoding, squeezed(encoding.lower()))
    server = Hostile(
        answer(
            status,
            f"Content-Length: {len(body)}",
            f"Content-Encoding: {encoding}",
            "Content-Range: bytes 0-63/64",
            *BLOB,
        )
        + body,
        b"",
    )
    assert bounded(server, method).code == "ContentEncoding"
    # And is not asked for either.
    for request in server.asked:
        assert b"accept-encoding: identity\r\n" in request.lower()


_BOMBS: dict[str, bytes] = {}

FLOODS = {
    "header lines": (b"HTTP/1.1 500 Oops\r\n", b"x-filler: " + b"y" * 4000 + b"\r\n"),
    "short header lines": (b"HTTP/1.1 500 Oops\r\n", b"a:b\r\n" * 1000),
    "one header line": (b"HTTP/1.1 500 Oops\r\nx-filler: ", b"y" * 65536),
    "a header's name": (b"HTTP/1.1 500 Oops\r\n", b"y" * 65536),
    "a reason": (b"HTTP/1.1 500 ", b"y" * 65536),
    "no HTTP at all": (b"", b"y" * 65536),
    "trailers": (
        answer("500 Oops", "Transfer-Encoding: chunked") + b"0\r\n",
        b"x-filler: " + b"y" * 4000 + b"\r\n",
    ),
}


@every_method
@pytest.mark.parametrize(("head", "piece"), FLOODS.values(), ids=FLOODS)
def test_a_flood_around_the_body(method: Method, head: bytes, piece: bytes) -> None:
    """Status lines, headers, hints, chunk extensions and trailers without end are bounded too."""
    assert isinstance(bounded(Hostile(head, piece), method), OutcomeUnknown)


SWALLOWED = {
    "a chunk's extension": (
        answer("500 Oops", "Transfer-Encoding: chunked") + b"1;",
        b"y" * 9000,
        OutcomeUnknown,
    ),
    # No answer at all: whoever asks has a time-out, as the lane has.
    "early hints": (b"", b"HTTP/1.1 103 Early\r\nx-filler: y\r\n\r\n", TimeoutError),
}


@pytest.mark.parametrize(("head", "piece", "kind"), SWALLOWED.values(), ids=SWALLOWED)
def test_a_flood_that_is_thrown_away(head: bytes, piece: bytes, kind: type[Exception]) -> None:
    """What aiohttp's parser throws away as it comes takes time alone, and that has an end."""
    server = Hostile(head, piece, pause=0.01)

    async def main() -> None:
        async with facing(server) as store:
            with pytest.raises(kind):
                async with asyncio.timeout(3):
                    await METHODS["append"](store)

    tracemalloc.start()
    try:
        asyncio.run(main())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < HELD_AT_MOST


@every_method
def test_an_error_that_drips(method: Method) -> None:
    """A body that comes byte by byte is not waited for: the status has said it."""
    head = answer("403 No", "Content-Length: 9999", "x-ms-error-code: AuthenticationFailed")
    error = bounded(Hostile(head, b"x", pause=0.1), method)
    assert isinstance(error, StoreRefused)
    assert error.reason is Refusal.CREDENTIAL


def test_a_connection_is_used_again_after_an_error() -> None:
    """What is bounded is the hostile body: the service's own few hundred bytes are read to their
    end, so that the next request need not connect anew."""
    body = b"<Error>" + b"x" * 300 + b"</Error>"
    head = answer("403 No", f"Content-Length: {len(body)}", "x-ms-error-code: LeaseIdMissing")
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with suppress(asyncio.IncompleteReadError):
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                if b"comp=appendblock" in request:
                    await reader.readexactly(4)
                writer.write(head + body)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        store = AzureStore(f"http://127.0.0.1:{port}/acme", container="logs", credential=KEY)
        for method in METHODS.values():
            with pytest.raises(StoreRefused):
                await method(store)
        await store.aclose()
        server.close()
        await server.wait_closed()

    asyncio.run(main())
    assert connections == 1
