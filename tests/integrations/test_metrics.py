"""Metrics and spans, with the real packages: what they say is what the pipeline says."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from aiocollect import ConfigError, MemoryStore, Pipeline, Stats
from aiocollect.gateway.metrics import OWN
from aiocollect.integrations.opentelemetry import MAX_LINKS, MAX_WATCHED, AppendSpans, observe
from aiocollect.integrations.prometheus import PipelineCollector
from aiocollect.metrics import HISTOGRAMS, METRICS, Snapshot
from aiocollect.stats import Latencies

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
Key = tuple[str, frozenset[tuple[str, str]]]


def key(name: str, **labels: str) -> Key:
    return name, frozenset({"pipeline": "default", **labels}.items())


# Every field has a number of its own, so that none can stand for another.
STATS = Stats(
    accepted=100,
    stored=51,
    possibly_stored=2,
    dead_lettered={"type": 3, "size": 4},
    dropped={"deadline": 5, "shed": 6},
    in_memory=7,
    in_spool=22,
    adopted=8,
    unspooled=9,
    refused={"ring_full": 10, "shape": 11},
    sampled_out=12,
    redacted_out=23,
    sample_rates={"m/1/inputs": 0.5, "m/1/p": 0.0},
    budget=1000,
    budget_used=13,
    oldest_age=1.5,
    paths=14,
    held={"a/data.csv": "credential", "b/data.csv": "credential", "c/data.csv": "leased"},
    in_flight=15,
    appends=16,
    appended_bytes=17,
    # One of at most 0.0001220703125 s, ten of at most 8 s, five of more than 512 s.
    append_latency=Latencies(counts=(1, *(0,) * 15, 10, *(0,) * 6, 5), seconds=4040.0),
    mismatches=18,
    unknown=19,
    hook_errors=20,
    log_lost=24,
    core="native",
)
# Name in Prometheus, name in OpenTelemetry, label, value.
EXPECTED: list[tuple[str, str, dict[str, str], float]] = [
    ("rows_accepted_total", "rows_accepted", {}, 100),
    ("rows_stored_total", "rows_stored", {}, 51),
    ("rows_possibly_stored_total", "rows_possibly_stored", {}, 2),
    ("rows_dead_lettered_total", "rows_dead_lettered", {"reason": "type"}, 3),
    ("rows_dead_lettered_total", "rows_dead_lettered", {"reason": "size"}, 4),
    ("rows_dropped_total", "rows_dropped", {"reason": "deadline"}, 5),
    ("rows_dropped_total", "rows_dropped", {"reason": "shed"}, 6),
    ("rows_in_memory", "rows_in_memory", {}, 7),
    ("rows_in_spool", "rows_in_spool", {}, 22),
    ("rows_adopted_total", "rows_adopted", {}, 8),
    ("rows_unspooled_total", "rows_unspooled", {}, 9),
    ("rows_refused_total", "rows_refused", {"reason": "ring_full"}, 10),
    ("rows_refused_total", "rows_refused", {"reason": "shape"}, 11),
    ("rows_sampled_out_total", "rows_sampled_out", {}, 12),
    ("rows_redacted_out_total", "rows_redacted_out", {}, 23),
    ("sample_rate", "sample_rate", {"collector": "m/1/inputs"}, 0.5),
    ("sample_rate", "sample_rate", {"collector": "m/1/p"}, 0),
    ("budget_bytes", "budget", {}, 1000),
    ("budget_used_bytes", "budget_used", {}, 13),
    ("oldest_row_age_seconds", "oldest_row_age", {}, 1.5),
    ("paths", "paths", {}, 14),
    ("paths_held", "paths_held", {"reason": "credential"}, 2),
    ("paths_held", "paths_held", {"reason": "leased"}, 1),
    ("requests_in_flight", "requests_in_flight", {}, 15),
    ("appends_total", "appends", {}, 16),
    ("appended_bytes_total", "appended", {}, 17),
    ("append_mismatches_total", "append_mismatches", {}, 18),
    ("unknown_outcomes_total", "unknown_outcomes", {}, 19),
    ("hook_errors_total", "hook_errors", {}, 20),
    ("log_lost_total", "log_lost", {}, 24),
    ("native_core", "native_core", {}, 1),
    ("healthy", "healthy", {}, 1),
]
# Known reasons are there from the beginning.
for _name, _reasons in (
    ("rows_dead_lettered", ["encode", "layout", "RequestBodyTooLarge"]),
    ("rows_dropped", ["closed", "delivery_timeout", "shed_oldest", "spool"]),
    (
        "rows_refused",
        [
            *("closed", "config", "day", "encode", "full", "id", "layout", "media", "redact"),
            *("row", "schema_overflow", "streams", "time", "too_large", "type"),
        ],
    ),
):
    EXPECTED += [(f"{_name}_total", _name, {"reason": reason}, 0) for reason in _reasons]


# The text format writes how many took no longer than each bound.
_BELOW = {**dict.fromkeys(range(-13, 3), 1), **dict.fromkeys(range(3, 10), 11)}
SPREAD = {
    **{
        key("aiocollect_append_seconds_bucket", le=str(2.0**power)): count
        for power, count in _BELOW.items()
    },
    key("aiocollect_append_seconds_bucket", le="+Inf"): 16,
    key("aiocollect_append_seconds_count"): 16,
    key("aiocollect_append_seconds_sum"): 4040,
}


class Told(Pipeline):
    """A pipeline that says what it was told to say; counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.asked = 0
        self.told = STATS

    def stats(self) -> Stats:
        self.asked += 1
        return self.told

    def healthy(self, *, max_age: float = 30.0) -> bool:
        return True


def scrape(*arguments: Any) -> dict[Key, float]:
    """What a Prometheus would read."""
    registry = CollectorRegistry()
    registry.register(PipelineCollector(*arguments))
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


def exported(
    reader: InMemoryMetricReader, spreads: dict[str, HistogramDataPoint] | None = None
) -> dict[Key, float]:
    """What an OpenTelemetry reader would export; histograms go into ``spreads``."""
    spreads = {} if spreads is None else spreads
    data = reader.get_metrics_data()
    assert data is not None
    found: dict[Key, float] = {}
    for metric in data.resource_metrics[0].scope_metrics[0].metrics:
        for point in metric.data.data_points:
            if isinstance(point, HistogramDataPoint):
                spreads[metric.name] = point
                continue
            assert isinstance(point, NumberDataPoint)
            labels = {name: str(text) for name, text in (point.attributes or {}).items()}
            found[metric.name, frozenset(labels.items())] = point.value
    return found


def test_the_oracle_is_whole() -> None:
    """Every field of the stats is in it, by values that the equation holds for."""
    values = {value for *_, value in EXPECTED}
    for field in dataclasses.fields(Stats):
        value = getattr(STATS, field.name)
        if field.name not in ("held", "append_latency", "core"):
            assert set(value.values() if isinstance(value, dict) else [value]) <= values, field
    lost = sum(STATS.dead_lettered.values()) + sum(STATS.dropped.values())
    kept = STATS.in_memory + STATS.in_spool
    assert STATS.accepted == STATS.stored + STATS.possibly_stored + lost + kept


def test_prometheus() -> None:
    """All of it, with reasons as labels, and nothing else."""
    wanted = {key(f"aiocollect_{name}", **labels): value for name, _, labels, value in EXPECTED}
    assert scrape(Told()) == wanted | SPREAD


def test_several_pipelines() -> None:
    """One family for all, told apart by the label; each asked once a scrape."""
    first, second = Told(), Told()
    second.told = dataclasses.replace(STATS, stored=0, in_memory=58, oldest_age=None)
    found = scrape({"a": first, "b": second})
    assert found["aiocollect_rows_stored_total", frozenset({("pipeline", "a")})] == 51
    assert found["aiocollect_rows_stored_total", frozenset({("pipeline", "b")})] == 0
    assert found["aiocollect_oldest_row_age_seconds", frozenset({("pipeline", "b")})] == 0
    assert (first.asked, second.asked) == (1, 1)


@pytest.mark.parametrize("wrong", ["pipeline", {"a": "pipeline"}])
def test_no_pipeline(wrong: Any) -> None:
    """Is refused at once, not at the first scrape."""
    with pytest.raises(ConfigError, match="Pipeline"):
        PipelineCollector(wrong)
    with pytest.raises(ConfigError, match="Pipeline"):
        observe(wrong)


def test_opentelemetry() -> None:
    """The same, and of one moment: the pipeline is asked once a collection, by each reader."""
    pipeline, readers = Told(), [InMemoryMetricReader(), InMemoryMetricReader()]
    provider = MeterProvider(metric_readers=readers)
    observe(pipeline, meter_provider=provider)
    wanted = {key(f"aiocollect.{name}", **labels): value for _, name, labels, value in EXPECTED}
    spreads: dict[str, HistogramDataPoint] = {}
    assert exported(readers[0], spreads) == wanted
    spread = spreads["aiocollect.append"]
    assert tuple(spread.explicit_bounds) == tuple(2.0**power for power in range(-13, 10))
    assert tuple(spread.bucket_counts) == STATS.append_latency.counts
    more = Latencies(counts=(3, *STATS.append_latency.counts[1:]), seconds=4040.1)
    pipeline.told = dataclasses.replace(STATS, stored=58, in_memory=0, append_latency=more)
    assert exported(readers[1])[key("aiocollect.rows_stored")] == 58
    assert exported(readers[0], spreads)[key("aiocollect.rows_in_memory")] == 0
    assert tuple(spreads["aiocollect.append"].bucket_counts) == more.counts
    assert pipeline.asked == 3
    provider.shutdown()


def test_a_running_pipeline() -> None:
    """Read from another thread than the one it lives on, while it lives and when it is closed."""
    pipeline = Pipeline(MemoryStore(), host="thread")
    pipeline.collector("m", feature_names=["a"]).collect([[1.0], [2.0]])
    pipeline.collector("m", identifier="i", feature_names=["a"]).collect([1.0, 2.0, 3.0, "?"])
    accepted = key("aiocollect_rows_accepted_total")
    assert scrape(pipeline)[accepted] == 6
    pipeline.close()
    found = scrape(pipeline)
    assert found[key("aiocollect_rows_stored_total")] == found[accepted] == 6
    assert found[key("aiocollect_healthy")] == 0


def test_the_page_names_each_metric() -> None:
    """docs/reference/metrics.md has all metrics, with kind, label and help text, and no other."""
    found = re.findall(
        r"^\| `(aiocollect_\w+)` \| (\w+) \| ([\w, ]*?) *\| (.+) \|$", PAGE.read_text(), re.M
    )
    wanted: list[tuple[str, ...]] = [
        (m.exposed_name, m.kind, m.label or "", m.text) for m in METRICS
    ]
    wanted += [(m.name, "histogram", "", m.text) for m in HISTOGRAMS]
    own = [(m.name, m.kind, ", ".join(m.label_names), m.text) for m in OWN]
    assert found == wanted + own
    for metric in METRICS:
        metric.read(Snapshot(STATS, True))  # none needs more than a snapshot
    known = {row[0] for row in found} | {f"{m.name}_bucket" for m in HISTOGRAMS}
    for name in re.findall(r"aiocollect_\w+", PAGE.read_text()):
        assert name in known, f"{name}: there is no such metric"


# Spans --------------------------------------------------------------------------------------------


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Keeps the spans."""
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> Iterator[TracerProvider]:
    """An application's tracing."""
    found = TracerProvider()
    found.add_span_processor(SimpleSpanProcessor(exporter))
    yield found
    found.shutdown()


def appends(exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == "aiocollect.append"]


def linked(span: ReadableSpan) -> set[int]:
    return {link.context.span_id for link in span.links}


def test_a_span_for_each_append(provider: TracerProvider, exporter: InMemorySpanExporter) -> None:
    """However many rows it has; linked to each request once whose rows it stored, and to no other;
    as long as its earliest request has waited."""
    spans = AppendSpans(tracer_provider=provider)
    requests = provider.get_tracer("app")

    async def main() -> None:
        async with Pipeline(MemoryStore(), linger=60.0, hooks=[spans]) as pipeline:
            collector = pipeline.collector("m", feature_names=["a"])
            ids: list[str | None] = []
            wanted = []
            for _ in range(3):
                with requests.start_as_current_span("request") as span:
                    receipts = [collector.collect_receipt([[1.0], [2.0]]) for _ in range(2)]
                    ids += [spans.watch(receipt) for receipt in receipts]
                    wanted.append(span.get_span_context().span_id)
            collector.collect([3.0])  # nobody watches
            assert len(set(ids)) == 6
            await pipeline.flush()
            (first,) = appends(exporter)
            assert linked(first) == set(wanted)
            assert len(first.links) == 3
            assert first.attributes is not None
            assert first.attributes["aiocollect.rows"] == 13
            assert first.attributes["aiocollect.calls_watched"] == 6
            assert first.parent is None
            (begun, *_) = [s for s in exporter.get_finished_spans() if s.name == "request"]
            times = [begun.start_time, first.start_time, begun.end_time, first.end_time]
            assert times == sorted(time for time in times if time)
            with requests.start_as_current_span("request"):
                collector.collect([4.0])
            await pipeline.flush()
            (_, second) = appends(exporter)
            assert second.links == ()
            assert second.parent is None

    asyncio.run(main())
    assert repr(spans) == "<AppendSpans, 0 calls under way>"


def test_calls_without_an_append(provider: TracerProvider, exporter: InMemorySpanExporter) -> None:
    """What was refused, or lost, gives no link to anybody's append, and is forgotten."""
    spans = AppendSpans(tracer_provider=provider)
    store = MemoryStore(max_block_bytes=200)

    async def main() -> None:
        # Without a log, whose records are larger than the store's blocks: the close would wait.
        async with Pipeline(store, linger=60.0, hooks=[spans], log=False) as pipeline:
            collector = pipeline.collector("m", feature_names=["a"])
            collector.collect([2.0])
            with provider.get_tracer("app").start_as_current_span("request"):
                assert spans.watch(collector.collect_receipt([[1.0, 2.0]])) is None
                # Stored by nobody, since it is larger than any block; what is smaller is.
                assert spans.watch(collector.collect_receipt(["x" * 300])) is not None
            report = await pipeline.flush()
            assert (report.stored, sum(report.dead_lettered.values())) == (1, 1)
            collector.collect([3.0])
            await pipeline.flush()

    asyncio.run(main())
    assert [span.links for span in appends(exporter)] == [(), ()]
    assert repr(spans) == "<AppendSpans, 0 calls under way>"


def test_bounds(provider: TracerProvider, exporter: InMemorySpanExporter) -> None:
    """Of calls under way, and of a span's links, no more are kept than said; none is in error."""
    spans = AppendSpans(tracer_provider=provider)

    async def main() -> None:
        async with Pipeline(MemoryStore(), linger=60.0, hooks=[spans]) as pipeline:
            collector = pipeline.collector("m", feature_names=["a"])
            for _ in range(MAX_WATCHED + 10):
                with provider.get_tracer("app").start_as_current_span("request"):
                    spans.watch(collector.collect_receipt([1.0]))
            assert repr(spans) == f"<AppendSpans, {MAX_WATCHED} calls under way>"
            await pipeline.flush()
            assert pipeline.stats().hook_errors == 0

    asyncio.run(main())
    span = appends(exporter)[0]
    assert len(span.links) == MAX_LINKS
    assert span.dropped_links == 0


def test_no_sdk() -> None:
    """Without one nothing is watched, and nothing is in the way."""
    spans = AppendSpans()

    async def main() -> None:
        async with Pipeline(MemoryStore(), hooks=[spans]) as pipeline:
            collector = pipeline.collector("m", feature_names=["a"])
            assert spans.watch(collector.collect_receipt([1.0])) is not None
            assert repr(spans) == "<AppendSpans, 0 calls under way>"

    asyncio.run(main())
