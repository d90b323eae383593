"""The short way of an append through the SDK's transport, beside the SDK's own way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from azure.core.exceptions import AzureError
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import HttpRequest

from aiocollect.stores.azure.transport import AppendTransport

ANSWER = (
    b"HTTP/1.1 201 Created\r\n"
    b'ETag: "0x1"\r\n'
    b"Last-Modified: no date at all\r\n"
    b"Date: nor this\r\n"
    b"X-Ms-Blob-Append-Offset: 7\r\n"
    b"x-ms-blob-committed-block-count: 3\r\n"
    b"x-ms-request-id: said-by-the-service\r\n"
    b"Content-Length: 0\r\n\r\n"
)
APPEND = {"x-ms-blob-condition-appendpos": "7", "x-custom": "as it is"}

Transport = Callable[[aiohttp.ClientSession, float], Any]


def ours(session: aiohttp.ClientSession, wait: float) -> Any:
    """The transport under test."""
    return AppendTransport(session, connection_timeout=5.0, read_timeout=wait)


def theirs(session: aiohttp.ClientSession, wait: float) -> Any:
    """The SDK's own, told the same by its public words."""
    return AioHttpTransport(
        session=session, use_env_settings=False, connection_timeout=5.0, read_timeout=wait
    )


@asynccontextmanager
async def server(answer: bytes | None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """The URL of one that answers, or hangs up (b""), or does nothing (None); and what it got."""
    got: list[bytes] = []
    end = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n"))
        got.append(await reader.readexactly(4))
        if answer is None:
            await end.wait()
        else:
            writer.write(answer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/a%20b?c=d", got
        end.set()


class Unreachable(aiohttp.TCPConnector):
    """Finds nobody in time."""

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        """Raise as it would after the time-out of connecting."""
        raise TimeoutError


async def sent(
    make: Transport,
    answer: bytes | None,
    *,
    headers: dict[str, str] = APPEND,
    connector: type[aiohttp.TCPConnector] = aiohttp.TCPConnector,
) -> tuple[Any, list[bytes]]:
    """What a transport makes of an answer to four bytes, or its exception; and the wire's."""
    async with server(answer) as (url, got):
        session = aiohttp.ClientSession(connector=connector(), auto_decompress=False)
        # Only who waits for silence is in a hurry: an answer may be late on a busy machine.
        transport = make(session, 0.05 if answer is None else 60.0)
        # A copy for each way, since they may change it.
        request = HttpRequest("PUT", url, headers=dict(headers), content=b"row\n")
        try:
            return await transport.send(request, stream=False), got
        except Exception as error:
            return error, got
        finally:
            await transport.close()
            assert session.closed


def test_what_the_sdk_sees_of_an_answer() -> None:
    """Status, the headers that the store reads, and who answered; no date is left to be parsed."""
    answer, _ = asyncio.run(sent(ours, ANSWER))
    assert answer.status_code == 201
    assert dict(answer.headers) == {
        "ETag": '"0x1"',
        "x-ms-blob-append-offset": "7",
        "x-ms-blob-committed-block-count": "3",
        "x-ms-request-id": "said-by-the-service",
    }
    assert answer.headers["etag"] == '"0x1"'
    assert (answer.text("utf-8"), answer.body()) == ("", b"")


def test_another_status_is_seen_whole() -> None:
    """A challenge for a new token must reach the SDK's policy."""
    challenge = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer a="b"\r\nContent-Length: 0\r\n\r\n'
    answer, _ = asyncio.run(sent(ours, challenge))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer a="b"'


@pytest.mark.parametrize("headers", [APPEND, {}], ids=["append", "any other"])
def test_the_same_bytes_are_on_the_wire(headers: dict[str, str]) -> None:
    """What the SDK has signed leaves as it would by its own way."""
    mine, wire = asyncio.run(sent(ours, ANSWER, headers=headers))
    other, expected = asyncio.run(sent(theirs, ANSWER, headers=headers))
    assert mine.status_code == other.status_code == 201

    def lines(got: list[bytes]) -> list[bytes]:
        head = [line for line in got[0].split(b"\r\n") if not line.startswith(b"Host:")]
        return [*head, got[1]]

    assert lines(wire) == lines(expected)
    assert wire[0].startswith(b"PUT /a%20b?c=d HTTP/1.1\r\n")


def test_what_is_no_append_is_answered_by_the_sdk() -> None:
    """All headers and the body are there."""
    whole = ANSWER.replace(b"Content-Length: 0\r\n\r\n", b"Content-Length: 2\r\n\r\nok")
    answer, _ = asyncio.run(sent(ours, whole, headers={}))
    assert answer.headers["last-modified"] == "no date at all"
    assert answer.content == b"ok"


@pytest.mark.parametrize(
    ("answer", "connector"),
    [
        (b"no HTTP\r\n\r\n", aiohttp.TCPConnector),
        (b"", aiohttp.TCPConnector),
        (None, aiohttp.TCPConnector),
        (ANSWER, Unreachable),
    ],
    ids=["nonsense", "hung up", "no answer", "not connected"],
)
def test_a_failure_has_the_class_that_the_sdk_gives_it(
    answer: bytes | None, connector: type[aiohttp.TCPConnector]
) -> None:
    """Whoever sees errors of the store reads the same names, whichever request it was."""
    mine, _ = asyncio.run(sent(ours, answer, connector=connector))
    other, _ = asyncio.run(sent(theirs, answer, connector=connector))
    assert isinstance(other, AzureError)
    assert type(mine) is type(other)
