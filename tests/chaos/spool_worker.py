"""A process with a spool, whose store is a directory that takes nothing until it is told to.

python spooler.py SPOOL STORE ROWS. Says "durable" once all rows are, waits for a line, then stores
and closes, and says how many rows it has stored.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from aiocollect import Pipeline
from aiocollect.errors import StoreBusy
from aiocollect.stores.local import LocalStore


class Gate(LocalStore):
    """The directory store behind a gate; for the spool it is the same store."""

    open_now = False

    async def append(self, path: str, data: bytes, **options: Any) -> Any:
        """See Store.append."""
        if not self.open_now:
            raise StoreBusy("ServerBusy")
        return await super().append(path, data, **options)


async def main(spool: str, directory: str, rows: int) -> None:
    """One life."""
    store = Gate(directory)
    pipeline = Pipeline(store, spool=spool, linger=0.05)
    await pipeline.start()
    collector = pipeline.collector("m", feature_names=["a"])
    receipts = [collector.collect_receipt(float(number)) for number in range(rows)]
    for receipt in receipts:
        assert receipt is not None
        assert await receipt.durable()
    print("durable", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    store.open_now = True
    await pipeline.flush()
    print((await pipeline.aclose()).stored, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
