"""Whom the Azure store speaks to: certificates, bundles and proxies that are wrong are said so."""

from __future__ import annotations

import asyncio
import ssl
import traceback
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from aiocollect import Pipeline, Retry
from aiocollect.errors import ConfigError, OutcomeUnknown, Refusal, StoreError, StoreRefused
from aiocollect.stores.azure import AzureStore
from testkit.certificates import Certificates, make_certificates
from testkit.tunnel import Tunnel

KEY = "c2VjcmV0LWtleS1vZi1hbi1hY2NvdW50"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


class Server:
    """A TLS server that counts handshakes and the bytes that it is sent behind them."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = self.bytes = 0

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.bytes += len(await reader.read(1 << 16))
        writer.write(b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n")
        writer.close()


@asynccontextmanager
async def serving(certificates: Certificates) -> AsyncIterator[Server]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.cert, certificates.key)
    seen = Server()
    server = await asyncio.start_server(seen.serve, "127.0.0.1", 0, ssl=context)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        await server.wait_closed()


def make(port: int, **options: Any) -> AzureStore:
    return AzureStore(f"https://127.0.0.1:{port}/acme", container="logs", credential=KEY, **options)


async def failure_of(store: AzureStore) -> StoreError:
    """How an append fails; the store is closed."""
    with pytest.raises(StoreError) as caught:
        await store.append("data.csv", b"row\n", offset=0)
    await store.aclose()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


@pytest.mark.asyncio
async def test_a_certificate_that_nobody_vouches_for(certificates: Certificates) -> None:
    """It is an operator's matter, not a doubt; nothing was sent; the bundle that vouches helps."""
    async with serving(certificates) as server:
        refused = await failure_of(make(server.port))
        assert isinstance(refused, StoreRefused)
        assert (refused.reason, refused.code) == (Refusal.CREDENTIAL, "TlsVerify")
        assert server.bytes == 0
        shown = "".join(traceback.format_exception(refused))
        assert "127.0.0.1" not in shown
        assert KEY not in shown
        # The control: with the bundle the same request arrives, and is answered.
        answered = await failure_of(make(server.port, ca_file=certificates.ca_file))
        assert answered.code == "HTTP503"
        assert server.bytes > 0


@pytest.mark.asyncio
async def test_a_certificate_for_another_host(certificates: Certificates) -> None:
    """A certificate of a trusted authority, but for another name, is refused as well."""
    # The server is at 127.0.0.1 alone, so the way there is a tunnel that goes elsewhere.
    async with serving(certificates) as server, Tunnel(goes_to=server.address) as tunnel:
        store = AzureStore(
            f"https://127.0.0.2:{server.port}/acme",
            container="logs",
            credential=KEY,
            ca_file=certificates.ca_file,
            proxy=f"http://127.0.0.1:{tunnel.port}",
        )
        refused = await failure_of(store)
        assert (type(refused), refused.code) == (StoreRefused, "TlsVerify")
        assert (tunnel.opened, server.bytes) == (1, 0)


@pytest.mark.asyncio
async def test_a_server_that_speaks_no_tls_is_a_doubt(certificates: Certificates) -> None:
    """Only a failed verification says that an operator must act: what else fails may pass."""
    seen = Server()
    server = await asyncio.start_server(seen.serve, "127.0.0.1", 0)
    failure = await failure_of(make(server.sockets[0].getsockname()[1]))
    assert type(failure) is OutcomeUnknown
    server.close()
    await server.wait_closed()


@pytest.mark.asyncio
async def test_rows_wait_for_the_operator(certificates: Certificates) -> None:
    """Behind a certificate that is not trusted rows are held, and the pipeline is not healthy."""
    async with serving(certificates) as server:
        pipeline = Pipeline(
            make(server.port), service="svc", linger=0.0, retry=Retry(hold=0.05, base=0.01)
        )
        collector = pipeline.collector("m", feature_names=["a"])
        assert collector.collect([[1.0]]) is not None
        async with asyncio.timeout(20):
            while pipeline.healthy() or server.connections:
                assert pipeline.stats().stored == 0
                await asyncio.sleep(0.01)
        stats = pipeline.stats()
        assert (stats.in_memory, stats.stored) == (1, 0)
        assert not (await pipeline.aclose(0.1)).complete
        assert server.bytes == 0


@pytest.mark.asyncio
async def test_a_proxy_that_wants_a_password(certificates: Certificates) -> None:
    """Without it the request is refused as the operator's matter; with it the tunnel opens; no
    error or repr shows it."""
    async with serving(certificates) as server, Tunnel(login="user:SECRET") as tunnel:
        for login, code in (("", "ProxyAuthentication"), ("user:SECRET@", "HTTP503")):
            proxy = f"http://{login}127.0.0.1:{tunnel.port}"
            store = make(server.port, ca_file=certificates.ca_file, proxy=proxy)
            failure = await failure_of(store)
            assert failure.code == code
            assert "SECRET" not in repr(store) + "".join(traceback.format_exception(failure))
        assert tunnel.asked == [f"CONNECT 127.0.0.1:{server.port} HTTP/1.1"] * 2
        assert tunnel.opened == 1


@pytest.mark.asyncio
async def test_the_environment_is_not_asked(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy of the environment is not taken, and no request pays a thread for looking."""
    async with serving(certificates) as server, Tunnel() as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{tunnel.port}")
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{tunnel.port}")
        executor = Executor()
        asyncio.get_running_loop().set_default_executor(executor)
        failure = await failure_of(make(server.port, ca_file=certificates.ca_file))
        assert failure.code == "HTTP503"
        assert (tunnel.asked, executor.calls) == ([], 0)


class Executor(ThreadPoolExecutor):
    """The loop's executor, which counts what it is given."""

    calls = 0

    def submit(self, *args: Any, **options: Any) -> Any:
        self.calls += 1
        return super().submit(*args, **options)


def test_a_bundle_that_is_none(tmp_path: Path, certificates: Certificates) -> None:
    """A missing file and one that holds no certificate are named at construction."""
    other = tmp_path / "other.txt"
    other.write_text("no certificate")
    for path, what in (
        (tmp_path / "missing.pem", "cannot be read"),
        (other, "does not contain certificates"),
        (certificates.key, "does not contain certificates"),
        (tmp_path, "cannot be read"),
    ):
        with pytest.raises(ConfigError, match=what) as caught:
            make(1, ca_file=path)
        assert f"ca_file='{path}'" in str(caught.value)
        assert caught.value.__cause__ is None
    with pytest.raises(ConfigError, match="ca_file="):
        make(1, ca_file=7)
    with pytest.raises(ConfigError, match="ca_file= needs https"):
        AzureStore.from_emulator("127.0.0.1", container="logs", ca_file=certificates.ca_file)


@pytest.mark.parametrize(
    "proxy",
    [
        "",
        "SECRET",
        "https://u:SECRET@h:1",
        "http://u:SECRET@h",
        "http://u:SECRET@h:x",
        "http://u:SECRET@h:1/path",
        "http://u:SECRET@h:1?q",
        "http://u:SECRET@:1",
        7,
    ],
)
def test_a_proxy_that_is_none(proxy: Any) -> None:
    """What is no proxy's URL is refused by name, and not shown."""
    with pytest.raises(ConfigError, match="proxy= must look like") as caught:
        make(1, proxy=proxy)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
