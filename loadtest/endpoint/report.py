"""The report: one HTML page that needs nothing else, of the JSON that a run of the suite gave."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import Any, Final

from .plots import Line, plot
from .suite import STEADY, compare

__all__ = ["as_html", "as_markdown", "as_svg"]

TITLES: Final = {
    "none": "no collector",
    "none again": "no collector, again (noise)",
    "aiocollect": "aiocollect",
    "memory": "aiocollect in memory",
    "afternoon": "asyncio.Queue + csv.writer + SDK",
    "azureml": "azureml-ai-monitoring",
    "awaited": "an awaited SDK append a request",
}
_READ_IT: Final = (
    "<p>Latency counts from the moment a request was due (open loop), so what the generator itself "
    "was late is in it, and shown beside it. A run in which an answered row was lost or doubled "
    "has no figures. Failed requests have no latency.</p>"
)
_TAIL: Final = [(50.0, "50"), (10.0, "90"), (1.0, "99"), (0.1, "99.9"), (0.01, "99.99")]
_STYLE: Final = """
:root{--fg:#1b1f24;--bg:#fff;--soft:#6a737d;--rule:#e1e4e8;--band:#fff1d6;
--c0:#8b949e;--c1:#c4cbd3;--c2:#0969da;--c3:#1a7f37;--c4:#8250df;--c5:#cf222e;--c6:#bf8700}
@media(prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;--soft:#8b949e;--rule:#30363d;
--band:#3a2d12;--c0:#8b949e;--c1:#57606a;--c2:#58a6ff;--c3:#3fb950;--c4:#bc8cff;--c5:#ff7b72;--c6:#e3b341}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:52rem;
margin:2rem auto;padding:0 1rem}h1{margin-bottom:0}h2{margin-top:2.5rem}
p.about,td.soft{color:var(--soft)}table{border-collapse:collapse;width:100%;font-size:.92rem}
td,th{padding:.3rem .5rem;border-bottom:1px solid var(--rule);text-align:right}
td:first-child,th:first-child{text-align:left}tr.ours td{font-weight:600}
svg{width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:var(--fg)}
.end{text-anchor:end}.middle{text-anchor:middle}svg .name{fill:var(--soft)}
.grid{stroke:var(--rule)}.band{fill:var(--band)}.line{fill:none;stroke-width:2}
.c0{stroke:var(--c0)}.c1{stroke:var(--c1)}.c2{stroke:var(--c2)}.c3{stroke:var(--c3)}
.c4{stroke:var(--c4)}.c5{stroke:var(--c5)}.c6{stroke:var(--c6)}.dot.c2{fill:var(--c2)}.dot.c3{fill:var(--c3)}
"""


def as_html(results: dict[str, Any]) -> str:
    """The page."""
    about = results["about"]
    said = ", ".join(f"{escape(name)} {escape(str(value))}" for name, value in about.items())
    body = [
        "<h1>What collecting costs</h1>",
        f'<p class="about">{said}.</p>',
        _READ_IT,
    ]
    body += [_steady(results, server) for server in results["saturation"]]
    body += [_weather(one) for one in [results["gateway"], *results["weather"]]]
    body += [_rows(axis, found) for axis, found in results["rows"].items()]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" '
        'content="width=device-width"><title>aiocollect: what collecting costs</title>'
        f"<style>{_STYLE}</style>{''.join(body)}</html>"
    )


def _steady(results: dict[str, Any], server: str) -> str:
    saturation = results["saturation"][server]
    runs = [one for one in results["steady"] if one["server"] == server]
    rows = []
    for load in sorted({one["load"] for one in runs}):
        for label in TITLES:
            found = [one for one in runs if one["load"] == load and one["label"] == label]
            if found:
                rows.append(_row(f"{TITLES[label]}, at {load:.0%}", found, label == "aiocollect"))
    head = "".join(f"<th>{name}</th>" for name in _HEAD)
    parts = [
        f"<h2>{escape(server)}, {saturation:,.0f} requests a second at its saturation</h2>",
        f"<table><tr>{head}</tr>{''.join(rows)}</table>",
        *(
            _difference(results["steady"], server, load, ours, *what)
            for load in sorted({one["load"] for one in runs})
            for ours in ("aiocollect", "memory")
            for what in _COMPARED
        ),
        _latency(results, server),
    ]
    return "".join(parts)


def _latency(results: dict[str, Any], server: str) -> str:
    """Latency by percentile, of each contender's run with the median p99: one of the others may be
    the machine's worst."""
    lines = []
    for number, (label, title) in enumerate(TITLES.items()):
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
            lines.append(Line(name, f"c{number}", points))
    return plot(
        lines,
        x="percentile of requests, at 70 %",
        y="latency, ms",
        log_x=True,
        log_y=True,
        ticks_x=[(100 / share, word) for share, word in _TAIL],
    )


def as_svg(results: dict[str, Any]) -> str:
    """The first server's latencies as a picture that needs no page."""
    svg = _latency(results, next(iter(results["saturation"])))
    style = f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="var(--bg)"/>'
    head, bracket, rest = svg.partition(">")
    return head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"') + bracket + style + rest


_HEAD: Final = (
    *("", "p50 ms", "p99 ms", "p99.9 ms", "generator late, p99 ms", "CPU µs a request"),
    *("answered", "of", "lost", "doubled"),
)
_COMPARED: Final = (("p99", "ms of p99"), ("cpu_us", "µs of server CPU a request"))


def _difference(
    steady: list[dict[str, Any]], server: str, load: float, ours: str, figure: str, unit: str
) -> str:
    found = compare(steady, server, figure, load, ours=ours)
    if found is None:
        return ""
    (low, high), (least, most) = found["cost_range"], found["noise_range"]
    return (
        f"<p>{TITLES[ours]} minus no collector, at {load:.0%}: {found['cost']:+.2f} {unit} (median "
        f"of {found['pairs']} pairs, {low:+.2f} to {high:+.2f}). The noise: {found['noise']:+.2f} "
        f"({least:+.2f} to {most:+.2f}).</p>"
    )


def _row(title: str, runs: list[dict[str, Any]], ours: bool) -> str:
    figures = [one["figures"] for one in runs if one.get("figures")]
    audits = [one["audit"] for one in runs if one.get("audit")]
    cells = [
        _median([found[name] for found in figures], digits)
        for name, digits in (
            *(("p50", 1), ("p99", 1), ("p99.9", 1), ("send_lateness_p99", 1)),
            ("cpu_us", 0),
        )
    ]
    due = sum(one.get("offered", 0) + one.get("unsent", 0) for one in runs)
    cells += [f"{sum(one.get('answered', 0) for one in runs):,}", f"{due:,}"]
    cells += [
        f"{sum(audit[name] for audit in audits):,}" if audits else ""
        for name in ("lost", "doubled")
    ]
    failed = next((one["failed_to_run"] for one in runs if "failed_to_run" in one), "")
    if failed:
        cells = [f"did not run: {escape(failed[:120])}", *[""] * (len(_HEAD) - 2)]
    return (
        f"<tr{' class=ours' if ours else ''}><td>{escape(title)}</td>"
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
    )


def _median(values: list[float | None], digits: int) -> str:
    known = sorted(value for value in values if value is not None)
    return f"{known[len(known) // 2]:,.{digits}f}" if known else "none"


def _weather(one: dict[str, Any]) -> str:
    title = f"<h2>{escape(one['weather'].capitalize())}</h2>"
    if "saturation" in one:
        title += (
            f"<p>It takes {one['saturation']:,.0f} posts of a row a second at most; at 70 %:</p>"
        )
    if "failed_to_run" in one:
        return f"{title}<p>Did not run: {escape(one['failed_to_run'])}</p>"
    audit, figures = one["audit"], one.get("figures")
    told = (
        f"<p>{one['answered']:,} of {one['offered'] + one.get('unsent', 0):,} requests answered; "
        "rows lost "
        f"{audit['lost']}, doubled {audit['doubled']}; stored {one['closing_seconds']:.1f} s after "
        "SIGTERM at the latest."
    )
    if figures is None:
        return f"{title}{told} No figures.</p>"
    told += f" p50 {figures['p50']:.1f} ms, p99 {figures['p99']:.1f} ms.</p>"
    timeline = one.get("timeline") or []
    if len(timeline) < 2:
        return title + told
    seconds = one["schedule"]["seconds"]
    band = (seconds / 3, 2 * seconds / 3, "store down") if one["weather"] == "outage" else None
    rates = {name: _rate(timeline, name) for name in ("accepted", "stored")}
    used = [(point["at"], 100 * point["used"]) for point in timeline]
    return "".join(
        (
            title,
            told,
            plot(
                [
                    Line("accepted", "c2", rates["accepted"]),
                    Line("stored", "c3", rates["stored"]),
                ],
                x="seconds",
                y="rows a second",
                band=band,
            ),
            plot(
                [Line("ring's budget used", "c4", used)],
                x="seconds",
                y="% of the budget",
                band=band,
            ),
        )
    )


def _rate(timeline: list[dict[str, float]], name: str) -> list[tuple[float, float]]:
    return [
        (after["at"], (after[name] - before[name]) / (after["at"] - before["at"]))
        for before, after in pairwise(timeline)
        if after["at"] > before["at"]
    ]


def _rows(axis: str, found: dict[str, dict[str, Any]]) -> str:
    head = "".join(
        f"<th>{name}</th>"
        for name in (escape(axis), "rows/s", "CPU µs a row", "rows an append", "lost", "doubled")
    )
    rows, points = [], []
    for name, one in found.items():
        audit, figures = one.get("audit", {}), one.get("figures")
        cells = (
            [
                f"{figures['rows_a_second']:,.0f}",
                f"{figures['cpu_us_a_row']:,.1f}",
                f"{figures['rows_an_append']:,.0f}",
            ]
            if figures
            else [escape(one.get("failed_to_run", "no figures")[:120]), "", ""]
        )
        cells += [str(audit.get("lost", "")), str(audit.get("doubled", ""))]
        rows.append(
            f"<tr><td>{escape(name)}</td>" + "".join(f"<td>{c}</td>" for c in cells) + "</tr>"
        )
        number = name.replace(",", "")
        if figures and number.isdigit():
            points.append((float(number), figures["cpu_us_a_row"]))
    drawn = ""
    if len(points) > 1 and not axis.startswith("processes"):
        line = Line("CPU a row", "c2", points)
        drawn = plot([line], x=axis, y="CPU µs a row", log_x=True, log_y=True)
    title = f"<h2>As fast as the store takes them, by {escape(axis)}</h2>"
    return f"{title}<table><tr>{head}</tr>{''.join(rows)}</table>{drawn}"


def as_markdown(results: dict[str, Any]) -> str:
    """The table of README: aiohttp at 70 %."""
    lines = [
        "| at 70 % of saturation | p50 ms | p99 ms | CPU µs | answered | lost | doubled |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    runs = [o for o in results["steady"] if o["server"] == "aiohttp" and o["load"] == STEADY]
    for label, title in TITLES.items():
        found = [one for one in runs if one["label"] == label]
        figures = [one["figures"] for one in found if one.get("figures")]
        audits = [one["audit"] for one in found if one.get("audit")]
        if found:
            cells = [
                _median([one[name] for one in figures], digits)
                for name, digits in (("p50", 1), ("p99", 1), ("cpu_us", 0))
            ]
            due = sum(one["offered"] + one["unsent"] for one in found if "offered" in one)
            answered = sum(one.get("answered", 0) for one in found)
            cells.append(f"{answered / due:.1%}" if due else "")
            cells += [
                f"{sum(a[name] for a in audits):,}" if audits else ""
                for name in ("lost", "doubled")
            ]
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
