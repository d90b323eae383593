"""Each alert of docs/metrics.md, made to come true, and read from each exporter: the collector of
prometheus_client, OpenTelemetry as its exporters write it for Prometheus, and the gateway."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint, Sum
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from aiocollect import MemoryStore, Pipeline, Stats
from aiocollect.gateway import Gateway, GatewayOptions
from aiocollect.integrations.opentelemetry import observe
from aiocollect.integrations.prometheus import PipelineCollector
from aiocollect.metrics import METRICS, Snapshot
from aiocollect.stats import DEAD_LETTERED, DROPPED, REFUSED
from aiocollect.testing import Fault, FaultKind, Operation
from tests.integrations.promql import Scrape, fires

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


@lru_cache
def alerts() -> dict[str, str]:
    """Those of the page, by name."""
    page = PAGE.read_text(encoding="utf-8")
    return {
        name.strip(): expression
        for name, expression in re.findall(
            r"^\| ([^|`]+) \| `(.+?)`(?: while [^|]*)? \|", page[page.index("## Alerts") :], re.M
        )
    }


def parsed(text: str) -> Scrape:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def by_prometheus(pipeline: Pipeline) -> Callable[[], Scrape]:
    registry = CollectorRegistry()
    registry.register(PipelineCollector(pipeline))
    return lambda: parsed(generate_latest(registry).decode())


def by_opentelemetry(pipeline: Pipeline) -> Callable[[], Scrape]:
    """Names as opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics has them:
    points become underscores, the unit a suffix unless it stands in braces, counters get _total; a
    gauge of the unit 1 would get _ratio."""
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    observe(pipeline, meter_provider=provider)
    units = {"By": "_bytes", "s": "_seconds", "1": "_ratio", "": ""}

    def scrape() -> Scrape:
        data = reader.get_metrics_data()
        assert data is not None
        found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for metric in data.resource_metrics[0].scope_metrics[0].metrics:
            unit = "" if (metric.unit or "").startswith("{") else metric.unit or ""
            name = metric.name.replace(".", "_") + units[unit]
            name += "_total" if isinstance(metric.data, Sum) else ""
            for point in metric.data.data_points:
                assert isinstance(point, NumberDataPoint)
                labels = {key: str(text) for key, text in (point.attributes or {}).items()}
                found[name, frozenset(labels.items())] = point.value
        return found

    return scrape


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


async def old(world: World) -> None:
    world.trouble.kind = FaultKind.BUSY
    await world.post([1])
    await world.until(lambda stats: (stats.oldest_age or 0) > 0.1)


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


async def off(world: World) -> None:
    world.pipeline.set(enabled=False)
    assert await world.post([1]) == 202


async def no_json(world: World) -> None:
    for path in ("/collect/m/1/i", "/events"):
        async with world.client.post(path, data=b"{") as answer:
            assert answer.status in (400, 415)


# Each alert with what makes it come true. The age is that of a test, not of a pager; two are true
# of numbers that no test can come to, and are read from made-up ones below.
SCENARIOS: dict[str, tuple[Callable[[World], Awaitable[None]] | None, dict[str, str]]] = {
    "rows are lost": (lost, {"AIOCOLLECT_DELIVERY_TIMEOUT": "0.2"}),
    "rows are refused": (refused, {}),
    "a path is held": (held, {}),
    "rows get old": (old, {}),
    "the budget runs out": (full, {}),
    "the spool is lost": (None, {}),
    "dead letters": (dead, {}),
    "nothing is recorded": (off, {}),
    "the gateway refuses": (no_json, {}),
    "blocks run out": (None, {}),
}


def test_each_alert_has_a_scenario() -> None:
    """The page has these and no others."""
    assert list(alerts()) == list(SCENARIOS)


@pytest.mark.parametrize("alert", [name for name, (scenario, _) in SCENARIOS.items() if scenario])
def test_it_fires(alert: str) -> None:
    """Before its trouble it is silent, and with the first row that has it it fires, in whatever
    exporter it is asked for."""
    scenario, options = SCENARIOS[alert]
    assert scenario is not None
    expression = alerts()[alert].replace("age_seconds > 60", "age_seconds > 0.1")
    small = {"AIOCOLLECT_MAX_MEMORY_BYTES": "8192", "AIOCOLLECT_MAX_BATCH_BYTES": "2048"}
    environ = {**small, "AIOCOLLECT_LINGER": "0", "AIOCOLLECT_CLOSE_TIMEOUT": "0.1", **options}
    if alert == "dead letters":
        environ |= {"AIOCOLLECT_MAX_MEMORY_BYTES": "200000"}

    async def main() -> None:
        trouble = Trouble()
        store = MemoryStore(faults=trouble, max_block_bytes=2048)
        gateway = Gateway(store, options=GatewayOptions(port=0), environ=environ)
        await gateway.start()
        async with ClientSession(f"http://127.0.0.1:{gateway.port}") as client:

            async def by_gateway() -> Scrape:
                async with client.get("/metrics") as answer:
                    return parsed(await answer.text())

            scrapes = [by_prometheus(gateway.pipeline), by_opentelemetry(gateway.pipeline)]
            if alert == "the gateway refuses":
                scrapes = []  # what only the gateway has
            world = World(gateway, trouble, client)
            if alert == "nothing is recorded":
                await world.post([1])
            befores = [await by_gateway(), *[scrape() for scrape in scrapes]]
            if alert != "nothing is recorded":
                for before in befores:
                    assert fires(expression, before, before) == {}
            await scenario(world)
            afters = [await by_gateway(), *[scrape() for scrape in scrapes]]
            for before, after in zip(befores, afters, strict=True):
                assert fires(expression, before, after), (alert, after)
        await gateway.stop()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("alert", "numbers"),
    [("the spool is lost", {"unspooled": 1}), ("blocks run out", {"appends": 45_000, "paths": 1})],
)
def test_it_fires_on_such_numbers(alert: str, numbers: dict[str, int]) -> None:
    """A disk that fails, a day of 45,000 blocks."""

    class Told(Pipeline):
        numbers: dict[str, int]

        def stats(self) -> Stats:
            found = super().stats()
            return Stats(**{**{n: getattr(found, n) for n in found.__slots__}, **self.numbers})

    pipeline = Told(MemoryStore())
    pipeline.numbers = {}
    scrapes = [by_prometheus(pipeline), by_opentelemetry(pipeline)]
    befores = [scrape() for scrape in scrapes]
    pipeline.numbers = numbers
    for scrape, before in zip(scrapes, befores, strict=True):
        assert fires(alerts()[alert], before, before) == {}
        assert fires(alerts()[alert], before, scrape())


def test_all_exporters_have_the_same_series() -> None:
    """Names and labels, to the letter; and each known reason, before anything has happened."""

    async def main() -> None:
        gateway = Gateway(MemoryStore(), options=GatewayOptions(port=0), environ={})
        await gateway.start()
        url = f"http://127.0.0.1:{gateway.port}/metrics"
        async with ClientSession() as client, client.get(url) as answer:
            text = await answer.text()
        own = {key for key in parsed(text) if not key[0].startswith("aiocollect_gateway_")}
        assert own == set(by_prometheus(gateway.pipeline)())
        assert own == set(by_opentelemetry(gateway.pipeline)())
        for name, reasons in (
            ("refused", REFUSED),
            ("dropped", DROPPED),
            ("dead_lettered", DEAD_LETTERED),
        ):
            for reason in reasons:
                labels = {"pipeline": "default", "reason": reason}
                assert (f"aiocollect_rows_{name}_total", frozenset(labels.items())) in own
        await gateway.stop()

    asyncio.run(main())


def test_no_unit_makes_a_suffix_of_its_own() -> None:
    """The unit 1 would, in exporters of OpenTelemetry's."""
    assert all(metric.unit != "1" for metric in METRICS)
    assert all(metric.read(Snapshot(Pipeline(MemoryStore()).stats(), True)) is not None
        for metric in METRICS)  # fmt: skip
