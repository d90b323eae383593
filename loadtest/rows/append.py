"""CPU per append call: our store beside the SDK's defaults, and beside what nobody can leave out.

All append the same kilobyte to blobs of the emulator, each side to its own, one after the other;
ours and the SDK's sign with the same key. What the emulator takes is another process's, and not
counted. What nobody can leave out is what the SDK does above its transport, which one that answers
from memory shows, and what aiohttp takes for one request: their sum is the limit of all switches.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from aiocollect.stores.azure import AzureStore
from testkit.emulator import Emulator, emulator

from .measure import Figure, Size, ratios

__all__ = ["run"]

CONTAINER = "bench"
BODY = b"x" * 1024
VERSION = "2021-12-02"


def run(size: Size) -> list[Figure]:
    """Ours, and bare aiohttp, against the SDK's defaults."""
    with emulator() as running, asyncio.Runner() as runner:
        return runner.run(_run(running, size))


async def _run(running: Emulator, size: Size) -> list[Figure]:
    import aiohttp
    from azure.storage.blob import ContainerSasPermissions, generate_container_sas
    from azure.storage.blob.aio import BlobServiceClient

    times = size.of(40, 2)
    store = AzureStore.from_emulator(running.address, container=CONTAINER)
    sas = generate_container_sas(
        running.account,
        CONTAINER,
        account_key=running.key,
        permission=ContainerSasPermissions(add=True, create=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    async with (
        BlobServiceClient.from_connection_string(running.connection_string) as service,
        BlobServiceClient.from_connection_string(
            running.connection_string, transport=_memory(), retry_total=0
        ) as unsent,
        aiohttp.ClientSession() as session,
    ):
        await service.get_container_client(CONTAINER).create_container()
        for name in ("ours", "sdk", "bare"):
            await store.create(name, content_type="text/csv")
        client = service.get_blob_client(CONTAINER, "sdk")
        above = unsent.get_blob_client(CONTAINER, "above")
        url = f"{running.url}/{CONTAINER}/bare?comp=appendblock&{sas}"
        positions = {"ours": 0, "sdk": 0, "bare": 0, "memory": 0}

        async def ours(offset: int) -> None:
            await store.append("ours", BODY, offset=offset)

        async def sdk(offset: int) -> None:
            await client.append_block(BODY, appendpos_condition=offset)

        async def bare(offset: int) -> None:
            headers = {"x-ms-version": VERSION, "x-ms-blob-condition-appendpos": str(offset)}
            async with session.put(url, data=BODY, headers=headers) as answer:
                assert answer.status == 201, answer.status

        async def memory(offset: int) -> None:
            await above.append_block(
                BODY, length=len(BODY), appendpos_condition=offset, client_request_id="1"
            )

        costs: dict[str, list[float]] = {name: [] for name in positions}
        sides = {"sdk": sdk, "ours": ours, "bare": bare, "memory": memory}
        for number in range(-1, size.of(24, 1)):
            for name in list(sides) if number % 2 else list(reversed(sides)):
                begin = time.process_time()
                for _ in range(times):
                    await sides[name](positions[name])
                    positions[name] += len(BODY)
                if number >= 0:
                    costs[name].append((time.process_time() - begin) / times)
    await store.aclose()
    note = "one append of 1 KiB after the other"
    return [
        Figure(
            "append call, ours against the SDK's defaults",
            ratios(costs["ours"], costs["sdk"]),
            goal=0.45,
            note=note,
        ),
        Figure(
            "append call, bare aiohttp with a SAS against the SDK's defaults",
            ratios(costs["bare"], costs["sdk"]),
        ),
        Figure(
            "append call, the SDK above its transport against its defaults",
            ratios(costs["memory"], costs["sdk"]),
        ),
        Figure(
            "append call, the sum of the last two",
            ratios(list(map(sum, zip(costs["bare"], costs["memory"], strict=True))), costs["sdk"]),
            note="what our code and the SDK's public switches could reach at best",
        ),
        Figure("append call, the SDK's defaults", _milliseconds(costs["sdk"]), unit="ms"),
    ]


def _memory() -> Any:
    """A transport that answers an append as the service would, with no wire."""
    from azure.core.pipeline.transport import AsyncHttpResponse, AsyncHttpTransport

    class Answer(AsyncHttpResponse):
        def __init__(self, request: Any) -> None:
            super().__init__(request, None)
            self.status_code = 201
            self.headers = {"ETag": "1", "x-ms-blob-append-offset": "0"}

        def text(self, encoding: str | None = None) -> str:
            return ""

    class Memory(AsyncHttpTransport[Any, Answer]):
        async def open(self) -> None:
            """Nothing to open."""

        async def close(self) -> None:
            """Nothing to close."""

        async def __aexit__(self, *error: object) -> None:
            """Nothing to close."""

        async def send(self, request: Any, **options: Any) -> Answer:
            return Answer(request)

    return Memory()


def _milliseconds(costs: list[float]) -> tuple[float, ...]:
    return tuple(1000 * cost for cost in costs)
