"""The dashboard for Grafana, in the order of the page: is it on, do rows land, what needs you?

The format is that of Grafana 10 and newer (schemaVersion 39): grafana.com/docs/grafana/latest,
"Dashboard JSON model". Its expressions are checked by promtool; Grafana itself was not run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from aiocollect.gateway.metrics import OWN
from aiocollect.metrics import HISTOGRAMS, METRICS
from tools.monitoring.names import FULL, filled

__all__ = ["PANELS", "Panel", "dashboard_file"]

# What each target selects: the pipelines chosen at the top, and of a gateway's own its job.
_CHOSEN: Final = '{job=~"$job", instance=~"$instance", pipeline=~"$pipeline"}'
_GATEWAY: Final = '{job=~"$job", instance=~"$instance"}'
_WIDE: Final = 24  # columns of Grafana's grid


class Panel(NamedTuple):
    """One panel. ``targets``: expression and legend of each line; the full
    name of a metric stands in place of ``${name}``, and what was chosen at the top in place of @.
    ``limits``: from which value it is yellow, and from which red."""

    title: str
    targets: tuple[tuple[str, str], ...]
    unit: str = "short"
    kind: str = "timeseries"
    text: str = ""
    limits: tuple[float | None, float] | None = None
    stacked: bool = False
    width: int = 8


def _rate(name: str, by: str = "", legend: str = "") -> tuple[str, str]:
    """What a counter has gained a second, in all chosen processes together."""
    grouped = f" by ({by}) " if by else ""
    return f"sum{grouped}(rate(${{{name}}}@[$__rate_interval]))", legend or f"{{{{{by}}}}}"


def _quantile(share: float) -> tuple[str, str]:
    counts = "sum by (le) (rate(${append_seconds}_bucket@[$__rate_interval]))"
    return f"histogram_quantile({share}, {counts})", f"{share:.0%}"


_LOST: Final = " + ".join(
    f"sum(increase(${{{name}}}@[$__range]))" for name in ("rows_dropped", "rows_dead_lettered")
)
# In rows of panels.
PANELS: Final[tuple[tuple[str, tuple[Panel, ...]], ...]] = (
    (
        "",
        (
            Panel("accepted", (_rate("rows_accepted"),), "rows/s", "stat", width=4),
            Panel("stored", (_rate("rows_stored"),), "rows/s", "stat", width=4),
            Panel("lost", ((_LOST, ""),), "short", "stat", limits=(None, 1), width=4),
            Panel(
                *("oldest row", (("max(${oldest_row_age_seconds}@)", ""),), "s", "stat"),
                limits=(30, 60),
                width=4,
            ),
            Panel(
                "memory budget",
                (("max(${budget_used_bytes}@ / ${budget_bytes}@)", ""),),
                *("percentunit", "stat"),
                limits=(0.5, 0.8),
                width=4,
            ),
            Panel(
                *("paths held", (("sum(${paths_held}@) or vector(0)", ""),), "short", "stat"),
                text="The log and `aiocollect explain CODE` say what to do.",
                limits=(None, 1),
                width=4,
            ),
        ),
    ),
    (
        "Do rows land?",
        (
            Panel(
                "rows a second",
                (
                    _rate("rows_accepted", legend="accepted"),
                    _rate("rows_stored", legend="stored"),
                    _rate("rows_sampled_out", legend="sampled out"),
                ),
                "rows/s",
            ),
            Panel(
                "rows that are not final",
                (
                    ("sum(${rows_in_memory}@)", "in memory"),
                    ("sum(${rows_in_spool}@)", "in the spool"),
                ),
                text="accepted = stored + possibly stored + lost + these",
                stacked=True,
            ),
            Panel(
                *("how long an append takes", (_quantile(0.5), _quantile(0.99)), "s"),
                text="Of the appends that the store accepted.",
            ),
        ),
    ),
    (
        "What needs you?",
        (
            Panel(
                "rows lost, by reason",
                (_rate("rows_dropped", "reason"), _rate("rows_dead_lettered", "reason")),
                "rows/s",
                stacked=True,
            ),
            Panel(
                *("rows refused, by reason", (_rate("rows_refused", "reason"),), "rows/s"),
                text="They were never accepted.",
                stacked=True,
            ),
            Panel("paths held, by code", (("sum by (reason) (${paths_held}@)", "{{reason}}"),)),
        ),
    ),
    (
        "The store",
        (
            Panel(
                "requests a second",
                (
                    _rate("appends", legend="appends"),
                    _rate("append_mismatches", legend="position was taken"),
                    _rate("unknown_outcomes", legend="without an answer"),
                ),
                "reqps",
                text="If many positions are taken, too many writers share a blob: writer='own'.",
            ),
            Panel("bytes a second", (_rate("appended_bytes", legend="appended"),), "Bps"),
            Panel(
                "blocks a day of a path",
                (("increase(${appends}@[1d]) / ${paths}@", "{{instance}}"),),
                text="A blob can have 50,000; then the rows go on in a next part.",
                limits=(40_000, 50_000),
            ),
        ),
    ),
    (
        "Switches",
        (
            Panel(
                *("share of calls recorded", (("min by (collector) (${sample_rate}@)", ""),)),
                "percentunit",
                text="0 is switched off.",
            ),
            Panel("healthy", (("min by (instance) (${healthy}@)", "{{instance}}"),)),
            Panel("paths being written to", (("sum(${paths}@)", "paths"),)),
        ),
    ),
)


def dashboard_file() -> str:
    """grafana.json."""
    rows = [*PANELS, ("Everything else", tuple(_others())), ("The gateway", tuple(_gateway()))]
    panels: list[dict[str, Any]] = []
    top = 0
    for title, some in rows:
        selector = _GATEWAY if title == "The gateway" else _CHOSEN
        if title:
            panels.append({"type": "row", "title": title, "collapsed": False, "panels": []})
            panels[-1]["gridPos"] = {"x": 0, "y": top, "w": _WIDE, "h": 1}
            top += 1
        left = 0
        for panel in some:
            if left + panel.width > _WIDE:
                left, top = 0, top + _height(panel)
            panels.append(_panel(panel, selector, left, top))
            left += panel.width
        top += _height(some[-1])
    for number, drawn in enumerate(panels, start=1):
        drawn["id"] = number
    return json.dumps({**_FRAME, "panels": panels}, indent=1) + "\n"


def named(panels: Sequence[tuple[str, tuple[Panel, ...]]]) -> set[str]:
    """The metrics that the panels name."""
    texts = [expression for _, some in panels for panel in some for expression, _ in panel.targets]
    return {name for name in FULL if any(f"${{{name}}}" in text for text in texts)}


def _others() -> Iterator[Panel]:
    """A panel for each metric that no other one names."""
    known = named(PANELS)
    for metric in METRICS:
        short = metric.name.removeprefix("aiocollect_")
        if short in known:
            continue
        title = short.removesuffix("_seconds").removesuffix("_bytes").replace("_", " ")
        by = metric.label or "instance"
        if metric.kind == "counter":
            target = _rate(short, by)
        else:
            target = f"sum by ({by}) (${{{short}}}@)", f"{{{{{by}}}}}"
        unit = {"s": "s", "By": "bytes"}.get(metric.unit, "short")
        yield Panel(title, (target,), unit, text=metric.text)
    assert all(found.name.removeprefix("aiocollect_") in known for found in HISTOGRAMS)


def _gateway() -> Iterator[Panel]:
    """The gateway's own metrics."""
    for name, kind, labels, text in OWN:
        short = name.removeprefix("aiocollect_").removesuffix("_total")
        by = labels[-1] if labels else "instance"
        read = f"rate(${{{short}}}@[$__rate_interval])" if kind == "counter" else f"${{{short}}}@"
        title = short.removeprefix("gateway_").replace("_", " ")
        unit = "bytes" if name.endswith("_bytes") else "short"
        yield Panel(
            title, ((f"sum by ({by}) ({read})", f"{{{{{by}}}}}"),), unit, text=text, width=6
        )


def _height(panel: Panel) -> int:
    return 4 if panel.kind == "stat" else 8


def _panel(panel: Panel, selector: str, left: int, top: int) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.limits is not None:
        yellow, red = panel.limits
        steps += [] if yellow is None else [{"color": "yellow", "value": yellow}]
        steps.append({"color": "red", "value": red})
    custom = (
        {}
        if panel.kind == "stat"
        else {
            "fillOpacity": 20 if panel.stacked else 0,
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "off" if panel.limits is None else "dashed"},
        }
    )
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "gridPos": {"x": left, "y": top, "w": panel.width, "h": _height(panel)},
        "datasource": _SOURCE,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "custom": custom,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {},
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": _SOURCE,
                "expr": _expression(expression, selector),
                "legendFormat": legend or "__auto",
            }
            for number, (expression, legend) in enumerate(panel.targets)
        ],
    }


def _expression(template: str, selector: str) -> str:
    """With full names and selectors. Grafana's own variables keep their dollar."""
    ours = template.replace("$__", "$$__")
    return filled(ours).replace("@", selector)


_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


def _variable(name: str, label: str) -> dict[str, Any]:
    query = f"label_values({FULL['rows_accepted']}, {name})"
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": name},
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
        "refresh": 2,
        "sort": 1,
    }


_FRAME: Final[dict[str, Any]] = {
    "title": "aiocollect",
    "uid": "aiocollect",
    "description": "What pipelines record, and whether it lands.",
    "tags": ["aiocollect"],
    "schemaVersion": 39,
    "editable": True,
    "graphTooltip": 1,
    "refresh": "30s",
    "time": {"from": "now-1h", "to": "now"},
    "templating": {
        "list": [
            {
                "type": "datasource",
                "name": "datasource",
                "label": "Prometheus",
                "query": "prometheus",
            },
            *[_variable(name, name) for name in ("job", "instance", "pipeline")],
        ]
    },
    "annotations": {"list": []},
}
