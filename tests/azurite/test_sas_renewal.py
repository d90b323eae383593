"""A SAS from a callback, on the real emulator: renewed on the way, refused, missing, and back."""

from __future__ import annotations

import asyncio

import pytest
from azure.storage.blob import ContainerClient

from aiocollect import Pipeline, Retry
from aiocollect.errors import Refusal, StoreRefused
from aiocollect.stores.azure import AzureStore
from testkit.emulator import Emulator, blob_bytes

from .conftest import Keep, refusal
from .test_credentials import sas

pytestmark = [pytest.mark.azurite]

PATH = "a/b/data.csv"
CSV = "text/csv"
RIGHTS = {"add": True, "create": True, "read": True}


class Vault:
    """Makes a SAS when asked; ``hours`` is how long it lives; or fails as it is told."""

    def __init__(self, azurite: Emulator, container: str) -> None:
        self._made = azurite, container
        self.hours = 1.0
        self.asked = 0
        self.failure: Exception | None = None
        self.hang = False

    async def __call__(self) -> str:
        self.asked += 1
        if self.hang:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        azurite, container = self._made
        # Another text each time, as services that sign anew give it.
        return sas(azurite, container, hours=self.hours + self.asked / 3600, **RIGHTS)


@pytest.fixture
def vault(azurite: Emulator, plain: ContainerClient, container: str) -> Vault:
    return Vault(azurite, container)


def make(azurite: Emulator, container: str, vault: Vault) -> AzureStore:
    """Only a vault that hangs keeps anybody waiting: for others the time-out is out of reach, or a
    slow machine would have it asked twice."""
    timeout = 0.2 if vault.hang else 60.0
    return AzureStore(azurite.url, container=container, credential=vault, sas_timeout=timeout)


@pytest.mark.asyncio
async def test_a_revoked_sas_is_replaced(
    azurite: Emulator, container: str, vault: Vault, keep: Keep
) -> None:
    """After a refusal the next requests, of the same blob's client and session, carry a new SAS."""
    vault.hours = -1.0
    store = keep(make(azurite, container, vault))
    ends = await asyncio.gather(
        *(store.create(f"{n}.csv", content_type=CSV) for n in range(20)), return_exceptions=True
    )
    assert {getattr(end, "reason", None) for end in ends} == {Refusal.CREDENTIAL}
    assert vault.asked == 1
    vault.hours = 1.0
    async with asyncio.timeout(20):
        while not await made(store, "0.csv"):
            await asyncio.sleep(0.05)
    assert vault.asked == 2
    await store.append("0.csv", b"row\n", offset=0)
    assert blob_bytes(azurite.connection_string, container) == {"0.csv": b"row\n"}


async def made(store: AzureStore, path: str) -> bool:
    """Whether a blob could be made; False while the credential is refused."""
    try:
        return bool(await store.create(path, content_type=CSV))
    except StoreRefused as refused:
        if refused.reason is not Refusal.CREDENTIAL:
            raise
        return False


@pytest.mark.asyncio
@pytest.mark.parametrize("hang", [True, False])
async def test_rows_wait_for_a_vault(
    azurite: Emulator,
    container: str,
    vault: Vault,
    hang: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A vault that hangs or raises holds the rows; when it is back they arrive, once each, and the
    text of its failure is nowhere."""
    vault.hang, vault.failure = hang, OSError("SECRET of the vault")
    pipeline = Pipeline(
        make(azurite, container, vault),
        service="svc",
        linger=0.0,
        retry=Retry(base=0.01, cap=0.05, hold=0.05),
    )
    collector = pipeline.collector("m", feature_names=["n"])
    for number in range(10):
        assert collector.collect([[number]]) is not None
    async with asyncio.timeout(20):
        while pipeline.healthy():
            await asyncio.sleep(0.01)
    stats = pipeline.stats()
    assert (stats.stored, stats.in_memory) == (0, 10)
    vault.hang, vault.failure = False, None
    assert (await pipeline.aclose(20)).complete
    (data,) = blob_bytes(azurite.connection_string, container).values()
    assert [line.split(b",")[0] for line in data.splitlines()[1:]] == [b"%d" % n for n in range(10)]
    assert "SECRET" not in caplog.text
    assert "sig=" not in caplog.text.replace("sig=REDACTED", "")  # as azure-core writes it


@pytest.mark.asyncio
async def test_one_question_for_many_requests(
    azurite: Emulator, container: str, vault: Vault, keep: Keep
) -> None:
    """Fifty first requests at once ask once."""
    store = keep(make(azurite, container, vault))
    made = await asyncio.gather(*(store.create(f"{n}.csv", content_type=CSV) for n in range(50)))
    assert all(made)
    assert vault.asked == 1
    vault.failure = OSError()
    # The SAS is good for an hour, so a vault that is down is nobody's matter.
    assert await refusal(store.open("none.csv", head=1)) is Refusal.BLOB_MISSING
