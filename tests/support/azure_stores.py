"""The fixture that closes Azure stores, for the emulator's tests and the contract suite alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

import pytest_asyncio

from aiocollect.stores.azure import AzureStore

__all__ = ["Keep", "keep"]

Keep: TypeAlias = Callable[[AzureStore], AzureStore]


@pytest_asyncio.fixture
async def keep() -> AsyncIterator[Keep]:
    """Stores given to this are closed at the end, however the test ends."""
    kept: list[AzureStore] = []

    def adopt(store: AzureStore) -> AzureStore:
        kept.append(store)
        return store

    yield adopt
    for store in kept:
        await store.aclose()
