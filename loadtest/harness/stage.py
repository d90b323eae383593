"""The stage: one emulator, and for each run a container of its own, behind a fault proxy or not."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from azure.storage.blob import BlobServiceClient

from testkit.emulator import Emulator, blob_bytes
from testkit.proxy import FaultProxy

from .audit import FORMATS

__all__ = ["LOAD_CORE", "SERVER_CORE", "Place", "Stage"]

# The server by itself; the load, and stores that are kept back (processes.py), share the other one.
SERVER_CORE: Final = 0
LOAD_CORE: Final = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run stores. ``proxy``: the way there, where it is not direct."""

    container: str
    connection_string: str
    proxy: FaultProxy | None

    @property
    def url(self) -> str:
        """The same, as a store's URL."""
        found = re.search(r"BlobEndpoint=http://([\w.:]+)/", self.connection_string)
        assert found is not None
        return f"azurite://{found[1]}/{self.container}"


class Stage:
    """``folder`` takes logs and keys; ``azurite`` the rows."""

    def __init__(self, azurite: Emulator, folder: Path) -> None:
        self.azurite = azurite
        self.folder = folder

    @asynccontextmanager
    async def place(self, *, proxied: bool = False) -> AsyncIterator[Place]:
        """A container, which is gone after the block: the emulator keeps everything in memory."""
        name = f"load-{uuid.uuid4().hex[:12]}"
        await asyncio.to_thread(self._container, name, True)
        try:
            if proxied:
                async with FaultProxy((self.azurite.host, self.azurite.port)) as proxy:
                    yield Place(name, proxy.connection_string, proxy)
            else:
                yield Place(name, self.azurite.connection_string, None)
        finally:
            await asyncio.to_thread(self._container, name, False)

    def _container(self, name: str, make: bool) -> None:
        with BlobServiceClient.from_connection_string(self.azurite.connection_string) as service:
            if make:
                service.create_container(name)
            else:
                service.delete_container(name)

    async def stored(self, place: Place, reader: str) -> list[int]:
        """The keys of all rows in a place."""
        if place.proxy is not None:
            place.proxy.calm()
            await place.proxy.release()
        blobs = await asyncio.to_thread(blob_bytes, self.azurite.connection_string, place.container)
        return [key for data in blobs.values() for key in FORMATS[reader](data)]
