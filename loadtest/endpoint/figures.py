"""The figures of a run of the suite as the report shows them: texts in rows, and pictures.

Invariant: a run in which an answered row was lost or doubled has no figures, and none are shown.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

from .plots import Line, draw
from .suite import STEADY, compare

__all__ = ["HEAD", "TITLES", "answered", "audited", "by_axis", "latency", "loads_of", "median"]
__all__ += ["steady", "weather"]

TITLES: Final = {
    "none": "no collector",
    "none again": "no collector, again (noise)",
    "memory": "aiocollect in memory",
    "elsewhere": "aiocollect, a store elsewhere",
    "elsewhere, thread": "the same on a thread of its own",
    "aiocollect": "aiocollect",
    "aiocollect, thread": "aiocollect on a thread of its own",
    "afternoon": "asyncio.Queue + csv.writer + SDK",
    "azureml": "azureml-ai-monitoring",
    "awaited": "an awaited SDK append a request",
}
HEAD: Final = (
    *("", "p50 ms", "p99 ms", "p99.9 ms", "generator late, p99 ms", "CPU µs a request"),
    *("answered", "of", "lost", "doubled"),
)
# A contender has the same color in each picture; azureml's and ours are far apart.
_COLORS: Final = dict(
    zip(TITLES, ("0.5", "0.75", "C2", "C5", "C6", "C0", "C9", "C4", "C3", "C1"), strict=True),
)
_COMPARED: Final = (("p99", "ms of p99"), ("cpu_us", "µs of server CPU a request"))
_PERCENTILES: Final = [(50.0, "50"), (10.0, "90"), (1.0, "99"), (0.1, "99.9"), (0.01, "99.99")]


def steady(results: dict[str, Any], server: str) -> dict[str, Any]:
    """Of one server: a row for each load and contender, the differences, the latencies' picture."""
    runs = [one for one in results["steady"] if one["server"] == server]
    loads = loads_of(results, server)
    rows = [
        {
            "ours": label == "aiocollect",
            "cells": [f"{TITLES[label]}, at {load}", *cells_of(found)],
        }
        for load in loads
        for label, title in TITLES.items()
        if (found := [one for one in runs if (one["load"], one["label"]) == (load, label)])
    ]
    differences = (
        _difference(results["steady"], server, load, ours, *what)
        for load in loads
        for ours in TITLES
        if ours not in ("none", "none again")
        for what in _COMPARED
    )
    return {
        "server": server,
        "saturation": f"{results['saturation'][server]:,.0f}",
        "rows": rows,
        "differences": [text for text in differences if text],
        "picture": latency(results, server),
    }


def loads_of(results: dict[str, Any], server: str) -> list[str]:
    """The loads that a server was run at, in the order of the plan."""
    return list(dict.fromkeys(o["load"] for o in results["steady"] if o["server"] == server))


def latency(results: dict[str, Any], server: str) -> str:
    """Latency by percentile, of each contender's run with the median p99: one of the others may be
    the machine's worst."""
    lines = []
    for label, title in TITLES.items():
        runs = [
            one["figures"]
            for one in results["steady"]
            if (one["server"], one["load"], one["label"]) == (server, STEADY, label)
            and one.get("figures")
        ]
        if runs:
            runs.sort(key=lambda figures: figures["p99"] or 0.0)
            curve = runs[len(runs) // 2]["curve"]
            points = [(100 / (100 - share), ms) for share, ms in curve if share < 100]
            name = title.partition(" + ")[0].partition(" a request")[0]
            lines.append(Line(name, _COLORS[label], points))
    return draw(
        lines,
        x="percentile of requests, at 70 %",
        y="latency, ms",
        log_x=True,
        log_y=True,
        ticks_x=[(100 / share, word) for share, word in _PERCENTILES],
    )


def weather(one: dict[str, Any]) -> dict[str, Any]:
    """Of one run in bad weather: what was answered and stored, and how full the ring was."""
    shown: dict[str, Any] = {"title": one["weather"].capitalize(), "texts": [], "pictures": []}
    if "saturation" in one:
        most = f"It takes {one['saturation']:,.0f} posts of a row a second at most; at 70 %:"
        shown["texts"].append(most)
    if "failed_to_run" in one:
        shown["texts"].append(f"Did not run: {one['failed_to_run']}")
        return shown
    audit, figures = one["audit"], one.get("figures")
    text = (
        f"{one['answered']:,} of {one['offered'] + one.get('unsent', 0):,} requests answered; "
        f"rows lost {audit['lost']}, doubled {audit['doubled']}; stored "
        f"{one['closing_seconds']:.1f} s after SIGTERM at the latest."
    )
    if figures is None:
        shown["texts"].append(f"{text} No figures.")
        return shown
    shown["texts"].append(f"{text} p50 {figures['p50']:.1f} ms, p99 {figures['p99']:.1f} ms.")
    timeline = one.get("timeline") or []
    if len(timeline) > 1:
        seconds = one["schedule"]["seconds"]
        down = (seconds / 3, 2 * seconds / 3, "store down") if one["weather"] == "outage" else None
        rates = [
            Line("accepted", "C0", _rate(timeline, "accepted")),
            Line("stored", "C2", _rate(timeline, "stored")),
        ]
        used = [(point["at"], 100 * point["used"]) for point in timeline]
        ring = [Line("ring's budget used", "C4", used)]
        shown["pictures"] = [
            draw(rates, x="seconds", y="rows a second", band=down),
            draw(ring, x="seconds", y="% of the budget", band=down),
        ]
    return shown


def by_axis(axis: str, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Of one axis of the bulk runs: a row a run; CPU a row over the axis where that is numbers."""
    rows, points = [], []
    for name, one in found.items():
        audit, figures = one.get("audit", {}), one.get("figures")
        if figures:
            cells = [
                f"{figures['rows_a_second']:,.0f}",
                f"{figures['cpu_us_a_row']:,.1f}",
                f"{figures['rows_an_append']:,.0f}",
            ]
        else:
            cells = [one.get("failed_to_run", "no figures")[:120], "", ""]
        rows.append([name, *cells, str(audit.get("lost", "")), str(audit.get("doubled", ""))])
        number = name.replace(",", "")
        if figures and number.isdigit():
            points.append((float(number), figures["cpu_us_a_row"]))
    picture = ""
    if len(points) > 1 and not axis.startswith("processes"):
        line = Line("CPU a row", "C0", points)
        picture = draw([line], x=axis, y="CPU µs a row", log_x=True, log_y=True)
    return {"axis": axis, "rows": rows, "picture": picture}


def cells_of(runs: list[dict[str, Any]]) -> list[str]:
    failed = next((one["failed_to_run"] for one in runs if "failed_to_run" in one), "")
    if failed:
        return [f"did not run: {failed[:120]}", *[""] * (len(HEAD) - 2)]
    figures = [one["figures"] for one in runs if one.get("figures")]
    medians = [
        median([found[name] for found in figures], digits)
        for name, digits in (
            *(("p50", 1), ("p99", 1), ("p99.9", 1), ("send_lateness_p99", 1)),
            ("cpu_us", 0),
        )
    ]
    return [*medians, *(f"{number:,}" for number in answered(runs)), *audited(runs)]


def answered(runs: list[dict[str, Any]]) -> tuple[int, int]:
    due = sum(one.get("offered", 0) + one.get("unsent", 0) for one in runs)
    return sum(one.get("answered", 0) for one in runs), due


def audited(runs: list[dict[str, Any]]) -> list[str]:
    audits = [one["audit"] for one in runs if one.get("audit")]
    return [
        f"{sum(audit[name] for audit in audits):,}" if audits else ""
        for name in ("lost", "doubled")
    ]


def _difference(
    runs: list[dict[str, Any]], server: str, load: str, ours: str, figure: str, unit: str
) -> str:
    found = compare(runs, server, figure, load, ours=ours)
    if found is None:
        return ""
    (low, high), (least, most) = found["cost_range"], found["noise_range"]
    return (
        f"{TITLES[ours]} minus no collector, at {load}: {found['cost']:+.2f} {unit} (median "
        f"of {found['pairs']} pairs, {low:+.2f} to {high:+.2f}). The noise: {found['noise']:+.2f} "
        f"({least:+.2f} to {most:+.2f})."
    )


def median(values: list[float | None], digits: int) -> str:
    known = sorted(value for value in values if value is not None)
    return f"{known[len(known) // 2]:,.{digits}f}" if known else "none"


def _rate(timeline: list[dict[str, float]], name: str) -> list[tuple[float, float]]:
    return [
        (after["at"], (after[name] - before[name]) / (after["at"] - before["at"]))
        for before, after in pairwise(timeline)
        if after["at"] > before["at"]
    ]
