"""What makes each alert of deploy/monitoring come true: something done to a gateway on a store with
troubles, or numbers that no test reaches."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from aiohttp import ClientSession

from aiocollect import Stats
from aiocollect.gateway import Gateway
from aiocollect.stats import LATENCY_BOUNDS, Latencies
from aiocollect.testing import Fault, FaultKind, Operation

__all__ = ["SCENARIOS", "Scenario", "Trouble", "World", "nothing"]


class Trouble:
    """A store's faults, which a scenario switches."""

    def __init__(self) -> None:
        self.kind: FaultKind | None = None

    def __call__(self, operation: Operation, path: str) -> Fault | None:
        return None if self.kind is None else Fault(self.kind)


class World:
    """A gateway on a store with troubles, and what a scenario does with it."""

    def __init__(self, gateway: Gateway, trouble: Trouble, client: ClientSession) -> None:
        self.gateway = gateway
        self.pipeline = gateway.pipeline
        self.trouble = trouble
        self.client = client

    async def post(self, cells: list[Any], *, times: int = 1, path: str = "/collect/m/1/i") -> int:
        status = 0
        for _ in range(times):
            body = {"rows": [[cell] for cell in cells]}
            async with self.client.post(path, json=body) as answer:
                status = answer.status
        return status

    async def until(self, true: Callable[[Stats], object]) -> None:
        async with asyncio.timeout(60):
            while not true(self.pipeline.stats()):
                await asyncio.sleep(0.02)


async def lost(world: World) -> None:
    world.trouble.kind = FaultKind.BUSY
    # What was sent once may have landed, and is kept; what waits behind it is given up.
    assert await world.post([1]) == 202
    await world.until(lambda stats: stats.unknown)
    assert await world.post([2]) == 202
    await world.until(lambda stats: stats.dropped)


async def refused(world: World) -> None:
    assert await world.post([1]) == 202
    body = {"rows": [[1]], "at": -1}
    async with world.client.post("/collect/m/1/i", json=body) as answer:
        assert answer.status == 422


async def held(world: World) -> None:
    world.trouble.kind = FaultKind.CREDENTIAL
    await world.post([1])
    await world.until(lambda stats: stats.held)


async def full(world: World) -> None:
    world.trouble.kind = FaultKind.BUSY
    # Estimates become bytes when the pump has looked, and there is room again; at last none.
    refused = 0
    while refused < 5:
        refused = 0 if await world.post(["x" * 40]) == 202 else refused + 1
        await asyncio.sleep(0.02)


async def dead(world: World) -> None:
    # Smaller ones are taken, so it is this one that is too large.
    await world.post([1, "x" * 2500, 2])
    await world.until(lambda stats: stats.dead_lettered)


async def recorded(world: World) -> None:
    assert await world.post([1]) == 202


async def off(world: World) -> None:
    world.pipeline.set(enabled=False)
    assert await world.post([1]) == 202


async def no_json(world: World) -> None:
    for path in ("/collect/m/1/i", "/events"):
        async with world.client.post(path, data=b"{") as answer:
            assert answer.status in (400, 415)


async def nothing(world: World) -> None:
    pass


class Scenario(NamedTuple):
    """What makes an alert come true: something done to a gateway, or numbers that no test reaches.

    ``series`` is what shows it: its value is another one after ``act`` than before. ``usual`` are
    the numbers before there is trouble.
    """

    series: str
    labels: dict[str, str]
    act: Callable[[World], Awaitable[None]] = nothing
    first: Callable[[World], Awaitable[None]] = nothing
    options: dict[str, str] = {}  # noqa: RUF012
    numbers: dict[str, Any] = {}  # noqa: RUF012
    usual: dict[str, Any] = {}  # noqa: RUF012


def took(*times: float) -> Latencies:
    """So many appends, each of so many seconds, and so on."""
    counts = [0] * (len(LATENCY_BOUNDS) + 1)
    for count, seconds in zip(times[::2], times[1::2], strict=True):
        counts[bisect_left(LATENCY_BOUNDS, seconds)] += int(count)
    return Latencies(counts=tuple(counts), seconds=0.0)


SCENARIOS = {
    "AiocollectRowsLost": Scenario(
        "aiocollect_rows_dropped_total",
        {"reason": "delivery_timeout"},
        act=lost,
        options={"AIOCOLLECT_DELIVERY_TIMEOUT": "0.2"},
    ),
    "AiocollectRowsRefused": Scenario(
        "aiocollect_rows_refused_total", {"reason": "time"}, act=refused
    ),
    "AiocollectPathHeld": Scenario(
        "aiocollect_paths_held", {"reason": "AuthenticationFailed"}, act=held
    ),
    "AiocollectRowsOld": Scenario(
        "aiocollect_oldest_row_age_seconds", {}, numbers={"oldest_age": 61.0}
    ),
    "AiocollectBudgetNearlyUsed": Scenario("aiocollect_budget_used_bytes", {}, act=full),
    "AiocollectSpoolLost": Scenario(
        "aiocollect_rows_unspooled_total", {}, numbers={"unspooled": 1}
    ),
    "AiocollectDeadLetters": Scenario(
        "aiocollect_rows_dead_lettered_total",
        {"reason": "RequestBodyTooLarge"},
        act=dead,
        options={"AIOCOLLECT_MAX_MEMORY_BYTES": "200000"},
    ),
    "AiocollectNothingRecorded": Scenario(
        "aiocollect_sample_rate", {"collector": "m/1/i"}, first=recorded, act=off
    ),
    "AiocollectAppendsSlow": Scenario(
        "aiocollect_append_seconds_bucket",
        {"le": "8.0"},
        usual={"append_latency": took(100, 0.02)},
        numbers={"append_latency": took(100, 0.02, 98, 0.02, 2, 6.0)},
    ),
    "AiocollectLogLost": Scenario("aiocollect_log_lost_total", {}, numbers={"log_lost": 1}),
    "AiocollectHookErrors": Scenario(
        "aiocollect_hook_errors_total", {}, numbers={"hook_errors": 1}
    ),
    "AiocollectGatewayRefuses": Scenario(
        "aiocollect_gateway_requests_total", {"route": "/events", "status": "415"}, act=no_json
    ),
    "AiocollectBlocksRunOut": Scenario(
        "aiocollect_appends_total", {}, numbers={"appends": 45_000, "paths": 1}
    ),
}
