"""Sizes, counts, rights and load: where the account ends, on the account."""

from __future__ import annotations

import asyncio
import os

import pytest
from azure.storage.blob import ContainerClient

from aiocollect import Pipeline
from aiocollect.errors import BlobFull, OffsetMismatch, Refusal, StoreBusy, StoreRefused
from aiocollect.stores.azure import AzureStore
from aiocollect.typing import Appended, Created, Opened, Range

from .account import Account
from .conftest import Keep, Note

pytestmark = [pytest.mark.contract]

CSV = "text/csv"
MIB = 1 << 20

# The opt-in for the long test; another number is for an emulator whose limit was lowered.
LONG = "AIOCOLLECT_CONTRACT_BLOCKS"


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [4 * MIB, 4 * MIB + 1, 8 * MIB])
async def test_large_blocks(store: AzureStore, folder: str, size: int) -> None:
    """The newest version of the service takes blocks above 4 MiB, whole."""
    path = f"{folder}/data.csv"
    await store.create(path, content_type=CSV)
    appended = await store.append(path, b"x" * size, offset=0)
    assert (appended.length, appended.blocks) == (size, 1)


@pytest.mark.asyncio
async def test_large_blocks_of_an_older_version(
    account: Account, keep: Keep, folder: str, plain: ContainerClient
) -> None:
    """Before version 2022-11-02 a block above 4 MiB is too large, and said so."""
    if account.is_emulator:
        pytest.skip("the emulator takes large blocks in every version")
    store = keep(account.store(api_version="2021-12-02"))
    path = f"{folder}/data.csv"
    await store.create(path, content_type=CSV)
    with pytest.raises(StoreRefused) as caught:
        await store.append(path, b"x" * (4 * MIB + 1), offset=0)
    assert caught.value.reason is Refusal.TOO_LARGE
    assert (await store.append(path, b"x" * (4 * MIB), offset=0)).blocks == 1


@pytest.mark.asyncio
@pytest.mark.timeout(4 * 3600)
async def test_the_last_block(store: AzureStore, folder: str, note: Note) -> None:
    """The blob takes 50,000 blocks and no more; what is said of a wrong position then is noted."""
    if not os.environ.get(LONG):
        pytest.skip(f"it makes 50,000 requests; set {LONG}=50000 to run it")
    limit = int(os.environ[LONG])
    path = f"{folder}/data.csv"
    await store.create(path, content_type=CSV)
    length = 0
    while length < limit:
        try:
            length = (await store.append(path, b"x", offset=length)).length
        except StoreBusy as busy:
            await asyncio.sleep(busy.retry_after or 1.0)
    assert (await store.open(path, head=1)).blocks == limit
    with pytest.raises(BlobFull, match="BlockCountExceedsLimit"):
        await store.append(path, b"x", offset=length)
    with pytest.raises((BlobFull, OffsetMismatch)) as caught:
        await store.append(path, b"x", offset=0)
    note("full, and the position is wrong", caught.value.code)


@pytest.mark.asyncio
async def test_add_and_create_without_read(
    account: Account, keep: Keep, folder: str, plain: ContainerClient, note: Note
) -> None:
    """Add and create are enough to write; to look is a right that is missing, not a credential."""
    if not account.has_key:
        pytest.skip("a SAS is signed with an account key; give a connection string with one")
    store = keep(account.store_with(add=True, create=True))
    path = f"{folder}/data.csv"
    assert await store.create(path, content_type=CSV)
    assert (await store.append(path, b"row\n", offset=0)).length == 4
    with pytest.raises(OffsetMismatch, match="AppendPositionConditionNotMet"):
        await store.append(path, b"row\n", offset=0)
    for request in (store.open(path, head=1), store.read(path, offset=0, length=1)):
        with pytest.raises(StoreRefused) as caught:
            await request
        assert caught.value.reason is Refusal.NO_RIGHT
    try:
        note("creating again without read", await store.create(path, content_type=CSV))
    except StoreRefused as refused:
        note("creating again without read", refused.code)
    assert plain.download_blob(path).readall() == b"row\n"


@pytest.mark.asyncio
async def test_an_expired_sas(
    account: Account, keep: Keep, folder: str, plain: ContainerClient, note: Note
) -> None:
    """It is the credential's matter, so rows wait; its code is one that asks a callback again."""
    if not account.has_key:
        pytest.skip("a SAS is signed with an account key; give a connection string with one")
    store = keep(account.store_with(hours=-1, add=True, create=True))
    with pytest.raises(StoreRefused) as caught:
        await store.create(f"{folder}/data.csv", content_type=CSV)
    assert caught.value.reason is Refusal.CREDENTIAL
    assert caught.value.code in ("AuthenticationFailed", "AuthorizationFailure")
    note("an expired SAS", caught.value.code)


class Counting:
    """A store that counts how often the one within is busy."""

    def __init__(self, store: AzureStore) -> None:
        self._store = store
        self.busy: dict[str, int] = {}

    async def open(self, path: str, *, head: int) -> Opened:
        return await self._store.open(path, head=head)

    async def create(self, path: str, *, content_type: str) -> Created | bool:
        return await self._store.create(path, content_type=content_type)

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        try:
            return await self._store.append(path, data, offset=offset, etag=etag)
        except StoreBusy as busy:
            self.busy[busy.code] = self.busy.get(busy.code, 0) + 1
            raise

    async def read(self, path: str, *, offset: int, length: int) -> Range:
        return await self._store.read(path, offset=offset, length=length)

    async def aclose(self) -> None:
        await self._store.aclose()


@pytest.mark.asyncio
@pytest.mark.timeout(600)
async def test_throttling_loses_nothing(
    account: Account, folder: str, plain: ContainerClient, note: Note
) -> None:
    """Writers that hammer one blob, with readers beside them, leave every row there once, whatever
    the service refuses for the load; skipped, behind that proof, where it refused nothing."""
    stores = [Counting(account.store()) for _ in range(4)]
    pipelines = [Pipeline(store, workspace=folder, service="svc", linger=0.0) for store in stores]

    async def produce(number: int, pipeline: Pipeline) -> None:
        collector = pipeline.collector("m", feature_names=["writer", "turn"])
        for turn in range(200):
            assert await collector.acollect([[f"w{number}", turn]]) is not None
            await asyncio.sleep(0.005)

    done = asyncio.Event()

    async def read_beside() -> None:
        while not done.is_set():
            await asyncio.to_thread(read_all, plain, folder)

    reading = asyncio.create_task(read_beside())
    try:
        await asyncio.gather(*(produce(n, pipeline) for n, pipeline in enumerate(pipelines)))
        reports = await asyncio.gather(*(pipeline.aclose(120) for pipeline in pipelines))
    finally:
        done.set()
        await reading
    assert all(report.complete for report in reports)
    lines = [line for line in read_all(plain, folder) if line.startswith(b"w")]
    rows = sorted(tuple(line.split(b",")[:2]) for line in lines if not line.startswith(b"writer"))
    assert rows == sorted((b"w%d" % n, b"%d" % turn) for n in range(4) for turn in range(200))
    met: dict[str, int] = {}
    for store in stores:
        for code, count in store.busy.items():
            met[code] = met.get(code, 0) + count
    note("busy answers under load", met or "none")
    if not met:
        pytest.skip("every row arrived once, but the account throttled nothing")


def read_all(plain: ContainerClient, folder: str) -> list[bytes]:
    """All lines of all blobs of a folder; one that vanishes or grows meanwhile is left out."""
    from azure.core.exceptions import AzureError

    lines: list[bytes] = []
    for name in plain.list_blob_names(name_starts_with=folder):
        try:
            lines += plain.download_blob(name).readall().splitlines()
        except AzureError:
            continue
    return lines
