"""The figures of one case: what was seen of a fleet, as a line of the record."""

from __future__ import annotations

from typing import Any

from aiocollect.cli.plan_figures import day_of

from .cases import Case, need_of
from .fleet import DAY, Seen, run_fleet

__all__ = ["measured"]


def measured(case: Case) -> dict[str, Any]:
    """Simulate the case. Seconds, bytes, counts; a day's counts are those of the whole fleet.

    Raises AssertionError where rows were lost or doubled: then no figure is worth anything.
    """
    fleet = case.fleet
    seen = run_fleet(fleet)
    seen.check()
    line: dict[str, Any] = {
        "case": case.name,
        "writers": case.writers,
        "simulated": fleet.writers,
        "streams": fleet.streams,
        "writer": fleet.writer,
        "round_trip": fleet.round_trip,
        "rate": fleet.rate,
        "seconds": round(fleet.seconds, 1),
        "rows": seen.accepted,
        "left": seen.accepted - seen.stored,
        "age_p50": round(seen.steady.quantile(0.5), 2),
        "age_p99": round(seen.steady.quantile(0.99), 2),
        "after_p99": round(seen.after.quantile(0.99), 2),
        "lost_share": round(_lost(seen), 4),
        "busy_share": round(seen.count(answer="busy") / seen.count(), 4),
        "peak": max(seen.served.values()) * case.shards,
        "memory": seen.memory,
    }
    return {**line, **(_a_day(case, seen) if case.times else {})}


def _lost(seen: Seen) -> float:
    """Of appends of rows that were decided after the beginning."""

    def late(answer: str) -> int:
        key = ("rows", "append", answer)
        return seen.answers.get(key, 0) - seen.early.get(key, 0)

    return late("lost") / max(1, late("lost") + late("ok"))


def _a_day(case: Case, seen: Seen) -> dict[str, Any]:
    fleet, by = case.fleet, case.times * case.shards
    again = seen.count(operation="append") + seen.count(operation="read")
    appends = seen.count(kind="rows", operation="append", answer="ok")
    files = fleet.streams * (1 if fleet.writer == "shared" else fleet.writers)
    requests = again * by + (seen.count() - again) * case.shards
    rows = fleet.rate * fleet.streams * case.writers * DAY
    expected = day_of(need_of(fleet))
    return {
        "times": round(case.times, 2),
        "appends": round(appends * by),
        "log_appends": round(seen.count(kind="log", operation="append", answer="ok") * by),
        "blocks": round(appends * case.times / files),
        "parts": round(seen.parts / files, 1),
        "requests": round(requests),
        "requests_a_million_rows": round(requests / rows * 1e6),
        "expected": {
            "age_p99": round(expected.age, 2),
            "appends": round(expected.appends * case.shards),
            "lost_share": round(expected.lost, 4),
            "requests": round(expected.requests * case.shards),
        },
    }
