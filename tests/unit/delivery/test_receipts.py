"""Receipts: what a call is told of its rows, in each of their ends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from aiocollect import MemoryStore, Receipt, ReceiptOutcome
from aiocollect._core.commands import Outcome
from aiocollect._delivery.receipts import AwaitedRows
from aiocollect.testing import Fault, FaultKind, Operation, VirtualLoop, run_virtual
from aiocollect.typing import Piece, Schema
from tests.support.disks import InlineDisk, StruckDisk
from tests.support.virtual import make_pipeline, small


def down(*_: object) -> Fault:
    return Fault(FaultKind.BUSY)


def test_stored(tmp_path: Path) -> None:
    """Open while it is under way; "stored" once its rows are in the blob; may be awaited twice."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(latency=0.1)
        pipeline = make_pipeline(store, loop, linger=0.5)
        collector = pipeline.collector("m", feature_names=["a"])
        receipt = collector.collect_receipt([[1.0], [2.0]])
        assert receipt is not None
        assert (receipt.rows, receipt.outcome, receipt.spooled) == (2, None, False)
        before = loop.time()
        assert await receipt == "stored"
        assert loop.time() - before > 0.5
        assert await receipt == receipt.outcome == "stored"
        (data,) = store.blobs.values()
        assert data.count(receipt.correlation_id.encode()) == 2
        # In memory alone until it was stored; then it survives as whatever the store survives.
        assert await receipt.durable()
        assert not receipt.spooled
        await pipeline.aclose()

    run_virtual(main)


def test_a_model_has_one_receipt_for_all_its_streams() -> None:
    """It is stored when the last of them is."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        store.faults = lambda _, path: down() if "/p/" in path else None
        pipeline = make_pipeline(store, loop, linger=0.1)
        model = pipeline.model("m", i=["a"], p=["b"])
        receipt = model.collect_receipt(i=[[1.0], [2.0]], p=[[3.0], [4.0]])
        assert receipt is not None
        assert receipt.rows == 4
        await asyncio.sleep(2.0)
        assert pipeline.stats().stored == 2
        assert receipt.outcome is None
        store.faults = None
        assert await receipt == "stored"
        await pipeline.aclose()

    run_virtual(main)


def test_refused_has_none() -> None:
    """What is not accepted has no receipt; nor has what is switched off."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop)
        collector = pipeline.collector("m", feature_names=["a"])
        assert collector.collect_receipt([[1.0, 2.0]]) is None
        collector.set(enabled=False)
        assert collector.collect_receipt([1.0]) is None
        collector.set(enabled=True)
        await pipeline.aclose()
        assert collector.collect_receipt([1.0]) is None

    run_virtual(main)


class Picky:
    """An encoder that raises for what is below 0."""

    content_type, extension = "text/csv", "csv"

    def header(self, schema: Schema) -> bytes:
        return b"h\n"

    def encode(self, pieces: list[Piece], schema: Schema) -> list[bytes]:
        lines = []
        for piece in pieces:
            for row in piece.rows:
                if row[0] < 0:
                    raise ValueError
                lines.append(b"%f,%s\n" % (row[0], piece.correlation_id.encode()))
        return lines


def test_not_stored() -> None:
    """A dead row in a call: the call was not stored, its neighbours were."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, format=Picky(), linger=0.1)
        collector = pipeline.collector("m", feature_names=["a"])
        good = collector.collect_receipt([[1.0], [2.0]])
        bad = collector.collect_receipt([[1.0], [-2.0]])
        assert good is not None
        assert bad is not None
        assert (await good, await bad) == ("stored", "not_stored")
        assert pipeline.stats().stored == 3
        await pipeline.aclose()

    run_virtual(main)


def test_shed_is_not_stored() -> None:
    """Rows that were given up for later ones; each receipt has its own end."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=down)
        pipeline = small(store, loop, when_full="shed_oldest")
        collector = pipeline.collector("m", feature_names=["a"])
        receipts = []
        for number in range(400):
            receipts.append(collector.collect_receipt([float(number)]))
            await asyncio.sleep(0.01)
        store.faults = None
        report = await pipeline.aclose()
        ends = [receipt.outcome for receipt in receipts if receipt is not None]
        assert len(ends) == 400
        assert ends.count(ReceiptOutcome.STORED) == report.stored > 0
        assert ends.count(ReceiptOutcome.NOT_STORED) == report.dropped["shed_oldest"] > 0
        (data,) = store.blobs.values()
        stored = {float(line.split(b",")[0]) for line in data.splitlines()[1:]}
        assert stored == {float(n) for n, end in enumerate(ends) if end == "stored"}

    run_virtual(main)


def test_possibly_stored() -> None:
    """A doubt that the end cuts short."""

    async def main(loop: VirtualLoop) -> None:
        kinds = {Operation.APPEND: FaultKind.LOST_ANSWER, Operation.READ: FaultKind.BUSY}
        store = MemoryStore(faults=lambda op, _: Fault(kinds[op]) if op in kinds else None)
        pipeline = make_pipeline(store, loop, linger=0.1)
        collector = pipeline.collector("m", feature_names=["a"])
        first = collector.collect_receipt([1.0])
        await asyncio.sleep(3.0)
        second = collector.collect_receipt([2.0])
        assert first is not None
        assert second is not None
        await pipeline.aclose(timeout=1.0)
        assert (first.outcome, second.outcome) == ("possibly_stored", "not_stored")

    run_virtual(main)


def spooled_pipeline(store: Any, loop: VirtualLoop, directory: Path, disk: InlineDisk) -> Any:
    return make_pipeline(store, loop, spool=directory, disk=disk, linger=0.1)


def test_spooled_and_durable(tmp_path: Path) -> None:
    """Spooled with the next turn of the pump; durable once it was synced; "spooled" at the end."""
    synced: list[str] = []

    class Counting(StruckDisk):
        def strike(self, call: str, path: str) -> None:
            if call == "sync":
                synced.append(path)

    async def main(loop: VirtualLoop) -> None:
        pipeline = spooled_pipeline(MemoryStore(faults=down), loop, tmp_path, Counting())
        collector = pipeline.collector("m", feature_names=["a"])
        receipt = collector.collect_receipt([1.0])
        assert not receipt.spooled
        await asyncio.sleep(0.01)
        assert receipt.spooled
        assert not synced
        assert await receipt.durable()
        assert any(path.endswith(".rows") for path in synced)
        await pipeline.aclose(timeout=1.0)
        assert receipt.outcome == "spooled"

    run_virtual(main)


def test_not_durable(tmp_path: Path) -> None:
    """False where rows are in memory alone: no spool, or a disk that fails."""

    async def main(loop: VirtualLoop) -> None:
        without = make_pipeline(MemoryStore(faults=down), loop)
        receipt = without.collector("m", feature_names=["a"]).collect_receipt([1.0])
        assert receipt is not None
        assert not await receipt.durable()
        await without.aclose(timeout=0.1)
        disk = InlineDisk()
        pipeline = spooled_pipeline(MemoryStore(faults=down), loop, tmp_path, disk)
        receipt = pipeline.collector("m", feature_names=["a"]).collect_receipt([1.0])
        assert receipt is not None
        disk.broken = OSError(5, "Input/output error")
        assert not await receipt.durable()
        await pipeline.aclose(timeout=0.1)

    run_virtual(main)


def test_who_cancels_its_waiting_cancels_nobody_elses() -> None:
    """Two wait for one receipt; one gives up."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, linger=1.0)
        receipt = pipeline.collector("m", feature_names=["a"]).collect_receipt([1.0])
        assert receipt is not None
        waiting = receipt

        async def wait() -> str:
            return await waiting

        one, other = asyncio.create_task(wait()), asyncio.create_task(wait())
        await asyncio.sleep(0.1)
        one.cancel()
        assert await other == "stored"
        assert one.cancelled()
        await pipeline.aclose()

    run_virtual(main)


# The numbers of a lane ---------------------------------------------------------------------------


@pytest.mark.parametrize("ends", [[(0, 10)], [(0, 3), (3, 7)], [(4, 6), (0, 4)], [(6, 4), (0, 6)]])
def test_rows_are_settled_once_whatever_the_order(ends: list[tuple[int, int]]) -> None:
    """Three calls of one lane, whose rows end in pieces that do not match the calls."""

    async def sync() -> bool:
        return True

    receipts = [Receipt(str(n), rows, sync=sync) for n, rows in enumerate((4, 1, 5))]
    watched = AwaitedRows()
    first = 0
    for receipt in receipts:
        watched.add(first, receipt.rows, receipt)
        first += receipt.rows
    for start, rows in ends:
        assert any(receipt.outcome is None for receipt in receipts)
        watched.settle(start, rows, Outcome.STORED)
    assert [receipt.outcome for receipt in receipts] == ["stored"] * 3
    assert not watched
