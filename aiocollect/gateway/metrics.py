"""Metrics: what the pipeline and the gateway count, in Prometheus's text format (version 0.0.4).

The pipeline's are those of the table that all doors have (aiocollect/metrics.py). Written by hand:
it is a dozen lines, and the gateway then needs nothing beyond the core. Labels are reasons,
collectors, routes and statuses alone, so that their number is bounded; no path, no cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from aiocollect.metrics import METRICS, Snapshot

__all__ = ["CONTENT_TYPE", "OWN", "exposition"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# The gateway's own: name, kind, label names, what it says.
OWN = (
    ("gateway_requests_total", "counter", ("route", "status"), "Answered requests."),
    ("gateway_connections", "gauge", (), "Open connections."),
    ("gateway_turned_away_total", "counter", (), "Connections above the limit."),
    ("gateway_reading_bytes", "gauge", (), "Bytes of bodies that are being read."),
)
# Each is there from the beginning, at 0: else an alert on an increase would miss the first one.
_STATUSES = (200, 202, 400, 401, 408, 413, 415, 422, 429, 500, 503)

_Sample = tuple[Mapping[str, str], float]


def exposition(
    seen: Snapshot,
    *,
    routes: Iterable[str],
    requests: Mapping[tuple[str, int], int],
    connections: int,
    turned_away: int,
    reading: int,
) -> str:
    """All of it as text. ``requests``: by route and status."""
    begin = {(route, status): 0 for route in routes for status in _STATUSES}
    counted = sorted({**begin, **requests}.items())
    own: tuple[list[_Sample], ...] = (
        [({"route": route, "status": str(code)}, count) for (route, code), count in counted],
        [({}, connections)],
        [({}, turned_away)],
        [({}, reading)],
    )
    lines: list[str] = []
    for metric in METRICS:
        suffix = "_total" if metric.kind == "counter" else ""
        samples: list[_Sample] = []
        for label, value in metric.read(seen).items():
            named = {} if metric.label is None else {metric.label: label}
            samples.append(({"pipeline": "default", **named}, value))
        lines += _family(metric.name + suffix, metric.kind, metric.text, samples)
    for (name, kind, _, text), samples in zip(OWN, own, strict=True):
        lines += _family(f"aiocollect_{name}", kind, text, samples)
    return "\n".join(lines) + "\n"


def _family(name: str, kind: str, text: str, samples: Iterable[_Sample]) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        said = ",".join([f'{key}="{_escaped(label)}"' for key, label in labels.items()])
        yield f"{name}{{{said}}} {value}" if said else f"{name} {value}"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
