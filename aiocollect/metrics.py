"""The metrics of a pipeline: one table for the gateway, for Prometheus and for OpenTelemetry.

Each exporter takes names, kinds, help texts, labels and values from here, and so does the page
docs/reference/metrics.md. Everything is read from a snapshot when it is asked for: the scoring
path pays nothing. Labels are reasons and the names of collectors, of which there are few; never a
path, an id, or a cell. The series of a known reason exists from the beginning, at 0: an alert on an
increase would miss the first event of a series that begins with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from .pipeline import Pipeline
from .stats import DEAD_LETTERED, DROPPED, LATENCY_BOUNDS, REFUSED, Latencies, Stats

__all__ = ["HISTOGRAMS", "METRICS", "Histogram", "Metric", "Snapshot", "snapshot"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a pipeline at one moment."""

    stats: Stats
    healthy: bool


def snapshot(pipeline: Pipeline) -> Snapshot:
    """Ask a pipeline; from any thread."""
    return Snapshot(pipeline.stats(), pipeline.healthy())


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``label`` is the name of its own label; None: it has a single value."""

    name: str  # in Prometheus, without the suffix _total
    kind: Literal["counter", "gauge"]
    # In the words of OpenTelemetry. Where "1" would be right it is "": from "1" exporters to
    # Prometheus make the suffix _ratio, which the other exporters do not have.
    unit: str
    text: str
    read: Callable[[Snapshot], Mapping[str, float]]  # value by label
    label: str | None = None

    @property
    def exposed_name(self) -> str:
        """The name in Prometheus's text format."""
        return self.name + "_total" if self.kind == "counter" else self.name

    @property
    def dotted_name(self) -> str:
        """The name in OpenTelemetry, which keeps the unit apart from it."""
        name = self.name.removeprefix("aiocollect_")
        return "aiocollect." + name.removesuffix("_seconds").removesuffix("_bytes")

    @property
    def label_names(self) -> tuple[str, ...]:
        """Which labels each series has."""
        return ("pipeline",) if self.label is None else ("pipeline", self.label)

    def series(self, seen: Snapshot, *, pipeline: str) -> Iterator[tuple[dict[str, str], float]]:
        """Labels and value of each series. ``pipeline`` is the pipeline's name."""
        for label, value in self.read(seen).items():
            yield dict(zip(self.label_names, (pipeline, label), strict=False)), value


@dataclass(frozen=True, slots=True)
class Histogram:
    """A distribution of seconds; ``bounds`` are the upper ones of its classes."""

    name: str
    text: str
    read: Callable[[Snapshot], Latencies]
    bounds: tuple[float, ...] = LATENCY_BOUNDS

    @property
    def dotted_name(self) -> str:
        """The name in OpenTelemetry, which keeps the unit apart from it."""
        return "aiocollect." + self.name.removeprefix("aiocollect_").removesuffix("_seconds")

    def buckets(self, seen: Snapshot) -> list[tuple[str, int]]:
        """Upper bound and how many took no longer, up to "+Inf", as Prometheus has it."""
        bounds = [*map(repr, self.bounds), "+Inf"]
        return list(zip(bounds, accumulate(self.read(seen).counts), strict=True))


_Kind = Literal["counter", "gauge"]


def _one(kind: _Kind, name: str, unit: str, text: str, read: Callable[[Stats], float]) -> Metric:
    return Metric(f"aiocollect_{name}", kind, unit, text, lambda seen: {"": read(seen.stats)})


def _many(
    kind: _Kind,
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
    _one(
        *("counter", "rows_accepted", "{row}"),
        "Rows that collect() accepted, and rows adopted from a spool.",
        lambda s: s.accepted,
    ),
    _one(
        *("counter", "rows_stored", "{row}", "Rows that are certainly in the store."),
        lambda s: s.stored,
    ),
    _one(
        *("counter", "rows_possibly_stored", "{row}"),
        "Rows whose last request was cut short by the end of the pipeline.",
        lambda s: s.possibly_stored,
    ),
    _many(
        *("counter", "rows_dropped", "{row}", "Accepted rows that were lost."),
        lambda s: s.dropped,
        known=DROPPED,
    ),
    _many(
        *("counter", "rows_dead_lettered", "{row}"),
        "Accepted rows that no store or encoder accepts.",
        lambda s: s.dead_lettered,
        known=DEAD_LETTERED,
    ),
    _many(
        *("counter", "rows_refused", "{row}"),
        "Rows that were never accepted: no room, wrong shape or type, closed.",
        lambda s: s.refused,
        known=REFUSED,
    ),
    _one(
        *("counter", "rows_sampled_out", "{row}", "Rows of calls that sampling left out."),
        lambda s: s.sampled_out,
    ),
    _one(
        *("counter", "rows_redacted_out", "{row}"),
        "Rows that redaction rules removed from their calls.",
        lambda s: s.redacted_out,
    ),
    _one(
        *("counter", "rows_adopted", "{row}"),
        "Accepted rows that came from the spools of other processes.",
        lambda s: s.adopted,
    ),
    _one(
        *("counter", "rows_unspooled", "{row}"),
        "Rows that the disk of the spool did not accept; they are in memory only.",
        lambda s: s.unspooled,
    ),
    _one(
        *("gauge", "rows_in_memory", "{row}", "Rows that are not final, in memory."),
        lambda s: s.in_memory,
    ),
    _one(
        *("gauge", "rows_in_spool", "{row}", "Rows that are not final, on the disk only."),
        lambda s: s.in_spool,
    ),
    _one(
        *("gauge", "oldest_row_age_seconds", "s"),
        "Age of the oldest row that is not final; 0 if there is none.",
        lambda s: s.oldest_age or 0.0,
    ),
    _one(
        *("gauge", "budget_bytes", "By", "The budget for rows in memory: max_memory_bytes."),
        lambda s: s.budget,
    ),
    _one(
        *("gauge", "budget_used_bytes", "By"),
        "How much of the budget is used by rows that are not final.",
        lambda s: s.budget_used,
    ),
    _many(
        *("gauge", "sample_rate", "", "Share of calls that is recorded now; 0 is switched off."),
        lambda s: s.sample_rates,
        label="collector",
    ),
    _one("gauge", "paths", "{path}", "Paths that are being written to.", lambda s: s.paths),
    _many(
        *("gauge", "paths_held", "{path}", "Paths that wait for an operator, by code."),
        lambda s: Counter(s.held.values()),
    ),
    _one(
        *("gauge", "requests_in_flight", "{request}", "Requests to the store under way."),
        lambda s: s.in_flight,
    ),
    _one(
        *(
            "counter",
            "appends",
            "{append}",
            "Blocks that the store accepted; a blob can have 50,000.",
        ),
        lambda s: s.appends,
    ),
    _one(
        *("counter", "appended_bytes", "By", "Bytes of these blocks, headers included."),
        lambda s: s.appended_bytes,
    ),
    _one(
        *("counter", "append_mismatches", "{append}"),
        "Appends whose position was taken: by another writer, or by an earlier attempt of "
        "this one.",
        lambda s: s.mismatches,
    ),
    _one(
        *("counter", "unknown_outcomes", "{request}"),
        "Requests without a deciding answer; each is sent again or read back.",
        lambda s: s.unknown,
    ),
    _one(
        *("counter", "hook_errors", "{error}", "Exceptions that hooks raised."),
        lambda s: s.hook_errors,
    ),
    _one(
        *("counter", "log_lost", "{record}"),
        "Records of the log that are not stored; verify() cannot prove that time.",
        lambda s: s.log_lost,
    ),
    _one(
        *("gauge", "native_core", "", "1 where the native core runs, 0 where Python does."),
        lambda s: float(s.core == "native"),
    ),
    Metric(
        *("aiocollect_healthy", "gauge", "", "1 while pipeline.healthy() is true, else 0."),
        lambda seen: {"": float(seen.healthy)},
    ),
)
HISTOGRAMS = (
    Histogram(
        "aiocollect_append_seconds",
        "How long the appends took that the store accepted.",
        lambda seen: seen.stats.append_latency,
    ),
)
