"""The Store contract of AzureStore, on the real emulator."""

from __future__ import annotations

import asyncio

import pytest
from azure.storage.blob import ContainerClient

from aiocollect.errors import (
    BlobFull,
    OffsetMismatch,
    Refusal,
)
from aiocollect.stores.azure import AzureStore
from aiocollect.typing import Store
from testkit.emulator import Emulator, blob_bytes, emulator

from .conftest import Keep, refusal

pytestmark = [pytest.mark.azurite]

PATH = "a/b/data.csv"
CSV = "text/csv"


@pytest.fixture
def store(azurite: Emulator, container: str, keep: Keep) -> AzureStore:
    """A store on a container that is not there yet."""
    return keep(AzureStore.from_connection_string(azurite.connection_string, container=container))


# Appending and reading ----------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_blob_from_nothing(store: AzureStore, azurite: Emulator, container: str) -> None:
    """Missing, made, empty, appended to, read back: each step tells what the next one needs."""

    as_protocol: Store = store
    assert await refusal(as_protocol.open(PATH, head=4)) is Refusal.BLOB_MISSING
    assert await store.create(PATH, content_type=CSV)
    empty = await store.open(PATH, head=4)
    assert (empty.length, empty.blocks, empty.head) == (0, 0, b"")
    first = await store.append(PATH, b"a,b\n", offset=0, etag=empty.etag)
    second = await store.append(PATH, b"1,2\n", offset=4, etag=first.etag)
    assert (first.length, first.blocks, second.length, second.blocks) == (4, 1, 8, 2)
    opened = await store.open(PATH, head=4)
    assert (opened.length, opened.blocks, opened.head) == (8, 2, b"a,b\n")
    assert (opened.etag, opened.created) == (second.etag, empty.created)
    assert opened.created
    assert blob_bytes(azurite.connection_string, container) == {PATH: b"a,b\n1,2\n"}


@pytest.mark.asyncio
async def test_ranges_at_and_behind_the_end(store: AzureStore) -> None:
    """A range at the end, behind it or in an empty blob is empty, and tells the length."""
    await store.create(PATH, content_type=CSV)
    assert (await store.read(PATH, offset=0, length=9)).length == 0
    appended = await store.append(PATH, b"12345", offset=0)
    for offset, data in ((0, b"123"), (3, b"45"), (4, b"5"), (5, b""), (6, b""), (500, b"")):
        found = await store.read(PATH, offset=offset, length=3)
        assert (found.data, found.length, found.etag) == (data, 5, appended.etag)


@pytest.mark.asyncio
async def test_the_conditions_hold(store: AzureStore, azurite: Emulator, container: str) -> None:
    """An append at another position, or at another ETag, changes nothing."""
    await store.create(PATH, content_type=CSV)
    first = await store.append(PATH, b"12345", offset=0)
    for offset in (0, 4, 6):
        with pytest.raises(OffsetMismatch, match="AppendPositionConditionNotMet"):
            await store.append(PATH, b"x", offset=offset, etag=first.etag)
    with pytest.raises(OffsetMismatch, match="ConditionNotMet"):
        await store.append(PATH, b"x", offset=5, etag='"0x1"')
    assert blob_bytes(azurite.connection_string, container) == {PATH: b"12345"}


@pytest.mark.asyncio
async def test_fifty_racers_for_one_position(
    store: AzureStore, azurite: Emulator, container: str
) -> None:
    """Of fifty appends at one position one lands; the others all hear of the mismatch."""
    await store.create(PATH, content_type=CSV)
    bodies = [b"writer-%02d" % number for number in range(50)]
    ends = await asyncio.gather(
        *(store.append(PATH, body, offset=0) for body in bodies), return_exceptions=True
    )
    winners = [
        body for body, end in zip(bodies, ends, strict=True) if not isinstance(end, Exception)
    ]
    assert len(winners) == 1
    assert sum(isinstance(end, OffsetMismatch) for end in ends) == 49
    assert blob_bytes(azurite.connection_string, container) == {PATH: winners[0]}


@pytest.mark.asyncio
async def test_fifty_creators_truncate_nothing(
    store: AzureStore, azurite: Emulator, container: str
) -> None:
    """Of fifty creators one makes the blob, and a later one leaves what it holds."""
    made = await asyncio.gather(*(store.create(PATH, content_type=CSV) for _ in range(50)))
    assert sorted(map(bool, made)) == [False] * 49 + [True]
    await store.append(PATH, b"kept", offset=0)
    assert await store.create(PATH, content_type=CSV) is False
    assert blob_bytes(azurite.connection_string, container) == {PATH: b"kept"}


@pytest.mark.asyncio
async def test_the_content_type_is_kept(store: AzureStore, plain: ContainerClient) -> None:
    """A blob says what it holds."""
    await store.create(PATH, content_type="text/csv; charset=utf-8")
    properties = plain.get_blob_client(PATH).get_blob_properties()
    assert properties.content_settings.content_type == "text/csv; charset=utf-8"


@pytest.mark.asyncio
async def test_another_content_type(
    azurite: Emulator, container: str, plain: ContainerClient, keep: Keep
) -> None:
    """The store's own content type replaces the encoder's."""
    store = keep(
        AzureStore.from_emulator(
            azurite.address, container=container, content_type="application/octet-stream"
        )
    )
    await store.create(PATH, content_type=CSV)
    properties = plain.get_blob_client(PATH).get_blob_properties()
    assert properties.content_settings.content_type == "application/octet-stream"


@pytest.mark.asyncio
async def test_a_large_block_arrives_whole(
    store: AzureStore, azurite: Emulator, container: str
) -> None:
    """A block of 4 MiB, sent in pieces, is one block."""
    await store.create(PATH, content_type=CSV)
    body = bytes(range(256)) * (4 * 4096)
    appended = await store.append(PATH, body, offset=0)
    assert (appended.length, appended.blocks) == (4 << 20, 1)
    assert blob_bytes(azurite.connection_string, container) == {PATH: body}


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_missing_container_is_made_or_refused(
    azurite: Emulator, container: str, keep: Keep
) -> None:
    """With create_container it is there after the first look; without it nothing is made."""
    strict = keep(
        AzureStore.from_connection_string(
            azurite.connection_string, container=container, create_container=False
        )
    )
    for request in (
        strict.open(PATH, head=1),
        strict.create(PATH, content_type=CSV),
        strict.append(PATH, b"x", offset=0),
        strict.read(PATH, offset=0, length=1),
    ):
        assert await refusal(request) is Refusal.CONTAINER_MISSING
    maker = keep(AzureStore.from_connection_string(azurite.connection_string, container=container))
    made = await asyncio.gather(*(maker.create(f"{n}.csv", content_type=CSV) for n in range(8)))
    assert all(made)
    assert await refusal(strict.open(PATH, head=1)) is Refusal.BLOB_MISSING


@pytest.mark.asyncio
async def test_a_deleted_blob_or_container_is_missing(
    plain: ContainerClient, store: AzureStore
) -> None:
    """What was deleted is missing for appends and reads; the container comes back empty."""
    await store.create(PATH, content_type=CSV)
    plain.delete_blob(PATH)
    assert await refusal(store.append(PATH, b"x", offset=0)) is Refusal.BLOB_MISSING
    assert await refusal(store.read(PATH, offset=0, length=1)) is Refusal.BLOB_MISSING
    await store.create(PATH, content_type=CSV)
    plain.delete_container()
    assert await refusal(store.append(PATH, b"x", offset=0)) is Refusal.BLOB_MISSING
    assert list(plain.list_blob_names()) == []


@pytest.mark.asyncio
async def test_another_type_of_blob(plain: ContainerClient, store: AzureStore) -> None:
    """A blob of another type is refused by every method, full or empty, and stays as it is."""
    plain.get_blob_client("page.csv").create_page_blob(512)
    assert await refusal(store.open("page.csv", head=3)) is Refusal.WRONG_TYPE
    assert await refusal(store.append("page.csv", b"x", offset=0)) is Refusal.WRONG_TYPE
    for name, data in (("full.csv", b"block"), ("empty.csv", b"")):
        plain.upload_blob(name, data)
        assert await refusal(store.open(name, head=3)) is Refusal.WRONG_TYPE
        assert await refusal(store.append(name, b"x", offset=0)) is Refusal.WRONG_TYPE
        assert await refusal(store.read(name, offset=0, length=3)) is Refusal.WRONG_TYPE
        assert await store.create(name, content_type=CSV) is False
        assert plain.download_blob(name).readall() == data


@pytest.mark.asyncio
async def test_a_sealed_blob_is_full(plain: ContainerClient, store: AzureStore) -> None:
    """A sealed blob takes no more."""
    await store.create(PATH, content_type=CSV)
    plain.get_blob_client(PATH).seal_append_blob()
    with pytest.raises(BlobFull, match="BlobIsSealed"):
        await store.append(PATH, b"x", offset=0)


@pytest.mark.asyncio
async def test_a_leased_blob(plain: ContainerClient, store: AzureStore) -> None:
    """A blob that somebody has leased is refused as leased, not as a mismatch."""
    await store.create(PATH, content_type=CSV)
    plain.get_blob_client(PATH).acquire_lease()
    assert await refusal(store.append(PATH, b"x", offset=0)) is Refusal.LEASED


@pytest.mark.asyncio
async def test_the_limits_of_a_blob(azurite: Emulator, container: str, keep: Keep) -> None:
    """The block behind the last one finds the blob full; a block above the limit is too large."""
    with emulator(max_blocks=3, max_block_bytes=100) as small:
        store = keep(
            AzureStore.from_connection_string(small.connection_string, container=container)
        )
        await store.create(PATH, content_type=CSV)
        for number in range(3):
            appended = await store.append(PATH, b"x" * 100, offset=100 * number)
        assert (appended.length, appended.blocks) == (300, 3)
        with pytest.raises(BlobFull, match="BlockCountExceedsLimit"):
            await store.append(PATH, b"x", offset=300)
        assert await refusal(store.append(PATH, b"x" * 101, offset=300)) is Refusal.TOO_LARGE


@pytest.mark.asyncio
async def test_an_empty_block_is_never_sent(store: AzureStore) -> None:
    """Nothing is not a block."""
    assert await refusal(store.append(PATH, b"", offset=0)) is Refusal.INVALID


# Names, loops, construction -----------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path",
    [
        "../other/x",
        "a/../../x",
        "a/./b",
        "a//b",
        "/a",
        "a/",
        "a/b.",
        "a/...",
        "a\\b",
        "a\nb",
        "",
        ".",
    ],
)
async def test_names_that_would_reach_elsewhere(store: AzureStore, path: str) -> None:
    """A name that normalisation would change is refused before anything is sent."""
    assert await refusal(store.append(path, b"x", offset=0)) is Refusal.INVALID
    assert await refusal(store.create(path, content_type=CSV)) is Refusal.INVALID


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path", ["a/%2e%2e/b", "a b/ü", "a/?b#c", "a~2F/+&=@:;,", "a/%/b", "..a/b..c", "x" * 1024]
)
async def test_odd_names_arrive_as_they_are(
    store: AzureStore, azurite: Emulator, container: str, path: str
) -> None:
    """Every other name is the blob's name, letter by letter."""
    await store.create(path, content_type=CSV)
    await store.append(path, b"x", offset=0)
    assert blob_bytes(azurite.connection_string, container) == {path: b"x"}


@pytest.mark.asyncio
async def test_the_other_ways_to_name_the_emulator(
    azurite: Emulator, container: str, keep: Keep
) -> None:
    """By its address, by its URL with a key, and by a URL that names the container too."""
    for store in (
        AzureStore.from_emulator(azurite.address, container=container),
        AzureStore.from_url(azurite.url, container=container, credential=azurite.key),
        AzureStore.from_url(f"{azurite.url}/{container}", credential=azurite.key),
        AzureStore(azurite.url, container=container, credential=azurite.key),
    ):
        await keep(store).create(PATH, content_type=CSV)
        assert (await store.open(PATH, head=1)).length == 0
