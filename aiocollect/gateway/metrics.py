"""What the pipeline and the gateway count, in Prometheus's text format (version 0.0.4).

The pipeline's metrics are those of the table that all exporters share (aiocollect/metrics.py), and
the gateway adds its own. The format is written by hand: it takes a dozen lines, and so the gateway
needs nothing but the core. Labels are reasons, collectors, routes and statuses, so their number is
bounded; never a path or a cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from aiocollect.metrics import HISTOGRAMS, METRICS, Histogram, Snapshot

__all__ = ["CONTENT_TYPE", "OWN", "GatewayMetric", "exposition"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Their series exist from the beginning, at 0: an alert on an increase would miss the first event of
# a series that begins with it.
_STATUSES = (200, 202, 400, 401, 408, 413, 415, 422, 429, 500, 503)


class GatewayMetric(NamedTuple):
    """A metric of the gateway alone."""

    name: str
    kind: str
    label_names: tuple[str, ...]
    text: str


OWN = (
    GatewayMetric(
        "aiocollect_gateway_requests_total",
        "counter",
        ("route", "status"),
        "Answered requests.",
    ),
    GatewayMetric("aiocollect_gateway_connections", "gauge", (), "Open connections."),
    GatewayMetric(
        "aiocollect_gateway_turned_away_total",
        "counter",
        (),
        "Connections above the limit; each was answered with 503.",
    ),
    GatewayMetric(
        "aiocollect_gateway_reading_bytes",
        "gauge",
        (),
        "Bytes of request bodies that are being read.",
    ),
)

_Series = tuple[Mapping[str, str], float]


def exposition(
    seen: Snapshot,
    *,
    routes: Iterable[str],
    requests: Mapping[tuple[str, int], int],
    connections: int,
    turned_away: int,
    reading: int,
) -> str:
    """The metrics as text. ``requests``: how many were answered, by route and status."""
    begin = {(route, status): 0 for route in routes for status in _STATUSES}
    counted = sorted({**begin, **requests}.items())
    own: tuple[list[_Series], ...] = (
        [({"route": route, "status": str(code)}, count) for (route, code), count in counted],
        [({}, connections)],
        [({}, turned_away)],
        [({}, reading)],
    )
    lines: list[str] = []
    for metric in METRICS:
        series = metric.series(seen, pipeline="default")
        lines += _family(metric.exposed_name, metric.kind, metric.text, series)
    for histogram in HISTOGRAMS:
        lines += _spread(histogram, seen)
    for (name, kind, _, text), found in zip(OWN, own, strict=True):
        lines += _family(name, kind, text, found)
    return "\n".join(lines) + "\n"


def _family(name: str, kind: str, text: str, series: Iterable[_Series]) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in series:
        pairs = ",".join([f'{key}="{_escaped(label)}"' for key, label in labels.items()])
        yield f"{name}{{{pairs}}} {value}" if pairs else f"{name} {value}"


def _spread(histogram: Histogram, seen: Snapshot) -> Iterator[str]:
    name, latencies = histogram.name, histogram.read(seen)
    yield f"# HELP {name} {histogram.text}"
    yield f"# TYPE {name} histogram"
    for bound, count in histogram.buckets(seen):
        yield f'{name}_bucket{{pipeline="default",le="{bound}"}} {count}'
    yield f'{name}_sum{{pipeline="default"}} {latencies.seconds}'
    yield f'{name}_count{{pipeline="default"}} {latencies.appends}'


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
