"""Positions, ETags, lost answers, seals, ranges: the append rule's ground, on the account."""

from __future__ import annotations

import asyncio

import pytest
from azure.storage.blob import ContainerClient

from aiocollect.errors import BlobFull, OffsetMismatch, OutcomeUnknown, Refusal, StoreRefused
from aiocollect.stores.azure import AzureStore
from testkit.tunnel import Tunnel

from .account import Account
from .conftest import Keep, Note

pytestmark = [pytest.mark.contract]

CSV = "text/csv"


@pytest.mark.asyncio
async def test_position_and_etag(
    store: AzureStore, folder: str, plain: ContainerClient, note: Note
) -> None:
    """An append at another position or ETag changes nothing, and is answered as a mismatch."""
    path = f"{folder}/data.csv"
    assert await store.create(path, content_type=CSV)
    assert await store.create(path, content_type=CSV) is False
    opened = await store.open(path, head=1)
    first = await store.append(path, b"12345", offset=0, etag=opened.etag)
    assert (first.length, first.blocks) == (5, 1)
    for offset in (0, 4, 6):
        with pytest.raises(OffsetMismatch, match="AppendPositionConditionNotMet"):
            await store.append(path, b"x", offset=offset, etag=first.etag)
    with pytest.raises(OffsetMismatch, match="ConditionNotMet"):
        await store.append(path, b"x", offset=5, etag=opened.etag)
    with pytest.raises(OffsetMismatch) as both:
        await store.append(path, b"x", offset=0, etag=opened.etag)
    note("position and ETag both wrong", both.value.code)
    assert plain.download_blob(path).readall() == b"12345"


@pytest.mark.asyncio
async def test_the_first_412_may_be_ones_own_block(
    account: Account, keep: Keep, folder: str, store: AzureStore
) -> None:
    """The answer to an append is lost on the way; the same again is a mismatch, and the block that
    stands there is one's own."""
    if not account.is_https:
        pytest.skip("the tunnel that loses the answer carries https alone")
    path = f"{folder}/data.csv"
    await store.create(path, content_type=CSV)
    async with Tunnel() as tunnel:
        behind = keep(account.store(proxy=f"http://127.0.0.1:{tunnel.port}", read_timeout=20.0))
        etag = (await behind.open(path, head=1)).etag
        tunnel.deaf = True
        with pytest.raises(OutcomeUnknown):
            await behind.append(path, b"row\n", offset=0, etag=etag)
        assert tunnel.swallowed == 1
        tunnel.deaf = False
        with pytest.raises(OffsetMismatch):
            await behind.append(path, b"row\n", offset=0, etag=etag)
        found = await behind.read(path, offset=0, length=100)
        await behind.aclose()
    assert found.data == b"row\n"


@pytest.mark.asyncio
async def test_racers_for_one_position(
    store: AzureStore, folder: str, plain: ContainerClient
) -> None:
    """Of twenty appends at one position one lands; the others hear of it."""
    path = f"{folder}/data.csv"
    await store.create(path, content_type=CSV)
    bodies = [b"writer-%02d" % number for number in range(20)]
    ends = await asyncio.gather(
        *(store.append(path, body, offset=0) for body in bodies), return_exceptions=True
    )
    landed = plain.download_blob(path).readall()
    assert landed in bodies
    for body, end in zip(bodies, ends, strict=True):
        # A 500 or 503 among them is no fault of the rule; a success that did not land is.
        assert isinstance(end, Exception) or body == landed


@pytest.mark.asyncio
async def test_a_sealed_blob(store: AzureStore, folder: str, plain: ContainerClient) -> None:
    """It is full, also for an append at a wrong position, and can be read."""
    path = f"{folder}/data.csv"
    await store.create(path, content_type=CSV)
    await store.append(path, b"row\n", offset=0)
    plain.get_blob_client(path).seal_append_blob()
    with pytest.raises(BlobFull, match="BlobIsSealed"):
        await store.append(path, b"row\n", offset=4)
    assert (await store.read(path, offset=0, length=9)).data == b"row\n"


@pytest.mark.asyncio
async def test_ranges_at_the_end(store: AzureStore, folder: str) -> None:
    """At the end, behind it and in an empty blob there is nothing, by whatever status."""
    path = f"{folder}/data.csv"
    await store.create(path, content_type=CSV)
    assert (await store.read(path, offset=0, length=9)).length == 0
    await store.append(path, b"12345", offset=0)
    for offset, data in ((0, b"123"), (4, b"5"), (5, b""), (6, b"")):
        found = await store.read(path, offset=offset, length=3)
        assert (found.data, found.length) == (data, 5)


@pytest.mark.asyncio
async def test_a_blob_made_anew_is_another_one(
    store: AzureStore, folder: str, plain: ContainerClient, note: Note
) -> None:
    """Deleted and made again it has another ETag; whether another time of creation is noted."""
    path = f"{folder}/data.csv"
    seen = []
    for _ in range(2):
        await store.create(path, content_type=CSV)
        seen.append(await store.open(path, head=1))
        await asyncio.to_thread(plain.delete_blob, path)
    assert seen[0].etag != seen[1].etag
    note("creation time, as text", seen[0].created)
    note("two blobs made at once differ in it", seen[0].created != seen[1].created)


@pytest.mark.asyncio
async def test_a_folder_is_no_blob(
    account: Account, store: AzureStore, folder: str, plain: ContainerClient
) -> None:
    """On a hierarchical namespace a folder's name is taken by what is no append blob."""
    info = plain.get_account_information()
    if account.is_emulator:
        pytest.skip("the emulator has no hierarchical namespace")
    if not info.get("is_hns_enabled"):
        pytest.skip("this account has a flat namespace; run it against one with a hierarchical one")
    await store.create(f"{folder}/data.csv", content_type=CSV)
    with pytest.raises(StoreRefused) as caught:
        await store.append(folder, b"x", offset=0)
    assert caught.value.reason is Refusal.WRONG_TYPE
    with pytest.raises(StoreRefused) as caught:
        await store.open(folder, head=1)
    assert caught.value.reason is Refusal.WRONG_TYPE
    assert await store.create(folder, content_type=CSV) is False
