"""The metrics of a pipeline, and a span for each append, for OpenTelemetry.

It imports the API alone; the application chooses the SDK and where that sends to.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import NamedTuple

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
from opentelemetry.metrics import Histogram as Instrument
from opentelemetry.trace import Link, SpanContext, TracerProvider

from .. import ConfigError, Pipeline, Receipt
from ..events import Event, Settled
from ..metrics import HISTOGRAMS, METRICS, Histogram, Metric, Snapshot, snapshot

__all__ = ["AppendSpans", "observe"]

# The links that SDKs keep of a span by default; more would be dropped without notice.
MAX_LINKS = 128
# Watched calls under way. If there are more, the oldest are forgotten and get no link.
MAX_WATCHED = 1024


def observe(
    pipeline: Pipeline, *, name: str = "default", meter_provider: MeterProvider | None = None
) -> None:
    """Make an observable instrument for each metric; ``name`` is their attribute "pipeline".

    ``meter_provider``: the global one by default. Call it once for a pipeline: instruments cannot
    be removed. Raises ConfigError.
    """
    if not isinstance(pipeline, Pipeline):
        raise ConfigError("observe() needs a Pipeline")
    meter = metrics.get_meter("aiocollect", meter_provider=meter_provider)
    spreads = [
        _Spread(
            histogram,
            meter.create_histogram(
                histogram.dotted_name,
                unit="s",
                description=histogram.text,
                explicit_bucket_boundaries_advisory=histogram.bounds,
            ),
            name,
        )
        for histogram in HISTOGRAMS
    ]
    moments = _Moments(pipeline, spreads)
    for metric in METRICS:
        make = (
            meter.create_observable_counter
            if metric.kind == "counter"
            else meter.create_observable_gauge
        )
        make(
            metric.dotted_name,
            callbacks=[_callback(metric, moments, name)],
            unit=metric.unit,
            description=metric.text,
        )


def _callback(
    metric: Metric, moments: _Moments, name: str
) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def read(options: CallbackOptions) -> Iterable[Observation]:
        for labels, value in metric.series(moments.of(metric), pipeline=name):
            yield Observation(value, labels)

    return read


class _Spread:
    """Records in an instrument what was counted since the last time. There are no observable
    histograms: each append is recorded as the middle of its class, so that the classes are exact,
    and the sum is not."""

    def __init__(self, histogram: Histogram, instrument: Instrument, name: str) -> None:
        self._histogram = histogram
        self._instrument = instrument
        self._labels = {"pipeline": name}
        self._told = self._none = (0,) * (len(histogram.bounds) + 1)

    def record(self, seen: Snapshot) -> None:
        """Record what is new in this snapshot."""
        counts, bounds = self._histogram.read(seen).counts, self._histogram.bounds
        if sum(counts) < sum(self._told):  # the pipeline has started again
            self._told = self._none
        for place, (count, told) in enumerate(zip(counts, self._told, strict=True)):
            lower = bounds[place - 1] if place else 0.0
            upper = bounds[place] if place < len(bounds) else 2 * lower
            for _ in range(count - told):
                self._instrument.record((lower + upper) / 2, self._labels)
        self._told = counts


class _Moments:
    """One snapshot for all instruments of a collection; a new one is taken when an instrument asks
    for the second time. So the pipeline is asked once, and the equation holds in each export."""

    def __init__(self, pipeline: Pipeline, spreads: Sequence[_Spread]) -> None:
        self._pipeline = pipeline
        self._spreads = spreads
        self._seen: Snapshot | None = None
        self._asked: set[str] = set()
        self._lock = Lock()  # readers have threads of their own

    def of(self, metric: Metric) -> Snapshot:
        with self._lock:
            if self._seen is None or metric.name in self._asked:
                self._seen = snapshot(self._pipeline)
                self._asked.clear()
                for spread in self._spreads:
                    spread.record(self._seen)
            self._asked.add(metric.name)
            return self._seen


class _Watched(NamedTuple):
    receipt: Receipt
    caller: SpanContext
    began: int  # nanoseconds since 1970


class AppendSpans:
    """A hook that makes one span per append, none per row::

        spans = AppendSpans()
        pipeline = Pipeline(…, hooks=[spans])
        ...
        correlation_id = spans.watch(churn.collect_receipt(inputs=x, predictions=y))

    The span of an append has a link to the span of each watched call whose last rows it stored, and
    it begins with the earliest of these calls: it lasts from collect() until the rows are stored.
    Without a watched call it is a point in time. Only sampled spans are linked, each once.
    """

    def __init__(self, *, tracer_provider: TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("aiocollect", tracer_provider=tracer_provider)
        self._watched: deque[_Watched] = deque(maxlen=MAX_WATCHED)

    def __repr__(self) -> str:
        return f"<AppendSpans, {len(self._watched)} calls under way>"

    def watch(self, receipt: Receipt | None) -> str | None:
        """Link the current span to the append that is going to store these rows. Returns the
        receipt's correlation id; with None, where nothing was recorded, it does nothing."""
        if receipt is None:
            return None
        caller = trace.get_current_span().get_span_context()
        if caller.trace_flags.sampled and receipt.outcome is None:
            self._watched.append(_Watched(receipt, caller, time.time_ns()))
        return receipt.correlation_id

    def __call__(self, event: Event) -> None:
        """The hook. Called on the pipeline's loop."""
        if not isinstance(event, Settled):
            return
        # Receipts are settled just before their batch is told of: what is final now, and stored,
        # is of this batch. What ended otherwise has no append to be linked to.
        done = [watched for watched in self._finished() if watched.receipt.outcome == "stored"]
        links = {watched.caller.span_id: Link(watched.caller) for watched in done}
        span = self._tracer.start_span(
            "aiocollect.append",
            context=Context(),  # a root: it belongs to many requests
            links=list(links.values())[:MAX_LINKS],
            start_time=min((watched.began for watched in done), default=None),
            attributes={
                "aiocollect.path": event.path,
                "aiocollect.part": event.part,
                "aiocollect.offset": event.offset,
                "aiocollect.bytes": event.length,
                "aiocollect.rows": event.rows,
                "aiocollect.calls_watched": len(done),
            },
        )
        span.end()

    def _finished(self) -> Iterable[_Watched]:
        """Removes and gives those that are final; the others stay, in their order."""
        for _ in range(len(self._watched)):
            try:
                watched = self._watched.popleft()
            except IndexError:  # another thread has removed it
                return
            if watched.receipt.outcome is None:
                self._watched.append(watched)
            else:
                yield watched
