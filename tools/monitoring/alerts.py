"""The alerts: what is worth waking somebody up for, and what to do then."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import yaml

from tools.monitoring.names import filled

__all__ = ["ALERTS", "Alert", "rules_file"]

_HEAD: Final = """\
# Written by python -m tools.monitoring from the metrics of aiocollect/metrics.py; do not edit.
#
# Names and labels are the same for each exporter: the gateway's /metrics,
# aiocollect.integrations.prometheus, and OpenTelemetry through its exporters to Prometheus. The
# thresholds are starting points; none was measured in production. To use it: add it to rule_files
# in prometheus.yml. To check it: promtool check rules alerts.yaml.
#
# severity: page is for now, since rows are lost or soon will be; ticket is for working hours.
"""


class Alert(NamedTuple):
    """One alert; ``${name}`` in its texts is the full name of a metric. ``held_for``: how long the
    expression must be true; "" for none, where it has a span of its own."""

    name: str
    severity: Literal["page", "ticket"]
    expression: str
    summary: str
    action: str
    held_for: str = ""


ALERTS: Final = (
    Alert(
        "AiocollectRowsLost",
        "page",
        "increase(${rows_dropped}[10m]) > 0",
        "Accepted rows were lost.",
        "The reason names the limit. Raise the budget or the close timeout, or set a spool.",
    ),
    Alert(
        "AiocollectRowsRefused",
        "ticket",
        "sum by (reason) (increase(${rows_refused}[10m])) > 0",
        "Rows were not accepted.",
        "For shape and type, fix the caller; the log names it. For full, the store is too slow for "
        "the load.",
    ),
    Alert(
        "AiocollectPathHeld",
        "page",
        "${paths_held} > 0",
        "A path waits for an operator. No row is lost yet.",
        "The reason is a code: aiocollect explain CODE says what to do.",
    ),
    Alert(
        "AiocollectRowsOld",
        "page",
        "${oldest_row_age_seconds} > 60",
        "Rows wait too long for the store.",
        "The store does not answer, or answers slowly. Compare ${unknown_outcomes}.",
    ),
    Alert(
        "AiocollectBudgetNearlyUsed",
        "page",
        "${budget_used_bytes} / ${budget_bytes} > 0.8",
        "The memory budget is nearly used.",
        "The store is too slow for the load. Rows are refused, or the oldest dropped, when the "
        "budget is used up.",
        held_for="5m",
    ),
    Alert(
        "AiocollectSpoolLost",
        "page",
        "increase(${rows_unspooled}[10m]) > 0",
        "The disk of the spool does not accept rows; they are in memory only.",
        "Free or replace the disk. Rows in memory are lost if the process is killed.",
    ),
    Alert(
        "AiocollectDeadLetters",
        "ticket",
        "increase(${rows_dead_lettered}[1h]) > 0",
        "Rows can never be stored.",
        "Look into the dead_letters file, and fix what the reason names.",
    ),
    Alert(
        "AiocollectNothingRecorded",
        "ticket",
        "rate(${rows_accepted}[15m]) == 0",
        "No row was recorded for 15 minutes.",
        "If the server has requests, compare ${sample_rate}. Recording is switched off, sampled to "
        "nothing, or nobody calls collect().",
    ),
    Alert(
        "AiocollectAppendsSlow",
        "ticket",
        "histogram_quantile(0.99, sum by (pipeline, le) (rate(${append_seconds}_bucket[10m]))) > 5",
        "One append in a hundred takes longer than five seconds.",
        "The store or the network is slow. Rows wait in memory: compare ${budget_used_bytes}.",
    ),
    Alert(
        "AiocollectLogLost",
        "ticket",
        "increase(${log_lost}[1h]) > 0",
        "Records of the log are not in the store. No row is lost.",
        "verify() cannot prove that time. The program's log says why they could not be stored.",
    ),
    Alert(
        "AiocollectHookErrors",
        "ticket",
        "increase(${hook_errors}[1h]) > 0",
        "A hook of yours raised an exception.",
        "The program's log has the traceback. Rows are not touched by it.",
    ),
    Alert(
        "AiocollectGatewayRefuses",
        "ticket",
        'sum by (status) (increase(${gateway_requests}{status=~"[45].."}[10m])) > 0',
        "The gateway refuses requests.",
        "The gateway's log has route, kind and cause, once a minute. For 429 and 503 there is no "
        "room, or it is stopping.",
    ),
    Alert(
        "AiocollectBlocksRunOut",
        "ticket",
        "increase(${appends}[1d]) / ${paths} > 40000",
        "A path uses nearly all blocks that a blob has.",
        "Raise the linger. Until then the rows go on in a next part.",
    ),
)


def rules_file() -> str:
    """alerts.yaml."""
    rules = [
        {
            "alert": one.name,
            "expr": filled(one.expression),
            **({"for": one.held_for} if one.held_for else {}),
            "labels": {"severity": one.severity},
            "annotations": {"summary": filled(one.summary), "action": filled(one.action)},
        }
        for one in ALERTS
    ]
    groups = {"groups": [{"name": "aiocollect", "rules": rules}]}
    text: str = yaml.safe_dump(groups, sort_keys=False, width=1000)
    return _HEAD + text
