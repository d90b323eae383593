"""read() on the emulator: listed by pages, fetched by ranges, exact while it is appended to."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import pytest
from azure.storage.blob import ContainerClient

import aiocollect
from aiocollect import ConfigError, Pipeline
from aiocollect.errors import Refusal, SnapshotGone, StoreRefused
from aiocollect.stores.azure import AzureStore
from testkit.emulator import Emulator

from .conftest import Keep

pytestmark = [pytest.mark.azurite]

# `make azurite READS=200` in the long form.
READS = int(os.environ.get("READS", "25"))


@pytest.fixture
def options(azurite: Emulator, container: str) -> dict[str, Any]:
    """How the store is named."""
    return {"store": azurite.connection_string, "container": container}


@pytest.mark.asyncio
async def test_what_was_collected_is_read(options: dict[str, Any]) -> None:
    """From a pipeline's container, with its own words; sync calls beside a running loop, too."""
    async with Pipeline(**options, workspace="Sub/rg/ws", service="größe") as pipeline:
        model = pipeline.model("a model", version="1.0", inputs=["x", "t"], predictions=["p"])
        model.collect(inputs=[[1, "a\nb"], [None, ""]], predictions=[[0.5], [None]])
    same: dict[str, Any] = {**options, "workspace": "Sub/rg/ws", "service": "größe"}
    dataset = await aiocollect.aread(model="a model", **same)
    table = await dataset.ato_arrow()
    assert table.select(["x", "t", "p"]).to_pydict() == {
        "x": [1, None],
        "t": ["a\nb", ""],
        "p": [0.5, None],
    }
    assert dataset.to_arrow().equals(table)
    assert dataset.missing == {"inputs": 0, "predictions": 0}
    again = aiocollect.read(model="a model", as_of=dataset.snapshot, **same)
    assert again.to_arrow().equals(table)


@pytest.mark.asyncio
async def test_while_it_is_appended_to(options: dict[str, Any]) -> None:
    """Every read has what was stored before it, in order, and half of nothing."""
    async with Pipeline(**options, linger=0.001) as pipeline:
        stream = pipeline.collector("m", identifier="inputs", feature_names=["n", "t"])
        stored = 0
        running = True

        async def append() -> None:
            nonlocal stored
            number = 0
            while running:
                stream.collect([[number, 'x,"\n'] for _ in range(20)])
                await pipeline.flush()
                number = stored = number + 1

        task = asyncio.create_task(append())
        for _ in range(READS):
            while not stored:
                await asyncio.sleep(0.01)
            before = stored
            dataset = await aiocollect.aread(model="m", streams="inputs", **options)
            numbers = (await dataset.ato_arrow())["n"].to_pylist()
            assert numbers == [number for number in range(len(numbers) // 20) for _ in range(20)]
            assert len(numbers) >= 20 * before
        running = False
        await task


@pytest.mark.asyncio
async def test_pages_lengths_and_kinds(
    azurite: Emulator, container: str, plain: ContainerClient, keep: Keep
) -> None:
    """More blobs than a page has; the creation time is the one that reads name."""
    store = keep(AzureStore.from_connection_string(azurite.connection_string, container=container))
    for number in range(3):
        await store.create(f"a/{number}.csv", content_type="text/csv")
    await store.append("a/1.csv", b"12345", offset=0)
    plain.upload_blob("a/block.csv", b"1,2\n")
    plain.upload_blob("b/other.csv", b"1,2\n")
    found = {listed.path: listed async for listed in store.list("a/")}
    assert {path: (one.length, one.appendable) for path, one in found.items()} == {
        "a/0.csv": (0, True),
        "a/1.csv": (5, True),
        "a/2.csv": (0, True),
        "a/block.csv": (4, False),
    }
    got = await store.fetch("a/1.csv", offset=1, length=3)
    assert (got.data, got.created) == (b"234", found["a/1.csv"].created)
    changed = found["a/1.csv"].modified
    assert changed is not None
    assert abs(changed - time.time()) < 3600  # as the emulator's clock has it, in seconds


def test_a_container_that_is_missing_is_not_made(
    azurite: Emulator, container: str, options: dict[str, Any]
) -> None:
    """Reading changes nothing."""
    with pytest.raises(StoreRefused) as caught:
        aiocollect.read(model="m", **options).to_arrow()
    assert caught.value.reason is Refusal.CONTAINER_MISSING
    with ContainerClient.from_connection_string(azurite.connection_string, container) as client:
        assert not client.exists()


def test_an_empty_container_says_what_to_check(
    plain: ContainerClient, options: dict[str, Any]
) -> None:
    """Most often a workspace or service that is not the pipeline's."""
    with pytest.raises(ConfigError, match="has nothing under this workspace, service"):
        aiocollect.read(model="m", **options).to_arrow()


@pytest.mark.asyncio
async def test_block_blobs_are_read_as_they_are(
    azurite: Emulator, container: str, plain: ContainerClient, options: dict[str, Any]
) -> None:
    """By their ETag, which both the listing and the range tell; a writer still refuses them."""
    path = "default/default/default/default/m/default/inputs/2026/01/31/data.csv"
    plain.upload_blob(path, b"n\n1\n2\n")
    dataset = await aiocollect.aread(model="m", streams="inputs", **options)
    assert (await dataset.ato_arrow())["n"].to_pylist() == [1, 2]
    plain.upload_blob(path, b"n\n3\n", overwrite=True)
    frozen = aiocollect.read(model="m", as_of=dataset.snapshot, streams="inputs", **options)
    with pytest.raises(SnapshotGone):
        await frozen.ato_arrow()
    again = await aiocollect.aread(model="m", streams="inputs", **options)
    assert (await again.ato_arrow())["n"].to_pylist() == [3]
    store = AzureStore.from_connection_string(azurite.connection_string, container=container)
    try:
        for look in (store.open(path, head=4), store.read(path, offset=0, length=4)):
            with pytest.raises(StoreRefused) as caught:
                await look
            assert caught.value.reason is Refusal.WRONG_TYPE
    finally:
        await store.aclose()


@pytest.mark.asyncio
async def test_it_is_followed_while_it_is_appended_to(options: dict[str, Any]) -> None:
    """Many batches: each row once and in order, also by a consumer that goes on from a position."""
    batches = 2 * READS
    got: list[int] = []
    async with Pipeline(**options, linger=0.001) as pipeline:
        stream = pipeline.collector("m", identifier="inputs", feature_names=["n", "t"])

        async def append() -> None:
            for number in range(batches):
                stream.collect([[number, 'x,"\n'] for _ in range(5)])
                await pipeline.flush()

        async with aiocollect.follow(
            model="m", stream="inputs", poll=None, since=None, **options
        ) as nothing:
            with pytest.raises((ConfigError, StoreRefused)):
                await anext(nothing)
        task = asyncio.create_task(append())
        since: str | None = None
        while len(got) < 5 * batches:
            follower = aiocollect.follow(
                model="m", stream="inputs", poll=0.02, since=since, **options
            )
            async with asyncio.timeout(60), follower:
                left = 20
                async for batch in follower:
                    got += batch.rows["n"].to_pylist()
                    since = batch.position
                    left -= 1
                    if not left or len(got) >= 5 * batches:
                        break
        await task
    assert got == [number for number in range(batches) for _ in range(5)]
