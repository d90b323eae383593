"""The metrics of a pipeline: one table for the gateway, for Prometheus and for OpenTelemetry.

Everything is read from a snapshot when it is asked for: the scoring path pays nothing. Labels are
reasons and the names of collectors, which are few; never a path, an id, or a cell. A series of a
known reason is there from the beginning, at 0: where it began with its first event, an alert on an
increase would miss that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .pipeline import Pipeline
from .stats import DEAD_LETTERED, DROPPED, REFUSED, Stats

__all__ = ["METRICS", "Metric", "Snapshot", "snapshot"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a pipeline says at one moment."""

    stats: Stats
    healthy: bool


def snapshot(pipeline: Pipeline) -> Snapshot:
    """Ask a pipeline; from any thread."""
    return Snapshot(pipeline.stats(), pipeline.healthy())


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``name`` is Prometheus's without ``_total``; ``label`` None: it has one value."""

    name: str
    kind: str  # "counter", or "gauge"
    # As OpenTelemetry writes units; "" where "1" would be right, of which exporters to Prometheus
    # make a suffix, _ratio, that the other doors do not have.
    unit: str
    text: str
    read: Callable[[Snapshot], Mapping[str, float]]  # value by label
    label: str | None = None

    @property
    def dotted(self) -> str:
        """The name in OpenTelemetry's manner; the unit is told apart from it there."""
        name = self.name.removeprefix("aiocollect_")
        return "aiocollect." + name.removesuffix("_seconds").removesuffix("_bytes")


def _one(kind: str, name: str, unit: str, text: str, read: Callable[[Stats], float]) -> Metric:
    return Metric(f"aiocollect_{name}", kind, unit, text, lambda seen: {"": read(seen.stats)})


def _many(
    kind: str,
    name: str,
    unit: str,
    text: str,
    read: Callable[[Stats], Mapping[str, float]],
    *,
    label: str = "reason",
    known: tuple[str, ...] = (),
) -> Metric:
    begin = dict.fromkeys(known, 0)
    return Metric(
        *(f"aiocollect_{name}", kind, unit, text),
        lambda seen: {**begin, **read(seen.stats)},
        label,
    )


METRICS = (
    _one("counter", "rows_accepted", "{row}", "Rows accepted.", lambda s: s.accepted),
    _one("counter", "rows_stored", "{row}", "Rows stored for good.", lambda s: s.stored),
    _one(
        *("counter", "rows_possibly_stored", "{row}"),
        "Rows whose fate an end of the process left open.",
        lambda s: s.possibly_stored,
    ),
    _many(
        *("counter", "rows_dropped", "{row}", "Accepted rows that were lost."),
        lambda s: s.dropped,
        known=DROPPED,
    ),
    _many(
        *("counter", "rows_dead_lettered", "{row}", "Accepted rows that can never be stored."),
        lambda s: s.dead_lettered,
        known=DEAD_LETTERED,
    ),
    _many(
        *("counter", "rows_refused", "{row}", "Rows that were not accepted."),
        lambda s: s.refused,
        known=REFUSED,
    ),
    _one(
        *("counter", "rows_sampled_out", "{row}", "Rows that sampling left out."),
        lambda s: s.sampled_out,
    ),
    _one(
        *("counter", "rows_redacted_out", "{row}", "Rows that redaction left out."),
        lambda s: s.redacted_out,
    ),
    _one(
        *("counter", "rows_adopted", "{row}"),
        "Accepted rows that came from the spools of other lives.",
        lambda s: s.adopted,
    ),
    _one(
        *("counter", "rows_unspooled", "{row}", "Rows that the spool's disk did not take."),
        lambda s: s.unspooled,
    ),
    _one("gauge", "rows_in_memory", "{row}", "Rows not final, in memory.", lambda s: s.in_memory),
    _one("gauge", "rows_in_spool", "{row}", "Rows on the disk alone.", lambda s: s.in_spool),
    _one(
        *("gauge", "oldest_row_age_seconds", "s", "Age of the oldest row not final; 0: none."),
        lambda s: s.oldest_age or 0.0,
    ),
    _one("gauge", "budget_bytes", "By", "The budget of bytes in memory.", lambda s: s.budget),
    _one(
        *("gauge", "budget_used_bytes", "By", "What is used of the budget."),
        lambda s: s.budget_used,
    ),
    _many(
        *("gauge", "sample_rate", "", "The share of calls that is recorded; 0: off."),
        lambda s: s.sample_rates,
        label="collector",
    ),
    _one("gauge", "paths", "{path}", "Paths that are being written to.", lambda s: s.paths),
    _many(
        *("gauge", "paths_held", "{path}", "Paths that wait for an operator."),
        lambda s: Counter(s.held.values()),
    ),
    _one(
        *("gauge", "requests_in_flight", "{request}", "Requests to the store under way."),
        lambda s: s.in_flight,
    ),
    _one("counter", "appends", "{append}", "Blocks that the store took.", lambda s: s.appends),
    _one(
        *("counter", "appended_bytes", "By", "Bytes of the blocks that the store took."),
        lambda s: s.appended_bytes,
    ),
    _one(
        *("counter", "append_mismatches", "{append}"),
        "Appends that came to another position than they were meant for.",
        lambda s: s.mismatches,
    ),
    _one(
        *("counter", "unknown_outcomes", "{request}", "Requests without a deciding answer."),
        lambda s: s.unknown,
    ),
    _one("counter", "hook_errors", "{error}", "What hooks raised.", lambda s: s.hook_errors),
    Metric(
        *("aiocollect_healthy", "gauge", "", "1 while rows find their way to the store."),
        lambda seen: {"": float(seen.healthy)},
    ),
)
