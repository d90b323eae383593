"""Contender: aiocollect with its defaults, on the caller's event loop; with a spool if told to.

A row is accepted when ``collect()`` has returned an id, and refused when it has returned None. At
SIGTERM the pipeline closes, as a server's own shutdown does it.
"""

from __future__ import annotations

import asyncio

from aiocollect import Pipeline, Retry

from .producer import Producer
from .rows import COLUMNS


async def main() -> None:
    """Offer all rows."""
    producer = Producer("azure-storage-blob", "azure-core", "aiohttp")
    pipeline = Pipeline(
        producer.connection_string,
        container=producer.container,
        retry=Retry(attempt_timeout=producer.attempt_timeout),
        spool=producer.task["spool"],
    )
    collector = pipeline.collector("model", version="1", identifier="inputs", feature_names=COLUMNS)
    async with pipeline:
        async for row in producer.rows_async():
            producer.ledger.offered(int(row["seq"]))
            if collector.collect([row[column] for column in COLUMNS]) is None:
                producer.ledger.refused(int(row["seq"]), "None")
            else:
                producer.ledger.accepted(int(row["seq"]))


if __name__ == "__main__":
    asyncio.run(main())
