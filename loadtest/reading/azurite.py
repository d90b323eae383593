"""One stream from the emulator: ours beside the SDK's own download and pyarrow."""

from __future__ import annotations

import asyncio
import time

import aiocollect
from loadtest.rows.measure import Figure, ratios, take_turns
from testkit.emulator import Emulator, emulator

from .files import MODEL, write_stream
from .rows import columns_of, rows_of, truth
from .sides import by_arrow, check

__all__ = ["run"]

CONTAINER = "bench"
KIND = "mixed"


def run(rows: int, rounds: int) -> list[Figure]:
    """Seconds by seconds; the emulator is a process of its own on the same machine."""
    with emulator() as running:
        store = f"azurite://{running.address}/{CONTAINER}"
        write_stream(store, KIND, rows)
        return _run(running, store, rows, rounds)


def _run(running: Emulator, store: str, rows: int, rounds: int) -> list[Figure]:
    types, want = columns_of(KIND), truth(KIND, rows_of(KIND, rows))

    def ours() -> float:
        begin = time.perf_counter()
        table = aiocollect.read(store, MODEL, version=KIND, streams="inputs").to_arrow()
        seconds = time.perf_counter() - begin
        check("ours", table, want)
        return seconds

    def theirs() -> float:
        begin = time.perf_counter()
        table = by_arrow(asyncio.run(_downloaded(running)), types)
        seconds = time.perf_counter() - begin
        check("the SDK and pyarrow", table, want)
        return seconds

    costs = take_turns({"ours": ours, "theirs": theirs}, rounds=rounds)
    return [
        Figure(
            "one stream from Azurite, against the SDK's download and pyarrow.csv",
            ratios(costs["ours"], costs["theirs"]),
            goal=1.05,
        )
    ]


async def _downloaded(running: Emulator) -> bytes:
    """The one data file, in the SDK's own ranges, four at a time."""
    from azure.storage.blob.aio import BlobServiceClient

    async with BlobServiceClient.from_connection_string(running.connection_string) as service:
        container = service.get_container_client(CONTAINER)
        (name,) = [name async for name in container.list_blob_names() if name.endswith("/data.csv")]
        stream = await container.download_blob(name, max_concurrency=4)
        data: bytes = await stream.readall()
        return data
