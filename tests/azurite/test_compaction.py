"""compact() on the emulator: whole files, made once; parts sealed, deleted by their identity."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime
from typing import Any

import pytest

import aiocollect
from aiocollect import Pipeline
from aiocollect.errors import BlobFull
from aiocollect.stores.azure import AzureStore
from aiocollect.stores.azure.objects import BLOCK
from testkit.emulator import Emulator

pytestmark = [pytest.mark.azurite]

LONG_AGO = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def options(azurite: Emulator, container: str) -> dict[str, Any]:
    """How the store is named."""
    return {"store": azurite.connection_string, "container": container}


def store_of(options: dict[str, Any]) -> AzureStore:
    return AzureStore.from_connection_string(options["store"], container=options["container"])


async def collect(options: dict[str, Any], count: int) -> None:
    async with Pipeline(**options) as pipeline:
        stream = pipeline.collector("m", identifier="inputs", feature_names=["n", "t"])
        stream.collect([[number, "a\n,b"] for number in range(count)], at=LONG_AGO)


@pytest.mark.asyncio
async def test_what_was_collected_is_compacted_and_removed(options: dict[str, Any]) -> None:
    """The same rows before, between and after; late ones too."""
    await collect(options, 3_000)
    where = {"container": options["container"]}

    def numbers() -> list[int]:
        dataset = aiocollect.read(options["store"], "m", streams="inputs", **where)
        found: list[int] = dataset.to_arrow()["n"].to_pylist()
        return sorted(found)

    expected = sorted(range(3_000))
    store = store_of(options)
    try:
        assert await asyncio.to_thread(numbers) == expected
        done = await aiocollect.acompact(store, store)
        assert [file.rows for file in done.files] == [3_000]
        assert await asyncio.to_thread(numbers) == expected
        await collect(options, 7)
        assert await asyncio.to_thread(numbers) == sorted([*expected, *range(7)])
        done = await aiocollect.acompact(store, store, remove_after="1d")
        assert ([file.rows for file in done.files], len(done.removed)) == ([7], 1)
        assert await asyncio.to_thread(numbers) == sorted([*expected, *range(7)])
    finally:
        await store.aclose()


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [100, 2 * BLOCK + 5])
async def test_of_several_puts_one_wins(options: dict[str, Any], size: int) -> None:
    """And its bytes are its own, though all of them stage blocks at a time."""
    store = store_of(options)
    try:
        bodies = [bytes([65 + at]) * size for at in range(4)]
        made = await asyncio.gather(
            *(
                store.put("f/0.parquet", io.BytesIO(body), length=size, content_type="a/b")
                for body in bodies
            )
        )
        assert sorted(made) == [False, False, False, True]
        found = await store.fetch("f/0.parquet", offset=0, length=size)
        assert found.data == bodies[made.index(True)]
        (listed,) = [one async for one in store.list("f/")]
        assert (listed.length, listed.appendable) == (size, False)
        assert listed.created == found.created
    finally:
        await store.aclose()


@pytest.mark.asyncio
async def test_a_part_is_sealed_at_its_length_and_deleted_as_it_is(options: dict[str, Any]) -> None:
    """Another length, another life, another state: nothing happens."""
    store = store_of(options)
    try:
        await store.create("f/data.csv", content_type="text/csv")
        assert not await store.seal_at("f/other.csv", created="then", length=0)
        await store.append("f/data.csv", b"h\n", offset=0)
        created = (await store.open("f/data.csv", head=1)).created
        assert not await store.seal_at("f/data.csv", created=created, length=1)
        assert not await store.seal_at("f/data.csv", created="then", length=2)
        await store.append("f/data.csv", b"1\n", offset=2)
        etag = await store.seal_at("f/data.csv", created=created, length=4)
        assert etag
        assert await store.seal_at("f/data.csv", created=created, length=4) == etag
        with pytest.raises(BlobFull):
            await store.append("f/data.csv", b"2\n", offset=4)
        assert not await store.delete_if("f/data.csv", etag='"0x1"')
        assert await store.delete_if("f/data.csv", etag=etag)
        assert not await store.delete_if("f/data.csv", etag=etag)
    finally:
        await store.aclose()


@pytest.mark.asyncio
async def test_a_delta_table_is_where_the_library_reads_it(options: dict[str, Any]) -> None:
    """Our store puts it, under our credential; two runs at a time add each row once."""
    deltalake = pytest.importorskip("deltalake")
    await collect(options, 3_000)
    first, second = store_of(options), store_of(options)
    try:
        runs = [aiocollect.acompact(one, one, format="delta") for one in (first, second)]
        done = await asyncio.gather(*runs)
        assert sum(file.rows or 0 for one in done for file in one.files) == 3_000
        await collect(options, 7)
        await aiocollect.acompact(first, first, format="delta", remove_after="1d")
        dataset = await aiocollect.aread(first, "m", streams="inputs")
        ours = (await dataset.ato_arrow())["n"].to_pylist()
    finally:
        await first.aclose()
        await second.aclose()
    assert {part.format for part in dataset.parts} == {"parquet"}
    said = dict(item.split("=", 1) for item in options["store"].split(";") if item)
    table = deltalake.DeltaTable(
        f"az://{options['container']}/model=m/version=default/stream=inputs",
        storage_options={
            "account_name": said["AccountName"],
            "account_key": said["AccountKey"],
            "azure_storage_endpoint": said["BlobEndpoint"],
            "allow_http": "true",
        },
    )
    theirs = table.to_pyarrow_table()["n"].to_pylist()
    assert sorted(ours) == sorted(theirs) == sorted([*range(3_000), *range(7)])
