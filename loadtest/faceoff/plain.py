"""Contender: the plain SDK, what one writes first. One append a row, one after the other.

azure-storage-blob's async client with its defaults: its retries on, no position condition. A row is
accepted when ``append_block`` has returned, and refused when it has raised. At SIGTERM nothing is
in memory: the client is closed.
"""

from __future__ import annotations

import asyncio
import json

from azure.core.exceptions import AzureError
from azure.storage.blob.aio import BlobClient

from .producer import Producer


async def main() -> None:
    """Offer all rows."""
    producer = Producer("azure-storage-blob", "azure-core", "aiohttp")
    async with BlobClient.from_connection_string(
        producer.connection_string,
        producer.container,
        "rows.jsonl",
        read_timeout=producer.attempt_timeout,
    ) as blob:
        if not await blob.exists():
            await blob.create_append_blob()
        async for row in producer.rows_async():
            seq = int(row["seq"])
            producer.ledger.offered(seq)
            try:
                await blob.append_block(json.dumps(row).encode() + b"\n")
            except AzureError as error:
                producer.ledger.refused(seq, type(error).__name__)
            else:
                producer.ledger.accepted(seq)


if __name__ == "__main__":
    asyncio.run(main())
