"""The pipeline's metrics in Application Insights, through OpenTelemetry.

    pip install opentelemetry-sdk azure-monitor-opentelemetry-exporter
    export APPLICATIONINSIGHTS_CONNECTION_STRING='InstrumentationKey=…'   # from the portal
    export AIOCOLLECT_STORE=./modeldata
    python examples/azure_monitor.py

Not run against a real account: a test runs it with a stand-in for the exporter. In the portal, look
for aiocollect.rows_stored and the others under customMetrics (docs/reference/metrics.md).
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
    """Score a few rows, and export their metrics once a minute and at the end."""
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
        # Before the pipeline ends, so that the last figures are complete. It blocks: in a thread.
        await asyncio.to_thread(metrics.shutdown)


if __name__ == "__main__":
    asyncio.run(main())
