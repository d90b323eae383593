"""New paths: what one costs until its first block is stored, and how many there can be in a second.

Each path gets ten rows. Beside a store that costs nothing: our own CPU. Into the emulator: paths a
second of ours; of the SDK, which creates and appends and does nothing else; and of bare aiohttp
with a SAS, which sends the same two requests. The last one is what the emulator allows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiocollect import Pipeline
from aiocollect.typing import Appended, Opened
from testkit.emulator import Emulator, emulator

from ..harness.processes import cpu_of
from .load import FEATURES, InstantStore, floats, pipeline_on
from .measure import Figure, Size, ratios

__all__ = ["run"]

CONTAINER: Final = "bench"
ROWS: Final = 10
BODY: Final = b"x" * 2048
# Requests at a time: as many as a pipeline has by default.
AT_ONCE: Final = 16
VERSION: Final = "2021-12-02"


def run(size: Size) -> list[Figure]:
    """Beside a store that costs nothing, then into the emulator."""
    return [*_instant(size), *_emulated(size)]


def _instant(size: Size) -> list[Figure]:
    paths = size.of(10_000, 40)
    costs = []
    for _ in range(size.of(3, 1)):
        begin = time.process_time()
        asyncio.run(_ours(InstantStore(), paths))
        costs.append(1e6 * (time.process_time() - begin) / paths)
    start, later = asyncio.run(_requests(size.of(2_000, 40)))
    note = f"{paths:,} paths, {ROWS} rows each, with the start and the close of the pipeline"
    return [
        Figure("our CPU of a new path, a store that costs nothing", tuple(costs), "us", note=note),
        Figure(
            "new paths in a second of our CPU",
            tuple(1e6 / cost for cost in costs),
            unit="",
            goal=570.0,  # ten times the 57 paths that went into the emulator in a second
            at_least=True,
        ),
        Figure("requests of a new path, all at once at the start", (start,), unit=""),
        Figure("requests of a new path, later in a life", (later,), unit=""),
    ]


class Counting(InstantStore):
    """Counts what it is asked. Each is one request to Azure, also the look at an empty blob that
    was just created."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def open(self, path: str, *, head: int) -> Opened:
        """See Store.open."""
        self.asked += 1
        await asyncio.sleep(0)
        return await super().open(path, head=head)

    async def create(self, path: str, *, content_type: str) -> bool:
        """See Store.create."""
        self.asked += 1
        return await super().create(path, content_type=content_type)

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """See Store.append."""
        self.asked += 1
        return await super().append(path, data, offset=offset, etag=etag)


async def _requests(paths: int) -> tuple[float, float]:
    """Of each path: of those that come all at once at the start, and of as many others later."""
    store = Counting()
    pipeline: Pipeline = pipeline_on(store, log=False)
    asked = []
    for wave in "ab":
        before = store.asked
        for number in range(paths):
            pipeline.collector(f"{wave}{number}", feature_names=FEATURES).collect(floats(1)[0])
        await pipeline.flush()
        asked.append((store.asked - before) / paths)
    await pipeline.aclose()
    return asked[0], asked[1]


async def _ours(store: Any, paths: int) -> None:
    pipeline: Pipeline = pipeline_on(store)
    collectors = [
        pipeline.collector(f"m{number}", feature_names=FEATURES) for number in range(paths)
    ]
    rows = list(floats(ROWS))
    for number, collector in enumerate(collectors):
        collector.collect(rows)
        if number % 16 == 0:
            await asyncio.sleep(0)
    await pipeline.flush()
    assert pipeline.stats().stored == paths * ROWS
    await pipeline.aclose()


def _emulated(size: Size) -> list[Figure]:
    paths = size.of(600, 4)
    rates: dict[str, list[float]] = {"ours": [], "sdk": [], "bare": []}
    costs: dict[str, list[float]] = {"ours": [], "sdk": [], "bare": []}
    others: list[float] = []
    for number in range(size.of(3, 1)):
        # An emulator of its own for each: it slows down with the blobs that it has.
        for name in list(rates) if number % 2 else list(reversed(rates)):
            with emulator() as running:
                wall, cpu, other = asyncio.run(_SIDES[name](running, paths))
            rates[name].append(paths / wall)
            costs[name].append(1000 * cpu / paths)
            if name == "bare":
                others.append(1000 * other / paths)
    note = f"{paths} paths, {AT_ONCE} requests at a time"
    names = {"ours": "ours", "sdk": "the SDK's two requests", "bare": "bare aiohttp's two requests"}
    return [
        *(
            Figure(f"new paths a second, {names[name]}", tuple(rates[name]), unit="", note=note)
            for name in rates
        ),
        Figure("new paths a second, ours by bare aiohttp's", ratios(rates["ours"], rates["bare"])),
        *(
            Figure(f"CPU of a new path, {names[name]}", tuple(costs[name]), unit="ms")
            for name in costs
        ),
        Figure("CPU of the emulator, for bare aiohttp's", tuple(others), unit="ms"),
    ]


async def _ours_there(running: Emulator, paths: int) -> tuple[float, float, float]:
    return await _measured(running, lambda: _ours(f"azurite://{running.address}/ours", paths))


async def _sdk_there(running: Emulator, paths: int) -> tuple[float, float, float]:
    from azure.core import MatchConditions
    from azure.storage.blob.aio import BlobServiceClient

    async with BlobServiceClient.from_connection_string(running.connection_string) as service:
        await service.get_container_client(CONTAINER).create_container()

        async def one(number: int) -> None:
            client = service.get_blob_client(CONTAINER, f"m{number}.csv")
            await client.create_append_blob(match_condition=MatchConditions.IfMissing)
            await client.append_block(BODY, appendpos_condition=0)

        return await _measured(running, lambda: _together(one, paths))


async def _bare_there(running: Emulator, paths: int) -> tuple[float, float, float]:
    import aiohttp
    from azure.storage.blob import ContainerSasPermissions, generate_container_sas
    from azure.storage.blob.aio import BlobServiceClient

    sas = generate_container_sas(
        running.account,
        CONTAINER,
        account_key=running.key,
        permission=ContainerSasPermissions(add=True, create=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    async with BlobServiceClient.from_connection_string(running.connection_string) as service:
        await service.get_container_client(CONTAINER).create_container()
    made = {"x-ms-version": VERSION, "x-ms-blob-type": "AppendBlob", "If-None-Match": "*"}
    added = {"x-ms-version": VERSION, "x-ms-blob-condition-appendpos": "0"}
    async with aiohttp.ClientSession() as session:

        async def one(number: int) -> None:
            url = f"{running.url}/{CONTAINER}/m{number}.csv"
            async with session.put(f"{url}?{sas}", headers=made) as answer:
                assert answer.status == 201, answer.status
            url = f"{url}?comp=appendblock&{sas}"
            async with session.put(url, data=BODY, headers=added) as answer:
                assert answer.status == 201, answer.status

        return await _measured(running, lambda: _together(one, paths))


_SIDES: Final = {"ours": _ours_there, "sdk": _sdk_there, "bare": _bare_there}


async def _together(one: Callable[[int], Awaitable[None]], paths: int) -> None:
    numbers = iter(range(paths))

    async def some() -> None:
        for number in numbers:
            await one(number)

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))


async def _measured(
    running: Emulator, work: Callable[[], Awaitable[None]]
) -> tuple[float, float, float]:
    """Seconds; of our CPU; of the emulator's."""
    begun = time.perf_counter(), time.process_time(), cpu_of(running.pid)
    await work()
    return (
        time.perf_counter() - begun[0],
        time.process_time() - begun[1],
        cpu_of(running.pid) - begun[2],
    )
