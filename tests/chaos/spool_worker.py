"""A process with a spool, whose store is a directory that takes nothing until it is told to.

``python -m tests.chaos.spool_worker TASK`` (see testkit.child): says "durable" once all rows are,
waits for a line, then stores and closes, and says how many rows it has stored.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiocollect import Pipeline
from aiocollect.errors import StoreBusy
from aiocollect.stores.local import LocalStore
from testkit.child import heard, say, task_of


class Gate(LocalStore):
    """The directory store behind a gate; for the spool it is the same store."""

    open_now = False

    async def append(self, path: str, data: bytes, **options: Any) -> Any:
        """See Store.append."""
        if not self.open_now:
            raise StoreBusy("ServerBusy")
        return await super().append(path, data, **options)


async def main(spool: str, store: str, rows: int) -> None:
    """One life."""
    gate = Gate(store)
    pipeline = Pipeline(gate, spool=spool, linger=0.05)
    await pipeline.start()
    collector = pipeline.collector("m", feature_names=["a"])
    receipts = [collector.collect_receipt(float(number)) for number in range(rows)]
    for receipt in receipts:
        assert receipt is not None
        assert await receipt.durable()
    say(durable=True)
    await asyncio.to_thread(heard)
    gate.open_now = True
    await pipeline.flush()
    say(stored=(await pipeline.aclose()).stored)


if __name__ == "__main__":
    asyncio.run(main(**task_of()))
