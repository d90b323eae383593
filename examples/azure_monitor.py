"""The pipeline's metrics in Application Insights, by OpenTelemetry: the document's switch.

    pip install opentelemetry-sdk azure-monitor-opentelemetry-exporter
    export APPLICATIONINSIGHTS_CONNECTION_STRING='InstrumentationKey=…'   # from the portal
    export AIOCOLLECT_STORE=./modeldata
    python examples/azure_monitor.py

Not run against a real account: a test runs it with a stand-in for the exporter. In the portal the
metrics are under customMetrics, as aiocollect.rows_stored and so on (docs/metrics.md).
"""

from __future__ import annotations

import asyncio
import os

from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

from aiocollect import Pipeline
from aiocollect.integrations.opentelemetry import observe


async def main() -> None:
    """A few scorings, and what is known of their rows, once a minute and at the end."""
    exporter = AzureMonitorMetricExporter(
        connection_string=os.environ["APPLICATIONINSIGHTS_CONNECTION_STRING"]
    )
    metrics = MeterProvider([PeriodicExportingMetricReader(exporter, 60_000)])
    async with Pipeline.from_env() as pipeline:
        observe(pipeline, meter_provider=metrics)
        churn = pipeline.model("churn", version="10", inputs=["age"], predictions=["p"])
        for age in (41, 35, 60):
            churn.collect(inputs=[age], predictions=[age / 100])
        await pipeline.flush()
        # Exporting is a request of its own thread's; before the pipeline ends, to be complete.
        await asyncio.to_thread(metrics.shutdown)


if __name__ == "__main__":
    asyncio.run(main())
