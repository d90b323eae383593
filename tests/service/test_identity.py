"""Identities by name, with the real azure-identity: against stand-ins of the endpoints that give
tokens, and a service that takes nothing but these tokens, over https."""

from __future__ import annotations

import asyncio
import gc
import ssl
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aiocollect import Pipeline, Retry
from aiocollect.events import Event, Held, Resumed
from aiocollect.remedies import explain, known
from testkit.certificates import Certificates, make_certificates

from .endpoints import CLIENT, HEADER, TENANT, Endpoints
from .server import Service

pytestmark = pytest.mark.usefixtures("no_identity")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """One authority for the service and for Entra ID."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@dataclass
class World:
    """A service, and what gives tokens."""

    service: Service
    endpoints: Endpoints
    ca_file: Path
    events: list[Event]

    def pipeline(self, **options: Any) -> Pipeline:
        """A pipeline on the service's account."""
        return Pipeline(
            self.service.url,
            container="logs",
            store_options={"ca_file": self.ca_file, "create_container": False},
            linger=0.001,
            retry=Retry(base=0.001, cap=0.01, hold=0.02),
            hooks=[self.events.append],
            **options,
        )

    def stored(self) -> list[str]:
        """The first cell of each row, without headers."""
        return [
            line.partition(",")[0]
            for data in self.service.blobs.values()
            for line in data.decode().splitlines()[1:]
        ]


@asynccontextmanager
async def world(certificates: Certificates, *, entra: bool = False) -> AsyncIterator[World]:
    """All of it on 127.0.0.1."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificates.cert, certificates.key)
    async with Service(tls=tls) as service, Endpoints(tls=tls if entra else None) as endpoints:
        service.tokens = endpoints.issued  # a list that grows
        yield World(service, endpoints, certificates.ca_file, [])


Prepare = Callable[[pytest.MonkeyPatch, Endpoints, Path], None]


def app_service(monkeypatch: pytest.MonkeyPatch, endpoints: Endpoints, _: Path) -> None:
    """The environment of App Service, Container Apps, Functions."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{endpoints.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", HEADER)


def machine(monkeypatch: pytest.MonkeyPatch, endpoints: Endpoints, _: Path) -> None:
    """A virtual machine's own endpoint, which has an address of its own else."""
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", endpoints.url)


def workload(monkeypatch: pytest.MonkeyPatch, endpoints: Endpoints, directory: Path) -> None:
    """What the webhook of AKS puts into a pod."""
    token = directory / "azure-identity-token"
    token.write_text("an-assertion-of-the-cluster")
    endpoints.assertion = "an-assertion-of-the-cluster"
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", endpoints.url)
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(token))


@pytest.mark.parametrize("credential", [None, "default", "named"])
@pytest.mark.parametrize(
    ("name", "prepare"),
    [("managed", app_service), ("managed", machine), ("workload", workload)],
)
def test_rows_by_an_identity(
    name: str,
    prepare: Prepare,
    credential: str | None,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """By its name, by "default", and by nothing at all; one token for all requests, none shown."""

    async def main() -> None:
        async with world(certificates, entra=prepare is workload) as there:
            prepare(monkeypatch, there.endpoints, tmp_path)
            chosen = name if credential == "named" else credential
            async with there.pipeline(credential=chosen) as pipeline:
                collector = pipeline.collector("m", feature_names=["x"])
                for number in range(10):
                    collector.collect([[number + 0.5]])
                    await pipeline.flush(20)
                assert pipeline.healthy()
            assert there.stored() == [f"{number}.5" for number in range(10)]
            assert len(there.endpoints.issued) == 1
            assert there.endpoints.asked == [CLIENT if prepare is workload else ""]

    asyncio.run(main())
    gc.collect()  # nothing is left open: an unclosed session would warn


def test_an_identity_of_several_is_named_by_its_client_id(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """AZURE_CLIENT_ID says which one of the machine's."""

    async def main() -> None:
        async with world(certificates) as there:
            app_service(monkeypatch, there.endpoints, tmp_path)
            monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
            for credential in ("managed", None):
                async with there.pipeline(credential=credential) as pipeline:
                    pipeline.collector("m", feature_names=["x"]).collect([[0.5]])
            assert there.endpoints.asked == [CLIENT, CLIENT]

    asyncio.run(main())


def test_who_has_signed_in_with_the_command_line(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``cli`` asks az, which is a stand-in here too; without it the code says so."""
    az = tmp_path / "az"

    async def main() -> None:
        async with world(certificates) as there:
            monkeypatch.setenv("PATH", str(tmp_path))
            pipeline = there.pipeline(credential="cli")
            pipeline.collector("m", feature_names=["x"]).collect([[0.5]])
            await until(lambda: bool(pipeline.stats().held))
            assert set(pipeline.stats().held.values()) == {"TokenUnavailable"}
            there.endpoints.issued.append("token-of-the-command-line")
            az.write_text(
                f"#!{sys.executable}\n"
                'print(\'{"accessToken": "token-of-the-command-line",'
                ' "expires_on": 4102444800, "expiresOn": "2100-01-01 00:00:00.000000"}\')\n'
            )
            az.chmod(az.stat().st_mode | stat.S_IXUSR)
            assert (await pipeline.aclose(20)).complete

    asyncio.run(main())


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (400, "TokenHTTP400"),
        (401, "TokenHTTP401"),
        (404, "TokenHTTP404"),
        (410, "TokenHTTP410"),
        (429, "TokenHTTP429"),
        (500, "TokenHTTP500"),
        (503, "TokenHTTP503"),
    ],
)
@pytest.mark.parametrize("prepare", [app_service, machine, workload])
def test_an_endpoint_that_gives_none(
    answer: int,
    code: str,
    prepare: Prepare,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Is the credential's failure, never the store's: held with a code of its own, no request goes
    to the store, no row is lost; when it gives tokens the rows arrive, once."""

    async def main() -> None:
        async with world(certificates, entra=prepare is workload) as there:
            prepare(monkeypatch, there.endpoints, tmp_path)
            there.endpoints.answer = answer
            name = "workload" if prepare is workload else "managed"
            pipeline = there.pipeline(credential=name)
            pipeline.collector("m", feature_names=["x"]).collect([[0.5]])
            await until(lambda: bool(pipeline.stats().held))
            assert set(pipeline.stats().held.values()) == {code}
            assert not pipeline.healthy()
            assert not there.service.asked
            there.endpoints.answer = None
            assert (await pipeline.aclose(20)).complete
            assert there.stored() == ["0.5"]
            held = [event for event in there.events if isinstance(event, Held | Resumed)]
            assert [getattr(event, "reason", "") for event in held] == [code, ""]

    asyncio.run(main())
    assert known(code)
    assert "token endpoint" in explain(code).meaning
    assert "SECRET" not in caplog.text


def test_an_endpoint_that_is_silent_or_away(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A refused connection has its own name, with "token" before it."""

    async def main() -> None:
        async with world(certificates) as there:
            async with Endpoints() as away:
                app_service(monkeypatch, away, tmp_path)
            pipeline = there.pipeline(credential="managed")
            pipeline.collector("m", feature_names=["x"]).collect([[0.5]])
            await until(lambda: bool(pipeline.stats().held))
            assert set(pipeline.stats().held.values()) == {"TokenConnectionRefused"}
            report = await pipeline.aclose(0)
            assert (report.stored, report.dropped) == (0, {"closed": 1})

    asyncio.run(main())
    assert "no token for the identity" in str(explain("TokenConnectionRefused"))


@pytest.mark.parametrize(
    ("script", "blobs"),
    [
        ("loops", {"a.csv": b"onetwo"}),
        ("forks", {"p.csv": b"onetwo", "c.csv": b"child"}),
    ],
)
def test_each_loop_and_process_has_a_credential_of_its_own(
    script: str,
    blobs: dict[str, bytes],
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A store goes on on a second loop, and in a child, with a token of its own; what it had is not
    touched from elsewhere, and nothing is said of sessions that were left."""

    async def main() -> None:
        async with world(certificates) as there:
            app_service(monkeypatch, there.endpoints, tmp_path)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", COMMON + {"loops": LOOPS, "forks": FORKS}[script]),
                *(there.service.url, str(certificates.ca_file)),
                cwd=Path(__file__).parents[2],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            output, _ = await asyncio.wait_for(process.communicate(), 60)
            assert (process.returncode, output.decode()) == (0, "")
            assert there.service.blobs == blobs
            assert len(there.endpoints.issued) == 2

    asyncio.run(main())


COMMON = """
import asyncio, gc, os, sys
from aiocollect.stores.azure import AzureStore

store = AzureStore(sys.argv[1], container="logs", credential="managed", ca_file=sys.argv[2])
"""


LOOPS = """
async def first():
    await store.create("a.csv", content_type="text/csv")
    await store.append("a.csv", b"one", offset=0)

async def second():
    await store.append("a.csv", b"two", offset=3)
    await store.aclose()

asyncio.run(first())
gc.collect()
asyncio.run(second())
del store
gc.collect()
"""


FORKS = """
async def child():
    await store.create("c.csv", content_type="text/csv")
    await store.append("c.csv", b"child", offset=0)
    await store.aclose()

async def parent():
    await store.create("p.csv", content_type="text/csv")
    await store.append("p.csv", b"one", offset=0)
    pid = os.fork()
    if pid == 0:
        return True
    _, status = await asyncio.to_thread(os.waitpid, pid, 0)
    assert status == 0, status
    await store.append("p.csv", b"two", offset=3)
    await store.aclose()
    return False

loop = asyncio.new_event_loop()
if loop.run_until_complete(parent()):
    asyncio.events._set_running_loop(None)
    asyncio.run(child())
    del store
    gc.collect()
    sys.stdout.flush()
    os._exit(0)
loop.close()
"""
