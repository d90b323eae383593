"""The generator against a server that stalls; one small run of each kind against the emulator."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from loadtest.endpoint import bulk_run
from loadtest.endpoint import case as server_run
from loadtest.endpoint.bulk_run import Bulk
from loadtest.endpoint.case import Case
from loadtest.endpoint.generator import Generator
from loadtest.harness import processes
from loadtest.harness.stage import Stage
from testkit.child import ROOT, Child
from testkit.emulator import Emulator


async def _against(handler: Any, task: dict[str, Any]) -> Generator:
    app = web.Application()
    app.router.add_post("/score", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    generator = Generator(
        {
            "url": f"http://127.0.0.1:{runner.addresses[0][1]}/score",
            "seed": 1,
            "shard": 0,
            "shards": 1,
            "warm_up": 0.0,
            "columns": 3,
            **task,
        }
    )
    try:
        await generator.run(time.monotonic())
    finally:
        await runner.cleanup()
    return generator


@pytest.mark.asyncio
async def test_latency_counts_from_the_moment_a_request_was_due() -> None:
    """A server that stands still for half a second spoils all requests that were due meanwhile, not
    only those that it had: no coordinated omission."""
    held = asyncio.Event()
    seen = 0

    async def score(_: web.Request) -> web.Response:
        nonlocal seen
        seen += 1
        if seen == 1:
            asyncio.get_running_loop().call_later(0.5, held.set)
        await held.wait()
        return web.json_response([1.0])

    task = {"schedule": {"kind": "constant", "rate": 100.0, "seconds": 0.5}}
    generator = await _against(score, task)
    assert len(generator.answered) == 50
    # The first one waited for 500 ms, the last one for 10: the median for about 250.
    median = generator.latencies.at(50.0)
    assert median is not None
    assert median > 0.2
    assert sorted(generator.answered) == [*range(1, 51)]


@pytest.mark.asyncio
async def test_what_fails_is_counted_and_what_has_no_room_is_not_sent() -> None:
    """Neither has a latency; an answer that is no 200 is a failure."""
    held = asyncio.Event()

    async def score(request: web.Request) -> web.Response:
        if b"[[1.0" in await request.read():
            return web.Response(status=503)
        asyncio.get_running_loop().call_later(0.3, held.set)
        await held.wait()
        return web.json_response([1.0])

    schedule = {"kind": "constant", "rate": 1000.0, "seconds": 0.02}
    generator = await _against(score, {"schedule": schedule, "limit": 5})
    told = generator.told()
    assert told["failed"] == {"503": 1}
    assert told["unsent"] >= 10
    assert told["offered"] + told["unsent"] == 20
    assert generator.latencies.count == told["answered"] == told["offered"] - 1


@pytest.mark.asyncio
async def test_shards_share_a_schedule() -> None:
    """Each takes its own, together all, none twice."""

    async def score(_: web.Request) -> web.Response:
        return web.json_response([1.0])

    schedule = {"kind": "constant", "rate": 200.0, "seconds": 0.1}
    halves = [
        await _against(score, {"schedule": schedule, "shard": shard, "shards": 2})
        for shard in (0, 1)
    ]
    assert sorted(key for half in halves for key in half.answered) == [*range(1, 21)]


class Late:
    """A child that is ready when it is told to be."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.told: list[float] = []

    async def hear(self, word: str, *, timeout: float) -> dict[str, Any]:
        assert word == "ready"
        await self.ready.wait()
        return {}

    async def tell(self, *, begin: float) -> None:
        self.told.append(begin)


@pytest.mark.asyncio
async def test_all_children_begin_at_one_moment() -> None:
    """None is told before all are ready; all are told the same moment, and it is to come."""
    children: list[Any] = [Late(), Late(), Late()]
    going = asyncio.ensure_future(processes.go(children, timeout=1.0))
    for child in reversed(children):
        for _ in range(5):
            await asyncio.sleep(0)
        assert not any(other.told for other in children)
        child.ready.set()
    ready = time.monotonic()
    begin = await going
    assert [child.told for child in children] == [[begin]] * 3
    assert begin > ready


@pytest.mark.asyncio
async def test_a_generator_waits_for_the_word(tmp_path: Path) -> None:
    """And ends by itself where the parent is gone."""
    task = {
        "url": "http://127.0.0.1:9/score",
        "schedule": {"kind": "constant", "rate": 10.0, "seconds": 0.1},
        "keys": str(tmp_path / "keys"),
        "seed": 1,
        "shard": 0,
        "shards": 1,
        "warm_up": 0.0,
        "columns": 3,
    }
    async with Child("loadtest.endpoint.generator", task, log=tmp_path / "log") as one:
        await processes.go([one], timeout=30)
        assert (await one.hear("ended", timeout=30))["failed"] == {"ConnectionRefusedError": 1}
    orphan = subprocess.run(
        [sys.executable, "-m", "loadtest.endpoint.generator", json.dumps(task)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert orphan.returncode
    assert b"the parent is gone" in orphan.stderr


@pytest.mark.azurite
@pytest.mark.parametrize(
    ("recorder", "server", "weather"),
    [
        ("aiocollect", "aiohttp", "outage"),
        ("aiocollect", "fastapi", "fair"),
        ("afternoon", "aiohttp", "fair"),
        ("none", "aiohttp", "fair"),
        ("gateway", "gateway", "fair"),
    ],
)
def test_a_server_under_load(
    azurite: Emulator, tmp_path: Path, recorder: str, server: str, weather: str
) -> None:
    """From the first request to the audit; also with a store that goes down meanwhile."""
    schedule = {"kind": "poisson", "rate": 60.0, "seconds": 1.5}
    case = Case(
        recorder=recorder,
        server=server,
        weather=weather,
        timeline=weather != "fair",
        schedule=schedule,
        warm_up=0.3,
    )
    result = asyncio.run(server_run.run(Stage(azurite, tmp_path), case))
    assert (result["offered"], result["answered"], result["failed"]) == (90, 90, {})
    assert result["audit"] is None or result["audit"]["good"]
    assert result["figures"]["p50"] > 0
    assert result["figures"]["cpu_us"] > 0
    assert bool(result["timeline"]) is case.timeline
    for point in result["timeline"]:
        assert point.keys() >= {"at", "accepted", "stored", "used"}


@pytest.mark.azurite
def test_a_case_bounds_what_waits(azurite: Emulator, tmp_path: Path) -> None:
    """As ramps do: of 400 requests that are due at once most are not sent."""
    schedule = {"kind": "constant", "rate": 1e6, "seconds": 4e-4}
    case = Case(recorder="none", schedule=schedule, warm_up=0.0, limit=3)
    result = asyncio.run(server_run.run(Stage(azurite, tmp_path), case))
    assert result["offered"] + result["unsent"] == 400
    assert result["unsent"] > 0
    assert result["answered"] == result["offered"]


@pytest.mark.azurite
def test_a_run_that_loses_a_row_has_no_figures(
    azurite: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The auditor's word decides."""
    stored = Stage.stored

    async def lossy(self: Stage, *given: Any) -> list[int]:
        return (await stored(self, *given))[1:]

    monkeypatch.setattr(Stage, "stored", lossy)
    result = asyncio.run(bulk_run.run(Stage(azurite, tmp_path), Bulk(rows=100)))
    assert result["audit"]["lost"] == 1
    assert "figures" not in result


@pytest.mark.azurite
@pytest.mark.parametrize(
    "bulk",
    [
        Bulk(rows=400, rows_a_call=100),
        Bulk(rows=60, columns=30, text=True, options={"format": "jsonl"}),
        Bulk(rows=100, paths=5, options={"host": "thread"}),
        Bulk(rows=100, processes=2),
    ],
    ids=["calls of many rows", "texts", "thread", "processes"],
)
def test_rows_as_fast_as_the_store_takes_them(
    azurite: Emulator, tmp_path: Path, bulk: Bulk
) -> None:
    """All of them are found by the auditor."""
    result = asyncio.run(bulk_run.run(Stage(azurite, tmp_path), bulk))
    assert result["audit"]["good"]
    assert result["audit"]["stored"] == bulk.rows
    assert result["figures"]["rows_a_second"] > 0
