"""What the pump makes of calls of the fast path: rows are in order, whatever the ring holds."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Sequence
from typing import Any

import pytest

from aiocollect import Collector, MemoryStore, Pipeline
from aiocollect.encoders import CsvEncoder
from aiocollect.errors import EncodeError
from aiocollect.events import DeadLettered, Event
from aiocollect.stats import CORE
from aiocollect.testing import VirtualLoop, run_virtual
from aiocollect.typing import Piece, Schema
from tests.support.virtual import make_pipeline

HOUR = 3600


def firsts(data: bytes) -> list[str]:
    """The first cell of each row of a file, in order."""
    return [row[0] for row in csv.reader(io.StringIO(data.decode(), newline=""))][1:]


async def opened(pipeline: Pipeline, *collectors: Collector) -> None:
    """The columns are fixed and admitted: the next calls take the fast path."""
    for collector in collectors:
        collector.collect([-1.0, 0.0])
        await pipeline.flush()


def test_two_collectors_of_one_blob_keep_the_order_of_calls() -> None:
    """Two streams with one path and header take turns: the file has their rows as they came."""

    async def main(loop: VirtualLoop) -> bytes:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop)
        one = pipeline.collector("m")
        two = pipeline.collector("m", feature_names=["f0", "f1"])
        await opened(pipeline, one, two)
        for number in range(100):
            (one if number % 3 else two).collect([float(number), 0.5])
        await pipeline.aclose()
        (data,) = store.blobs.values()
        return data

    assert firsts(run_virtual(main)) == ["-1.0", "-1.0", *(f"{n}.0" for n in range(100))]


def test_the_data_may_be_given_by_name() -> None:
    """``data=`` is its name, and is given once; all else that is wrong is a TypeError."""

    async def main(loop: VirtualLoop) -> bytes:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop)
        one = pipeline.collector("m")
        await opened(pipeline, one)
        assert one.collect(correlation_id="a", data=[1.0, 0.5]) == "a"
        call: Any = one.collect
        for arguments, named in (
            *(((), {}), ((), {"at": 1.0}), (([1.0, 0.5], "a"), {})),
            *((([1.0, 0.5],), {"data": [1.0, 0.5]}), (([1.0, 0.5],), {"id": "a"})),
        ):
            with pytest.raises(TypeError):
                call(*arguments, **named)
        await pipeline.aclose()
        (data,) = store.blobs.values()
        return data

    assert firsts(run_virtual(main)) == ["-1.0", "1.0"]


def test_collectors_take_turns_with_each_other_and_with_other_calls() -> None:
    """Two blobs; dicts, tables and text between the rows of numbers: each file is in order."""

    async def main(loop: VirtualLoop) -> dict[str, bytes]:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop)
        one = pipeline.collector("one", feature_names=["a", "b"])
        two = pipeline.collector("two", feature_names=["a", "b"])
        await opened(pipeline, one, two)
        for number in range(300):
            a = float(number)
            one.collect([a, 0.5])
            if number % 50 == 49:  # whole slices are of the fast path, and some are not
                two.collect([[a, 1], [a, 2]])
                two.collect({"a": a, "b": "text"})
            two.collect((a, None if number % 7 else "text"))
            if number % 100 == 99:
                await asyncio.sleep(0.01)
        await pipeline.aclose()
        return store.blobs

    blobs = run_virtual(main)
    one, two = (firsts(blobs[path]) for path in sorted(blobs))
    assert one == ["-1.0", *(f"{n}.0" for n in range(300))]
    expected = ["-1.0"]
    for number in range(300):
        expected += [f"{number}.0"] * (4 if number % 50 == 49 else 1)
    assert two == expected


def test_an_hour_that_ends_within_a_slice() -> None:
    """Rows of two hours, collected at once, go to the files of their own hours."""

    async def main(loop: VirtualLoop) -> dict[str, bytes]:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop, layout="hour")
        collector = pipeline.collector("m", feature_names=["a", "b"])
        await opened(pipeline, collector)
        clock = pipeline._engine.clock
        left = HOUR - clock.time_ns() // 10**9 % HOUR
        await asyncio.sleep(left - 0.000_010)
        for number in range(100):  # each a microsecond after the one before, at least
            collector.collect([float(number), 0.5])
        await pipeline.aclose()
        return store.blobs

    blobs = run_virtual(main)
    assert len(blobs) >= 2
    rows = [cell for path in sorted(blobs) for cell in firsts(blobs[path]) if cell != "-1.0"]
    assert rows == [f"{number}.0" for number in range(100)]
    ends = [len(firsts(blobs[path])) for path in sorted(blobs)][-2:]
    assert min(ends) > 0


def test_wide_rows_are_cut_by_their_bytes() -> None:
    """A slice takes no more than its bytes: a thousand columns are not all taken in one turn."""

    async def main(loop: VirtualLoop) -> list[int]:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop)
        collector = pipeline.collector("m", feature_names=[f"f{n}" for n in range(1000)])
        collector.collect([0.5] * 1000)
        await pipeline.flush()
        pump = pipeline._engine.delivery.pump
        for _ in range(40):
            collector.collect([0.5] * 1000)
        before, taken = pump.rows_taken, []
        while len(pipeline._engine.ring):
            pump.turn(0.0)
            taken.append(pump.rows_taken - before)
            before = pump.rows_taken
        await pipeline.aclose()
        return taken

    taken = run_virtual(main)
    assert sum(taken) == 40
    assert max(taken) <= (512 if CORE == "native" else 128) * 1024 // 32_000
    assert min(taken) >= 1


class Picky(CsvEncoder):
    """Refuses one value, in whatever form it comes."""

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        if any(row[0] == 13.0 for piece in pieces for row in piece.rows):
            raise EncodeError("thirteen")
        return super().encode(pieces, schema)


class Counting(CsvEncoder):
    """Overrides encode() alone, so it must see every row."""

    seen = 0

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        assert all(type(cell) is not bytes for p in pieces for row in p.rows for cell in [row])
        self.seen += sum(len(piece.rows) for piece in pieces)
        return super().encode(pieces, schema)


def test_a_row_that_cannot_be_encoded_takes_no_other_along() -> None:
    """Among calls of the fast path it alone is a dead letter; the others are stored, in order."""
    letters: list[DeadLettered] = []

    def hook(event: Event) -> None:
        if isinstance(event, DeadLettered):
            letters.append(event)

    async def main(loop: VirtualLoop) -> bytes:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop, format=Picky(), hooks=[hook])
        collector = pipeline.collector("m", feature_names=["a", "b"])
        await opened(pipeline, collector)
        for number in range(50):
            collector.collect([float(number), 0.5])
        report = await pipeline.aclose()
        assert report.dead_lettered == {"encode": 1}
        assert pipeline._engine.ring.used == 0
        (data,) = store.blobs.values()
        return data

    found = firsts(run_virtual(main))
    assert found == ["-1.0", *(f"{n}.0" for n in range(50) if n != 13)]
    assert [letter.rows for letter in letters] == [1]


def test_who_overrides_encode_sees_every_row() -> None:
    """One a call or many, of numbers or not: an encoder of one's own is never passed by."""
    encoder = Counting()

    async def main(loop: VirtualLoop) -> int:
        pipeline = make_pipeline(MemoryStore(), loop, format=encoder)
        collector = pipeline.collector("m", feature_names=["a", "b"])
        await opened(pipeline, collector)
        for number in range(50):
            collector.collect([float(number), 0.5])
            collector.collect([[1.0, 2.0], [3.0, 4.0]])
        return (await pipeline.aclose()).stored

    assert run_virtual(main) == encoder.seen == 151
