"""Parts that users bring: hooks, layouts, encoders and stores that break their contract."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.events import DeadLettered, Dropped, Event, HighWater, LowWater, Settled
from aiocollect.layouts import DocumentedLayout
from aiocollect.testing import Fault, FaultKind, Operation, VirtualLoop, run_virtual
from aiocollect.typing import Names
from tests.support.virtual import make_pipeline

DAY = 86_400
NOW = 1_700_000_000


def equation(pipeline: Pipeline) -> tuple[int, int]:
    stats = pipeline.stats()
    final = stats.stored + stats.possibly_stored
    final += sum(stats.dead_lettered.values()) + sum(stats.dropped.values())
    return stats.accepted, final + stats.in_memory


@pytest.mark.parametrize("error", [ValueError("x"), asyncio.CancelledError()])
def test_a_hook_may_raise_anything(error: BaseException) -> None:
    """Also what looks like a cancellation: counted, and the rows go on."""

    def hook(event: Event) -> None:
        raise error

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, hooks=[hook])
        collector = pipeline.collector("m", feature_names=["a"])
        for _ in range(3):
            collector.collect(1.0)
            assert (await pipeline.flush(timeout=60)).in_memory == 0
        assert (await pipeline.aclose()).stored == 3
        assert pipeline.stats().hook_errors >= 3

    run_virtual(main)


def test_the_equation_holds_inside_hooks() -> None:
    """A hook that exports the counters sees them whole, also while a close gives rows up."""
    seen: list[tuple[int, int]] = []

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=lambda *_: Fault(FaultKind.HANG))
        pipeline: Pipeline

        def hook(event: Event) -> None:
            seen.append(equation(pipeline))

        pipeline = make_pipeline(store, loop, max_batch_bytes=1024, hooks=[hook])
        collector = pipeline.collector("m", feature_names=["a"])
        for _ in range(40):
            collector.collect([[1.0]] * 5)
        await asyncio.sleep(1.0)
        await pipeline.aclose(timeout=1.0)

    run_virtual(main)
    assert len(seen) > 5
    assert all(accepted == rest for accepted, rest in seen)


class LayoutWithAHole(DocumentedLayout):
    """Raises for one year, and leaves the container in another."""

    def path(self, names: Names, moment: datetime, *, extension: str) -> str:
        if moment.year == 2001:
            raise KeyError("no such year")
        if moment.year == 2002:
            return "../elsewhere/data.csv"
        return super().path(names, moment, extension=extension)


def test_a_layout_that_raises_costs_its_own_rows() -> None:
    """The rows it gives no path for are dead letters; their neighbours are stored."""
    events: list[Event] = []

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop, layout=LayoutWithAHole(), hooks=[events.append])
        collector = pipeline.collector("m", feature_names=["a"])
        for at in (NOW, 1_000_000_000, NOW + 1, 1_020_000_000, NOW + 2):
            collector.collect([[1.0], [2.0]], at=at)
        report = await pipeline.flush(timeout=60)
        assert report.stored == 6
        assert report.dead_lettered == {"layout": 4}
        assert pipeline.stats().budget_used == 0
        assert not any("elsewhere" in path for path in store.blobs)
        await pipeline.aclose()

    run_virtual(main)
    assert sum(e.rows for e in events if isinstance(e, DeadLettered)) == 4


class OddStore(MemoryStore):
    """Appends, and answers nothing; the first time."""

    appends = 0

    async def append(self, *args: Any, **options: Any) -> Any:
        self.appends += 1
        answer = await super().append(*args, **options)
        return None if self.appends == 1 else answer


def test_a_store_that_answers_nonsense_is_not_believed() -> None:
    """The block is in doubt, is found by reading back, and is stored once."""

    async def main(loop: VirtualLoop) -> None:
        store = OddStore()
        pipeline = make_pipeline(store, loop)
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        assert (await pipeline.flush(timeout=60)).stored == 1
        await pipeline.aclose()
        assert [data.count(b"\n") for data in store.blobs.values()] == [2]

    run_virtual(main)


def test_late_rows_beside_the_first_of_a_new_day() -> None:
    """Channels of old days are forgotten between turns: no row in a slice loses its own."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        settled: list[int] = []

        def hook(event: Event) -> None:
            if isinstance(event, Settled):
                settled.append(event.rows)

        pipeline = make_pipeline(store, loop, hooks=[hook])
        collector = pipeline.collector("m", feature_names=["a"])
        accepted = 0
        for day in range(300):
            for at in (NOW + day * DAY, NOW + (day - 9) * DAY, NOW + (day + 1) * DAY):
                assert collector.collect(1.0, at=at)
                accepted += 1
            if day % 3:
                assert (await pipeline.flush(timeout=60)).stored == accepted
        report = await pipeline.aclose()
        assert report.stored == accepted == sum(settled)
        assert sum(data.count(b"\n") - 1 for data in store.blobs.values()) == accepted
        assert pipeline.stats().paths < 300, "years pile up"

    run_virtual(main)


def test_own_blobs_outlive_the_right_to_read() -> None:
    """A writer that has appended to its own blob of a day, and may not read it any more when a
    late row comes, still knows where it stands."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop, writer="own")
        collector = pipeline.collector("m", feature_names=["a"])
        for day in range(400):
            collector.collect(1.0, at=NOW + day * DAY)
            await pipeline.flush(timeout=60)
        store.readable = False
        collector.collect(2.0, at=NOW)
        assert (await pipeline.flush(timeout=60)).stored == 401
        await pipeline.aclose()
        assert sum(data.count(b"\n") - 1 for data in store.blobs.values()) == 401

    run_virtual(main)


IDS = [
    "ffffffff-ffff-8000-acaa-aaaaaaaa0000",  # beyond the year 9999
    "-0000001-0000-8000-ac00-000000000000",  # int() takes a sign
    "+_000001-0000-8000-ac00-000000000000",
    "0189_000-0000-8000-ac00-000000000000",
]


@pytest.mark.parametrize("identifier", IDS)
def test_ids_that_look_like_ours(identifier: str) -> None:
    """They are a caller's own text: recorded, today."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop)
        collector = pipeline.collector("m", feature_names=["a"])
        assert collector.collect(1.0, correlation_id=identifier) == identifier
        collector.collect(2.0)
        assert (await pipeline.flush(timeout=60)).stored == 2
        assert len(store.blobs) == 1
        await pipeline.aclose()

    run_virtual(main)


def test_a_long_id_is_refused() -> None:
    """An id goes into every row: one of megabytes would outgrow the budget."""
    pipeline = Pipeline(MemoryStore())
    collector = pipeline.collector("m", feature_names=["a"])
    assert collector.collect(1.0, correlation_id="x" * 257) is None
    assert collector.collect(1.0, correlation_id="é" * 256) is not None
    assert pipeline.stats().refused == {"id": 1}
    assert pipeline.stats().budget_used >= 4 * 256


def test_names_show_no_cells() -> None:
    """A table given for its names is refused without showing what is in it."""

    class Frame(Sequence[str]):
        def __repr__(self) -> str:
            return "name salary Bob 99999"

        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: Any) -> Any:
            return [self][index]

    with pytest.raises(Exception, match="feature_names") as caught:
        Pipeline(MemoryStore()).collector("m", feature_names=Frame())
    assert "Bob" not in str(caught.value)


def test_a_late_row_never_goes_back_to_an_earlier_part() -> None:
    """A lane that had rolled and was forgotten goes on where it stood, though the first part was
    deleted meanwhile: else a new one in its place would hold rows behind those of the second."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop)
        collector = pipeline.collector("m", feature_names=["a"])
        collector.collect(1.0, at=NOW - 9 * DAY)
        await pipeline.flush(timeout=60)
        (first,) = store.blobs
        store.faults = lambda operation, path: (
            Fault(FaultKind.DELETED) if (operation, path) == (Operation.APPEND, first) else None
        )
        collector.collect(2.0, at=NOW - 9 * DAY)
        await pipeline.flush(timeout=60)
        store.faults = None
        await asyncio.sleep(3 * 3600)
        collector.collect(3.0)
        await pipeline.flush(timeout=60)
        collector.collect(4.0, at=NOW - 9 * DAY)
        await pipeline.flush(timeout=60)
        await pipeline.aclose()
        old = {path: data for path, data in store.blobs.items() if "2023/11/05" in path}
        assert [path[-10:] for path in old] == ["data_1.csv"]

    run_virtual(main)


class OddEncoder:
    """Gives what is no line of bytes, or raises, in one of its methods."""

    content_type = "text/plain"
    extension = "txt"

    def __init__(self, header: Any, lines: Any) -> None:
        self._header = header
        self._lines = lines

    def header(self, schema: Any) -> Any:
        return self._header() if callable(self._header) else self._header

    def encode(self, pieces: Any, schema: Any) -> Any:
        return [self._lines for piece in pieces for _ in piece.rows]


def explode() -> None:
    raise ValueError("the encoder's own")


@pytest.mark.parametrize(
    ("header", "lines", "counted"),
    [
        (b"h\n", "text\n", "dead"),
        (b"h\n", None, "dead"),
        ("h\n", b"x\n", "refused"),
        (explode, b"x\n", "refused"),
        (b"h\n", b"x\n", "stored"),
    ],
    ids=["text", "none", "header", "raises", "sound"],
)
def test_an_odd_encoder_costs_its_own_rows(header: Any, lines: Any, counted: str) -> None:
    """collect() does not raise, the neighbours are stored, and every row is counted."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop)
        odd = pipeline.collector("odd", format=OddEncoder(header, lines), feature_names=["a"])
        sound = pipeline.collector("sound", feature_names=["a"])
        for _ in range(3):
            odd.collect([[1.0], [2.0]])
            sound.collect([[1.0], [2.0]])
        report = await pipeline.flush(timeout=60)
        found = {
            "dead": report.dead_lettered.get("encode", 0),
            "refused": sum(pipeline.stats().refused.values()),
            "stored": report.stored - 6,
        }
        assert found == {"dead": 0, "refused": 0, "stored": 0, counted: 6}
        assert pipeline.stats().budget_used == 0
        await pipeline.aclose()

    run_virtual(main)


@pytest.mark.slow
def test_hooks_that_collect_while_rows_are_shed() -> None:
    """Shedding that is heard of, and answered with new rows, drops no batch twice."""
    seen: list[tuple[int, int]] = []

    async def main(loop: VirtualLoop) -> None:
        pipeline: Pipeline
        depth = 0

        def hook(event: Event) -> None:
            nonlocal depth
            seen.append(equation(pipeline))
            if isinstance(event, Dropped | LowWater | HighWater) and depth < 3:
                depth += 1
                for number in range(60):
                    collector.collect(float(number))
                depth -= 1

        store = MemoryStore(faults=lambda *_: Fault(FaultKind.BUSY))
        pipeline = make_pipeline(
            store,
            loop,
            max_batch_bytes=1024,
            max_memory_bytes=8192,
            when_full="shed_oldest",
            delivery_timeout=0.5,
            hooks=[hook],
        )
        collector = pipeline.collector("m", feature_names=["a"])
        for number in range(600):
            collector.collect([float(number)] * 3)
            await asyncio.sleep(0.01)
        report = await pipeline.aclose(timeout=1.0)
        assert report.in_memory == 0
        assert pipeline.stats().budget_used == 0
        assert pipeline.stats().hook_errors == 0

    run_virtual(main)
    assert all(accepted == rest for accepted, rest in seen)


def test_dead_letters_with_an_impossible_name() -> None:
    """A file that cannot even be named is refused at construction."""
    with pytest.raises(ConfigError, match="dead_letters"):
        Pipeline(MemoryStore(), dead_letters="a\0b")
