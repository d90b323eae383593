"""The event loop and the disk: no call of a spool or of the directory store is made on the loop.

Real files, real threads. What blocks, blocks on an event that the loop itself sets: were one call
made on the loop, it could never be set.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from pathlib import Path

import pytest

from aiocollect import MemoryStore, Pipeline
from aiocollect.testing import Fault, FaultKind, Seams
from tests.support.disks import Striking

pytestmark = pytest.mark.slow  # Real files and threads; each test waits for one.

CALLS = {
    *("make_directory", "names", "lock", "renew", "open", "write", "read", "size", "sync"),
    *("remove", "dissolve", "close", "release"),
}
# A test that fails must end.
PATIENCE = 20.0


class Watched(Striking):
    """Remembers who has made each call; calls of ``frozen`` block until ``thawed``."""

    def __init__(self, frozen: str = "") -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()
        self.on_loop: Counter[str] = Counter()
        self.frozen = frozen
        self.thawed = threading.Event()
        self.hangs = threading.Event()
        self.loop_thread = threading.get_ident()

    def strike(self, call: str, path: str) -> None:
        self.calls[call] += 1
        if threading.get_ident() == self.loop_thread:
            self.on_loop[call] += 1
        if call == self.frozen and not self.thawed.is_set():
            self.hangs.set()
            self.thawed.wait(PATIENCE)


async def live(disk: Watched, directory: Path) -> int:
    """A life that leaves rows, one that adopts them, and all calls; returns the rows stored."""
    store = MemoryStore()
    for life in range(2):
        store.faults = (lambda *_: Fault(FaultKind.BUSY)) if life == 0 else None
        pipeline = Pipeline(store, spool=directory, _seams=Seams(disk=disk), linger=0.05)
        await pipeline.start()
        collector = pipeline.collector("m", feature_names=["a"])
        for number in range(50):
            collector.collect(float(number))
        if life:
            async with asyncio.timeout(PATIENCE):
                while pipeline.stats().adopted < 50 or pipeline.stats().in_spool:
                    await asyncio.sleep(0.01)
            await pipeline.flush()
        await pipeline.aclose(timeout=0.3 if life == 0 else None)
    return sum(len(data.splitlines()) - 1 for data in store.blobs.values())


@pytest.mark.asyncio
async def test_no_call_is_made_on_the_loop(tmp_path: Path) -> None:
    """Begun, written, synced, read, adopted, cleaned up and closed."""
    disk = Watched()
    assert await live(disk, tmp_path / "spool") == 100
    assert disk.calls.keys() >= CALLS
    assert not disk.on_loop


@pytest.mark.asyncio
@pytest.mark.parametrize("call", sorted(CALLS - {"size", "release", "dissolve", "remove"}))
async def test_the_loop_turns_while_a_call_hangs(call: str, tmp_path: Path) -> None:
    """Whichever it is: calls are collected meanwhile, and when it is over all rows are stored."""
    disk = Watched(frozen=call)
    life = asyncio.ensure_future(live(disk, tmp_path / "spool"))
    async with asyncio.timeout(PATIENCE):
        while not disk.hangs.is_set():
            await asyncio.sleep(0.001)
    for _ in range(50):
        await asyncio.sleep(0.001)
    assert not life.done()
    disk.thawed.set()
    stored = await life
    assert not disk.on_loop
    # A call may have hung for too long for one of the lives: then its rows are still on the disk.
    async with Pipeline(MemoryStore(), spool=tmp_path / "spool") as last:
        assert stored + (await last.replay()).stored == 100


@pytest.mark.asyncio
async def test_a_directory_store_that_hangs_holds_no_loop(tmp_path: Path) -> None:
    """Somebody else has the blob's lock, and is stopped: appends wait in threads of their own."""
    async with Pipeline(tmp_path, linger=0.01) as pipeline:
        collector = pipeline.collector("m", feature_names=["a"])
        collector.collect(0.0)
        await pipeline.flush()
        import fcntl

        (ledger,) = tmp_path.rglob(".*.ledger")
        with ledger.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            collector.collect(1.0)
            ticks = 0
            for _ in range(100):
                await asyncio.sleep(0.001)
                ticks += 1
            assert ticks == 100
            assert pipeline.stats().stored == 1
        await pipeline.flush()
        assert pipeline.stats().stored == 2
