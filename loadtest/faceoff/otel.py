"""Contender: OpenTelemetry's BatchLogRecordProcessor with a small blob exporter.

The processor with its defaults (1 s, 512 records, a queue of 2,048); the exporter appends a batch
as one block through azure-storage-blob's sync client with its defaults, and tells SUCCESS or
FAILURE, as the exporter's interface asks. ``emit()`` returns nothing: a row counts as accepted when
it has returned. The end is ``provider.shutdown()``, as the documents tell.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobClient
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    LogRecordExporter,
    LogRecordExportResult,
)

from .producer import Producer


class BlobExporter(LogRecordExporter):
    """Appends each batch as one block of JSON lines."""

    def __init__(self, blob: BlobClient) -> None:
        self._blob = blob
        if not blob.exists():
            blob.create_append_blob()

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        block = "".join(f"{record.log_record.body!s}\n" for record in batch)
        try:
            self._blob.append_block(block.encode())
        except AzureError:
            return LogRecordExportResult.FAILURE
        return LogRecordExportResult.SUCCESS

    def shutdown(self) -> None:
        self._blob.close()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return True


def main() -> None:
    """Offer all rows."""
    producer = Producer("opentelemetry-sdk", "azure-storage-blob", "azure-core", "requests")
    blob = BlobClient.from_connection_string(
        producer.connection_string,
        producer.container,
        "rows.jsonl",
        read_timeout=producer.attempt_timeout,
    )
    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(BlobExporter(blob)))
    logger = provider.get_logger("rows")
    for row in producer.rows():
        producer.ledger.offered(int(row["seq"]))
        logger.emit(body=json.dumps(row))
        producer.ledger.accepted(int(row["seq"]))
    provider.shutdown()


if __name__ == "__main__":
    main()
