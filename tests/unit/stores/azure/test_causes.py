"""Why there was no answer, by name: real sockets where the machine can make the failure, and what
aiohttp and the SDK make of those that it cannot."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import uvloop
from azure.core.exceptions import ServiceRequestError, ServiceResponseTimeoutError

from aiocollect.errors import OutcomeUnknown, StoreError
from aiocollect.remedies import CODES
from aiocollect.stores.azure import AzureStore
from aiocollect.stores.azure.causes import cause_of
from aiocollect.stores.azure.errors import from_exception

KEY = "c2VjcmV0LWtleS1vZi1hbi1hY2NvdW50"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


async def take(reader: asyncio.StreamReader) -> None:
    """Read a request whole: a socket that is closed with bytes left to read is reset."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":")[1]))


async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the request, and hang up."""
    await take(reader)
    writer.close()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the request, and reset the connection."""
    await take(reader)
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.close()


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing until the other side goes."""
    await reader.read()
    writer.close()


async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Break off in the middle of the headers."""
    await take(reader)
    writer.write(b"HTTP/1.1 201 Created\r\nETag: ")
    writer.close()


async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer in another language."""
    await take(reader)
    writer.write(b"220 mail.example.com ESMTP\r\n")
    writer.close()


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[int]:
    """The port of a server, which ends with its connections."""
    connections: list[asyncio.Task[Any] | None] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.current_task())
        with suppress(OSError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.gather(*(task for task in connections if task is not None))


async def failures(url: str, **options: Any) -> dict[str, StoreError]:
    """How each method fails at an account's URL."""
    store = AzureStore(url, container="logs", credential=KEY, **options)
    failed: dict[str, StoreError] = {}
    for name, request in (
        ("append", lambda: store.append("data.csv", b"row\n", offset=0)),
        ("create", lambda: store.create("data.csv", content_type="text/csv")),
        ("open", lambda: store.open("data.csv", head=1)),
        ("read", lambda: store.read("data.csv", offset=0, length=1)),
    ):
        with pytest.raises(StoreError) as caught:
            await request()
        failed[name] = caught.value
    await store.aclose()
    return failed


def run_both(main: Callable[[], Coroutine[Any, Any, dict[str, StoreError]]], code: str) -> None:
    """On asyncio's loop and on uvloop every method names the cause, and decides nothing."""
    for factory in (asyncio.new_event_loop, uvloop.new_event_loop):
        with asyncio.Runner(loop_factory=factory) as runner:
            failed = runner.run(main())
        assert {name: error.code for name, error in failed.items()} == dict.fromkeys(failed, code)
        assert {type(error) for error in failed.values()} == {OutcomeUnknown}
        assert all(error.__context__ is None for error in failed.values())
    assert code in CODES


@pytest.mark.parametrize(
    ("serve", "code"),
    [
        (nothing, "ConnectionClosed"),
        (reset, "ConnectionReset"),
        (silence, "ReadTimeout"),
        (half, "ConnectionClosed"),
        (babble, "UnreadableAnswer"),
    ],
)
def test_a_server_that_does_not_answer(serve: Serve, code: str) -> None:
    """What the other side did is the code."""

    async def main() -> dict[str, StoreError]:
        # Only who waits for silence is in a hurry: the others may answer on a busy machine.
        wait = 0.05 if serve is silence else 60.0
        async with serving(serve) as port:
            return await failures(f"http://127.0.0.1:{port}/acme", read_timeout=wait)

    run_both(main, code)


def test_nobody_listens() -> None:
    """A port that is closed."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        run_both(lambda: failures(f"http://127.0.0.1:{port}/acme"), "ConnectionRefused")


def test_nobody_has_the_name() -> None:
    """A host that no resolver knows: .invalid is reserved for that."""
    run_both(lambda: failures("https://acme.blob.invalid"), "DnsFailure")


def test_a_server_that_speaks_no_tls() -> None:
    """The handshake fails, and not by its certificate."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def main() -> dict[str, StoreError]:
        async with serving(plain) as port:
            return await failures(f"https://127.0.0.1:{port}/acme")

    run_both(main, "TlsFailure")


@contextmanager
def no_descriptors() -> Iterator[None]:
    """As many open files as there are now, and none more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    last = max(int(name) for name in os.listdir("/proc/self/fd"))
    taken = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (last + 4, hard))
    try:
        while True:
            taken.append(os.dup(0))
    except OSError:
        pass
    try:
        yield
    finally:
        for number in taken:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_descriptor_is_left() -> None:
    """The process's own limit is named, not the network."""

    async def main() -> dict[str, StoreError]:
        async with serving(silence) as port:
            with no_descriptors():
                return await failures(f"http://127.0.0.1:{port}/acme")

    run_both(main, "TooManyOpenFiles")


def wrapped(inner: OSError) -> Exception:
    """A system's error as aiohttp and the SDK hand it up."""
    key: Any = SimpleNamespace(host="acme", port=443, ssl=True, is_ssl=True)
    try:
        try:
            raise aiohttp.ClientConnectorError(key, inner) from inner
        except aiohttp.ClientError as error:
            raise ServiceRequestError(error, error=error) from error
    except ServiceRequestError as error:
        return error


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        (OSError(errno.ENETUNREACH, "unreachable"), "NetworkUnreachable"),
        (OSError(errno.EHOSTUNREACH, "unreachable"), "HostUnreachable"),
        (OSError(errno.EADDRNOTAVAIL, "no port"), "AddressNotAvailable"),
        (OSError(errno.ENFILE, "table"), "TooManyOpenFiles"),
        (OSError(errno.ETIMEDOUT, "timed out"), "ConnectTimeout"),
        (
            OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 101] Network"),
            "ConnectionRefused",
        ),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "DnsFailure"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "TlsFailure"),
        (BrokenPipeError(), "ConnectionReset"),
    ],
)
def test_the_cause_is_what_the_system_said(inner: OSError, code: str) -> None:
    """However deep it lies in the exceptions of others."""
    assert from_exception(wrapped(inner)).code == code
    assert code in CODES


def test_a_connection_that_is_not_made_in_time() -> None:
    """Is told apart from an answer that does not come in time."""
    late = aiohttp.ConnectionTimeoutError("connecting")
    assert cause_of(ServiceRequestError(late, error=late)) == "ConnectTimeout"
    slow = aiohttp.SocketTimeoutError("reading")
    assert cause_of(ServiceResponseTimeoutError(slow, error=slow)) == "ReadTimeout"


def test_what_is_no_connections_failure_has_its_own_name() -> None:
    """The SDK lets bare errors out where an answer is odd: named as the SDK's, and explained."""
    for error in (TypeError("text"), KeyError("etag"), ValueError("https://account/?sig=SECRET")):
        ours = from_exception(error)
        assert type(ours) is OutcomeUnknown
        assert ours.code == f"Sdk{type(error).__name__}"


def test_a_circle_of_exceptions_ends() -> None:
    """One that is its own cause is looked at once."""
    one, two = RuntimeError(), RuntimeError()
    one.__cause__, two.__cause__ = two, one
    assert cause_of(one) == ""
