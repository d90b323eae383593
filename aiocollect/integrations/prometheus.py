"""The metrics of pipelines for Prometheus, read at each scrape.

They do not work in prometheus_client's mode for several processes, which has no custom collectors:
have each process scraped by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from .. import ConfigError, Pipeline
from ..metrics import HISTOGRAMS, METRICS, snapshot

__all__ = ["PipelineCollector"]


class PipelineCollector(Collector):
    """``REGISTRY.register(PipelineCollector(pipeline))``; several: ``{"name": pipeline, …}``.

    The label ``pipeline`` is the name, or "default". All values of a scrape are of one moment, so
    that the conservation equation holds in them. Raises ConfigError.
    """

    def __init__(self, pipelines: Pipeline | Mapping[str, Pipeline]) -> None:
        named = pipelines if isinstance(pipelines, Mapping) else {"default": pipelines}
        if not all(isinstance(pipeline, Pipeline) for pipeline in named.values()):
            raise ConfigError(
                "PipelineCollector needs a Pipeline, or a mapping of names to pipelines"
            )
        self._pipelines = dict(named)

    def __repr__(self) -> str:
        return f"<PipelineCollector of {', '.join(self._pipelines)}>"

    def describe(self) -> list[Metric]:
        """Nothing: registering asks no pipeline."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        seen = {name: snapshot(pipeline) for name, pipeline in self._pipelines.items()}
        for metric in METRICS:
            kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = kind(metric.name, metric.text, labels=metric.label_names)
            for name, moment in seen.items():
                for labels, value in metric.series(moment, pipeline=name):
                    family.add_metric(list(labels.values()), value)
            yield family
        for histogram in HISTOGRAMS:
            spread = HistogramMetricFamily(histogram.name, histogram.text, labels=["pipeline"])
            for name, moment in seen.items():
                total = histogram.read(moment).seconds
                spread.add_metric([name], histogram.buckets(moment), total)
            yield spread
