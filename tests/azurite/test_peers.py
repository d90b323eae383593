"""The Azure SDK's own cases of append blobs, through our store against the real emulator; the bytes
are read by the plain SDK."""

from __future__ import annotations

import asyncio

import pytest
from azure.storage.blob import ContainerClient

from aiocollect.stores.azure import AzureStore
from testkit.emulator import Emulator
from tests.peers.append_blob import CASES, SEALS, faults

from .conftest import Keep

pytestmark = [pytest.mark.azurite]


@pytest.mark.asyncio
async def test_append_blobs(azurite: Emulator, container: str, keep: Keep) -> None:
    """Offsets, block counts, ETags, refusals and bytes are those of the SDK's cases."""
    store = keep(AzureStore.from_connection_string(azurite.connection_string, container=container))

    with ContainerClient.from_connection_string(azurite.connection_string, container) as plain:

        async def content(path: str) -> bytes:
            return await asyncio.to_thread(lambda: bytes(plain.download_blob(path).readall()))

        assert await faults((*CASES, *SEALS), store, content) == {}
