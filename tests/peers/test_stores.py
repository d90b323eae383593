"""Each case of append blobs against the stores that need no emulator, and the service's stand-in;
against the emulator: tests/azurite/test_peers.py."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aiocollect import MemoryStore
from aiocollect.stores.azure import AzureStore
from aiocollect.stores.local import LocalStore
from aiocollect.typing import Store
from tests.peers.append_blob import CASES, SEALS, Case, faults
from tests.service.server import Service

Opened = tuple[Store, Callable[[str], Awaitable[bytes]]]


@asynccontextmanager
async def memory(folder: Path) -> AsyncIterator[Opened]:
    """In memory."""
    store = MemoryStore()

    async def content(path: str) -> bytes:
        return store.blobs[path]

    yield store, content


@asynccontextmanager
async def directory(folder: Path) -> AsyncIterator[Opened]:
    """A directory."""
    store = LocalStore(folder)

    async def content(path: str) -> bytes:
        return (folder / path).read_bytes()

    yield store, content
    await store.aclose()


@asynccontextmanager
async def service(folder: Path) -> AsyncIterator[Opened]:
    """AzureStore, at the stand-in."""
    async with Service() as standing:
        store = AzureStore(standing.url, container="logs", credential=standing.key)

        async def content(path: str) -> bytes:
            return standing.blobs[path]

        yield store, content
        await store.aclose()


STORES = {"memory": memory, "directory": directory, "service": service}


@pytest.mark.asyncio
@pytest.mark.parametrize("name", STORES)
async def test_append_blobs(tmp_path: Path, name: str) -> None:
    """Offsets, block counts, ETags, refusals and bytes are those of the SDK's cases."""
    # The stand-in does not seal: that its refusal is understood is in tests/service.
    cases: tuple[Case, ...] = CASES if name == "service" else (*CASES, *SEALS)
    async with STORES[name](tmp_path) as (store, content):
        assert await faults(cases, store, content) == {}
