"""Each alert of deploy/monitoring, made to come true and read from each exporter: the collector of
prometheus_client, OpenTelemetry as its exporters write it for Prometheus, and the gateway.

The names and labels are checked here, with no more than Python. Whether the expression fires is
promtool's to say, from the same scrapes; these tests are skipped where it is not installed.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from aiohttp import ClientSession
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
    Sum,
)
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from aiocollect import MemoryStore, Pipeline, Stats
from aiocollect.gateway import Gateway, GatewayOptions
from aiocollect.gateway.metrics import exposition
from aiocollect.integrations.opentelemetry import observe
from aiocollect.integrations.prometheus import PipelineCollector
from aiocollect.metrics import METRICS, snapshot
from aiocollect.stats import DEAD_LETTERED, DROPPED, REFUSED
from tests.integrations.alert_rules import (
    FOLDER,
    Rule,
    Scrape,
    check_rules,
    evaluate,
    evaluate_dashboard,
    rules,
)
from tests.integrations.alert_scenarios import SCENARIOS, Scenario, Trouble, World, nothing

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
RULES = {rule.name: rule for rule in rules()}


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
                labels = {key: str(text) for key, text in (point.attributes or {}).items()}
                if isinstance(point, HistogramDataPoint):
                    found |= buckets(name, labels, point)
                else:
                    assert isinstance(point, NumberDataPoint)
                    found[name, frozenset(labels.items())] = point.value
        return found

    return scrape


def buckets(name: str, labels: dict[str, str], point: HistogramDataPoint) -> Scrape:
    """A histogram as the text format has it."""
    bounds = [*map(str, point.explicit_bounds), "+Inf"]
    found = {
        (f"{name}_bucket", frozenset({**labels, "le": bound}.items())): float(count)
        for bound, count in zip(bounds, accumulate(point.bucket_counts), strict=True)
    }
    found[f"{name}_count", frozenset(labels.items())] = point.count
    found[f"{name}_sum", frozenset(labels.items())] = point.sum
    return found


def by_gateway(pipeline: Pipeline) -> Callable[[], Scrape]:
    return lambda: parsed(
        exposition(
            snapshot(pipeline), routes=(), requests={}, connections=0, turned_away=0, reading=0
        )
    )


EXPORTERS = ("gateway", "prometheus", "opentelemetry")


SMALL = {
    "AIOCOLLECT_MAX_MEMORY_BYTES": "8192",
    "AIOCOLLECT_MAX_BATCH_BYTES": "2048",
    "AIOCOLLECT_LINGER": "0",
    "AIOCOLLECT_CLOSE_TIMEOUT": "0.1",
}
# By exporter: before anything happened, after the first thing, and after the trouble.
Scrapes: TypeAlias = dict[str, list[Scrape]]


@lru_cache
def scrapes_of(alert: str) -> Scrapes:
    """What each exporter that has the alert's metrics says."""
    scenario = SCENARIOS[alert]
    if scenario.numbers:
        return made_up(scenario.usual, scenario.numbers)
    found = asyncio.run(lived(scenario))
    if "gateway" in scenario.series:
        del found["prometheus"], found["opentelemetry"]
    return found


async def lived(scenario: Scenario) -> Scrapes:
    """From a gateway's life."""
    trouble = Trouble()
    store = MemoryStore(faults=trouble, max_block_bytes=2048)
    environ = {**SMALL, **scenario.options}
    gateway = Gateway(store, options=GatewayOptions(port=0), environ=environ)
    await gateway.start()
    by = {
        "prometheus": by_prometheus(gateway.pipeline),
        "opentelemetry": by_opentelemetry(gateway.pipeline),
    }
    found: Scrapes = {"gateway": [], "prometheus": [], "opentelemetry": []}
    async with ClientSession(f"http://127.0.0.1:{gateway.port}") as client:
        for act in (nothing, scenario.first, scenario.act):
            await act(World(gateway, trouble, client))
            async with client.get("/metrics") as answer:
                found["gateway"].append(parsed(await answer.text()))
            for exporter, scrape in by.items():
                found[exporter].append(scrape())
    await gateway.stop()
    return found


class Fixed(Pipeline):
    """A pipeline of which some numbers are given."""

    numbers: dict[str, Any]

    def stats(self) -> Stats:
        return replace(super().stats(), **self.numbers)


def made_up(usual: dict[str, Any], numbers: dict[str, Any]) -> Scrapes:
    """From numbers: rows of a minute's age, a disk that fails, a day of 45,000 blocks."""
    pipeline = Fixed(MemoryStore())
    pipeline.numbers = usual
    by = {
        "gateway": by_gateway(pipeline),
        "prometheus": by_prometheus(pipeline),
        "opentelemetry": by_opentelemetry(pipeline),
    }
    found: Scrapes = {exporter: [] for exporter in by}
    for pipeline.numbers in (usual, usual, numbers):
        for exporter, scrape in by.items():
            found[exporter].append(scrape())
    return found


def test_the_page_has_these_alerts() -> None:
    """metrics.md shows those of the file, with expression and action; each has a scenario."""
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(Aiocollect\w+)` \| (\w+) \| `(.+?)` \| (.+) \|$", page, re.MULTILINE)
    assert rows == [
        (rule.name, rule.severity, rule.expression, rule.action) for rule in RULES.values()
    ]
    assert list(RULES) == list(SCENARIOS)


@pytest.mark.parametrize("alert", RULES)
def test_each_exporter_shows_it(alert: str) -> None:
    """Each has the metrics and the labels that the alert reads, before there is any trouble; and
    the trouble changes the value of its series."""
    scenario, rule = SCENARIOS[alert], RULES[alert]
    found = scrapes_of(alert)
    assert set(found) == ({"gateway"} if "gateway" in alert.lower() else set(EXPORTERS))
    for exporter, scrapes in found.items():
        for number, scrape in enumerate(scrapes):
            assert_known(rule, scrape, f"{exporter}, scrape {number}")
        pipeline = {} if "gateway" in scenario.series else {"pipeline": "default"}
        key = scenario.series, frozenset({**pipeline, **scenario.labels}.items())
        before, after = (scrape.get(key) for scrape in scrapes[1:])
        assert after is not None
        assert before != after, exporter


def assert_known(rule: Rule, scrape: Scrape, where: str) -> None:
    """The scrape has each metric of the rule, with the labels that the rule knows. Paths are held
    in trouble alone: which ones, nobody knows before."""
    assert rule.metrics
    for metric in rule.metrics:
        labels = [{name for name, _ in pairs} for name, pairs in scrape if name == metric]
        assert labels or metric == "aiocollect_paths_held", f"{where}: no {metric}"
        assert all(rule.labels <= names for names in labels), f"{where}: {metric} {rule.labels}"


def test_promtool_reads_the_rules() -> None:
    """All of them."""
    check_rules()


@pytest.mark.parametrize("alert", RULES)
def test_it_fires(alert: str, tmp_path: Path) -> None:
    """Before its trouble it is silent, and with the first look that has it it fires, in whatever
    exporter it is asked for."""
    evaluate(RULES[alert], scrapes_of(alert), tmp_path)


def test_the_dashboards_expressions_have_values(tmp_path: Path) -> None:
    """Each, with its variables at "All", from the scrapes of a gateway whose rows are held."""
    dashboard = json.loads((FOLDER / "grafana.json").read_text())
    targets = [target for panel in dashboard["panels"] for target in panel.get("targets", ())]
    expressions = []
    for target in targets:
        text = re.sub(r"\[\$__(rate_interval|range)\]", "[30m]", target["expr"])
        expressions.append(re.sub(r"\$(job|instance|pipeline)\b", ".*", text))
        assert "$" not in expressions[-1]
    assert len(expressions) > 30
    evaluate_dashboard(expressions, scrapes_of("AiocollectPathHeld")["gateway"], tmp_path)


def test_all_exporters_have_the_same_series() -> None:
    """Names and labels, to the letter; and each known reason, before anything has happened."""

    async def main() -> None:
        gateway = Gateway(MemoryStore(), options=GatewayOptions(port=0), environ={})
        await gateway.start()
        url = f"http://127.0.0.1:{gateway.port}"
        async with ClientSession() as client:
            # OpenTelemetry has no histogram before its first value.
            await client.post(f"{url}/collect/m/1/i", json={"rows": [[1.0]]})
            assert (await gateway.pipeline.flush()).stored == 1
            async with client.get(f"{url}/metrics") as answer:
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
