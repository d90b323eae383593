"""CPU per append call: our store beside the SDK's defaults, and beside what aiohttp alone takes.

All append the same kilobyte to blobs of the emulator, each side to its own, one after the other.
What the emulator takes is another process's, and not counted.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from aiocollect.stores.azure import AzureStore
from tests.azurite.emulator import Emulator, emulator

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
        aiohttp.ClientSession() as session,
    ):
        await service.get_container_client(CONTAINER).create_container()
        for name in ("ours", "sdk", "bare"):
            await store.create(name, content_type="text/csv")
        client = service.get_blob_client(CONTAINER, "sdk")
        url = f"{running.url}/{CONTAINER}/bare?comp=appendblock&{sas}"
        positions = {"ours": 0, "sdk": 0, "bare": 0}

        async def ours(offset: int) -> None:
            await store.append("ours", BODY, offset=offset)

        async def sdk(offset: int) -> None:
            await client.append_block(BODY, appendpos_condition=offset)

        async def bare(offset: int) -> None:
            headers = {"x-ms-version": VERSION, "x-ms-blob-condition-appendpos": str(offset)}
            async with session.put(url, data=BODY, headers=headers) as answer:
                assert answer.status == 201, answer.status

        costs: dict[str, list[float]] = {name: [] for name in positions}
        sides = {"sdk": sdk, "ours": ours, "bare": bare}
        for number in range(-1, size.of(12, 1)):
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
        Figure("append call, the SDK's defaults", _milliseconds(costs["sdk"]), unit="ms"),
    ]


def _milliseconds(costs: list[float]) -> tuple[float, ...]:
    return tuple(1000 * cost for cost in costs)
