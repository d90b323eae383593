"""Token credentials for real: an emulator that speaks https and checks each token's claims."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from aiocollect import Pipeline, Retry
from aiocollect.errors import Refusal, StoreRefused
from aiocollect.stores.azure import AzureStore
from aiocollect.typing import LOG_ROOT
from testkit.certificates import Certificates
from testkit.emulator import Emulator
from testkit.tunnel import Tunnel
from tests.service.endpoints import HEADER, Endpoints

from .conftest import Keep, refusal

pytestmark = [pytest.mark.azurite]

PATH = "a/b/data.csv"
CSV = "text/csv"


class Tokens:
    """An async token credential that issues tokens as the emulator wants them.

    ``life`` in seconds is what a token lives; while ``broken`` is set there are none.
    """

    def __init__(self, *, life: float = 60.0, says: float | None = None) -> None:
        self.life = life
        # What the credential says of a token's life, where that is not the truth.
        self.says = life if says is None else says
        self.broken: Exception | None = None
        self.issued: list[str] = []
        self.failed = 0
        self.closed = False

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        assert scopes == ("https://storage.azure.com/.default",)
        if self.broken is not None:
            self.failed += 1
            raise self.broken
        now = time.time()
        claims = {
            "aud": "https://storage.azure.com",
            "iss": "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/",
            "iat": int(now - 60),
            "nbf": int(now - 60),
            "exp": now + self.life,
            "jti": len(self.issued),
        }
        # The basic check reads the claims, and no signature.
        parts = ({"alg": "none", "typ": "JWT"}, claims)
        token = ".".join(_encode(json.dumps(part).encode()) for part in parts)
        self.issued.append(f"{token}.{_encode(b'SECRET')}")
        return AccessToken(self.issued[-1], int(now + self.says))

    async def close(self) -> None:
        self.closed = True

    async def __aenter__(self) -> Tokens:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make(
    secure: Emulator, certificates: Certificates, container: str, credential: Any, **options: Any
) -> AzureStore:
    return AzureStore(
        secure.url,
        container=container,
        credential=credential,
        ca_file=certificates.ca_file,
        **options,
    )


async def stored(
    secure: Emulator, certificates: Certificates, container: str
) -> dict[str, list[str]]:
    """The oracle: every blob's lines, by the account's key and the plain SDK."""
    from azure.storage.blob import ContainerClient

    def read() -> dict[str, list[str]]:
        with ContainerClient.from_connection_string(
            secure.connection_string, container, connection_verify=str(certificates.ca_file)
        ) as client:
            return {
                name: client.download_blob(name).readall().decode().splitlines()
                for name in client.list_blob_names()
                if not name.startswith(LOG_ROOT)
            }

    return await asyncio.to_thread(read)


@pytest.mark.asyncio
async def test_rows_by_token_exactly_once(
    secure: Emulator, certificates: Certificates, container: str
) -> None:
    """A whole pipeline by token; the tokens are renewed on the way; the credential stays open."""
    # The SDK asks anew from five minutes before the end, so here with each request.
    tokens = Tokens(life=60.0)
    async with Pipeline(
        make(secure, certificates, container, tokens), service="svc", linger=0.0
    ) as pipeline:
        collector = pipeline.collector("m", feature_names=["n"], identifier="i")
        for number in range(20):
            assert collector.collect([[number], [number + 0.5]]) is not None
            await pipeline.flush(20)
    (lines,) = (await stored(secure, certificates, container)).values()
    values = [line.split(",")[0] for line in lines[1:]]
    assert values == [str(n / 2 if n % 2 else n // 2) for n in range(40)]
    assert len(tokens.issued) == len(set(tokens.issued)) > 20
    assert not tokens.closed


@pytest.mark.asyncio
async def test_a_token_that_has_ended(
    secure: Emulator, certificates: Certificates, container: str, keep: Keep
) -> None:
    """The control: the emulator does look. An ended token is the credential's matter, held; the
    next one is asked for when the credential itself says that the old one ended."""
    tokens = Tokens(life=-5.0, says=3600.0)
    store = keep(make(secure, certificates, container, tokens))
    assert await refusal(store.create(PATH, content_type=CSV)) is Refusal.CREDENTIAL
    sound = Tokens(life=60.0)
    assert await keep(make(secure, certificates, container, sound)).create(PATH, content_type=CSV)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "failure", [ClientAuthenticationError("SECRET"), RuntimeError("SECRET"), OSError("SECRET")]
)
async def test_a_credential_that_fails_first(
    secure: Emulator,
    certificates: Certificates,
    container: str,
    failure: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """While there is no token rows wait; when there is one again they arrive, once each."""
    tokens = Tokens()
    tokens.broken = failure
    pipeline = Pipeline(
        make(secure, certificates, container, tokens),
        service="svc",
        linger=0.0,
        retry=Retry(base=0.01, cap=0.05, hold=0.05),
    )
    collector = pipeline.collector("m", feature_names=["n"])
    for number in range(10):
        assert collector.collect([[number]]) is not None
    async with asyncio.timeout(20):
        while tokens.failed < 3:
            await asyncio.sleep(0.01)
    stats = pipeline.stats()
    assert (stats.stored, stats.in_memory) == (0, 10)
    # Whatever it raises is the credential's failure, and told as that.
    assert not pipeline.healthy()
    (code,) = set(stats.held.values())
    assert code.startswith("Token")
    tokens.broken = None
    assert (await pipeline.aclose(20)).complete
    (lines,) = (await stored(secure, certificates, container)).values()
    assert [line.split(",")[0] for line in lines[1:]] == [str(n) for n in range(10)]
    assert "SECRET" not in caplog.text


@pytest.mark.asyncio
async def test_rows_by_the_identity_of_the_environment(
    secure: Emulator,
    certificates: Certificates,
    container: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The real azure-identity, a stand-in of a managed identity's endpoint, and an emulator that
    checks its tokens: by name, and by no word at all."""
    async with Endpoints() as endpoints:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{endpoints.url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", HEADER)
        for number, credential in enumerate(("managed", None)):
            async with Pipeline(
                secure.url,
                container=container,
                credential=credential,
                store_options={"ca_file": certificates.ca_file},
                linger=0.0,
            ) as pipeline:
                pipeline.collector("m", feature_names=["n"]).collect([[number]])
        assert len(endpoints.issued) == 2
    (lines,) = (await stored(secure, certificates, container)).values()
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "1"]


@pytest.mark.asyncio
async def test_without_the_bundle(secure: Emulator, container: str, keep: Keep) -> None:
    """On uvloop too a certificate that nobody vouches for is refused, and no token is shown to it
    by way of a proxy or straight."""
    tokens = Tokens()
    async with Tunnel() as tunnel:
        for proxy in (None, f"http://127.0.0.1:{tunnel.port}"):
            store = AzureStore(secure.url, container=container, credential=tokens, proxy=proxy)
            with pytest.raises(StoreRefused, match="TlsVerify") as caught:
                await keep(store).create(PATH, content_type=CSV)
            assert caught.value.reason is Refusal.CREDENTIAL
        assert tunnel.opened == 1


@pytest.mark.asyncio
async def test_through_a_companys_proxy(
    secure: Emulator, certificates: Certificates, container: str, keep: Keep
) -> None:
    """Rows and tokens go through a CONNECT tunnel with a password; the proxy sees host and port."""
    async with Tunnel(login="user:pass%word") as tunnel:
        proxy = f"http://user:pass%25word@127.0.0.1:{tunnel.port}"
        store = keep(make(secure, certificates, container, Tokens(), proxy=proxy))
        assert await store.create(PATH, content_type=CSV)
        assert (await store.append(PATH, b"row\n", offset=0)).length == 4
        await store.aclose()
        assert set(tunnel.asked) == {f"CONNECT {secure.address} HTTP/1.1"}
    assert await stored(secure, certificates, container) == {PATH: ["row"]}
