"""Metrics: what the pipeline and the gateway count, in Prometheus's text format (version 0.0.4).

Written by hand: it is a dozen lines, and the gateway then needs nothing beyond the core. Labels are
reasons, routes and statuses alone, so that their number is bounded; no path, no model, no cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aiocollect import Stats

__all__ = ["CONTENT_TYPE", "exposition"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_COUNTERS = {
    "accepted": "rows accepted, those taken over from other lives included",
    "stored": "rows stored for good",
    "possibly_stored": "rows whose end the pipeline's close cut short",
    "adopted": "rows taken over from the spools of other lives",
    "unspooled": "accepted rows that the disk did not take",
    "sampled_out": "rows of calls that sampling left out",
    "appends": "acknowledged blocks",
    "appended_bytes": "bytes of acknowledged blocks",
    "mismatches": "appends answered with: condition failed",
    "unknown": "requests to the store whose outcome stayed open",
    "hook_errors": "errors that hooks raised",
}
_BY_REASON = {
    "refused": "rows that were not accepted",
    "dropped": "accepted rows that were lost",
    "dead_lettered": "accepted rows that can never be stored",
}
_GAUGES = {
    "in_memory": "rows that wait in memory",
    "in_spool": "rows that are on the disk alone",
    "budget": "bytes that rows may take in memory",
    "budget_used": "bytes that they take",
    "paths": "paths with a lane",
    "in_flight": "requests to the store under way",
}


def exposition(
    stats: Stats,
    *,
    requests: Mapping[tuple[str, int], int],
    connections: int,
    turned_away: int,
    reading: int,
) -> str:
    """All of it as text. ``requests``: by route and status."""
    return "\n".join(_lines(stats, requests, connections, turned_away, reading)) + "\n"


def _lines(
    stats: Stats,
    requests: Mapping[tuple[str, int], int],
    connections: int,
    turned_away: int,
    reading: int,
) -> Iterator[str]:
    for name, help_ in _COUNTERS.items():
        yield from _one(f"{name}_total", "counter", help_, getattr(stats, name))
    for name, help_ in _BY_REASON.items():
        yield from _about(f"{name}_total", "counter", help_)
        for reason, rows in sorted(getattr(stats, name).items()):
            yield f'aiocollect_{name}_total{{reason="{_escaped(reason)}"}} {rows}'
    for name, help_ in _GAUGES.items():
        yield from _one(name, "gauge", help_, getattr(stats, name))
    yield from _one("held", "gauge", "paths that wait for an operator", len(stats.held))
    help_ = "seconds since the oldest row that is not final was taken; 0 without one"
    yield from _one("oldest_age_seconds", "gauge", help_, stats.oldest_age or 0)
    name = "gateway_requests_total"
    yield from _about(name, "counter", "answered requests")
    for (route, status), count in sorted(requests.items()):
        yield f'aiocollect_{name}{{route="{_escaped(route)}",status="{status}"}} {count}'
    yield from _one("gateway_connections", "gauge", "open connections", connections)
    help_ = "connections above the limit"
    yield from _one("gateway_turned_away_total", "counter", help_, turned_away)
    yield from _one("gateway_reading_bytes", "gauge", "bytes of bodies being read", reading)


def _one(name: str, kind: str, help_: str, value: float) -> Iterator[str]:
    yield from _about(name, kind, help_)
    yield f"aiocollect_{name} {value}"


def _about(name: str, kind: str, help_: str) -> Iterator[str]:
    yield f"# HELP aiocollect_{name} {help_}"
    yield f"# TYPE aiocollect_{name} {kind}"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
