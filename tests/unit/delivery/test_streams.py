"""Collectors made per request: bounded, said, and the same ones for the same words."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from aiocollect import MemoryStore
from aiocollect._delivery import streams
from aiocollect.encoders import CsvEncoder, JsonlEncoder
from aiocollect.events import Event, StreamsForgotten
from aiocollect.layouts import TemplateLayout
from aiocollect.testing import VirtualLoop, run_virtual
from tests.support.virtual import make_pipeline

MADE = 5000
KINDS: dict[str, Any] = {
    "redact": lambda number: {"redact": lambda row: row},
    "columns": lambda number: {"feature_names": [f"c{number}"]},
    "model": lambda number: {"model": f"m{number}"},
    "encoder": lambda number: {"format": OwnEncoder()},
    "layout": lambda number: {
        "layout": TemplateLayout("{model}/{yyyy}/{MM}/{dd}/" + f"{number}.csv")
    },
}


class OwnEncoder(CsvEncoder):
    """A user's, of which two are two."""


def made(pipeline: Any, options: dict[str, Any]) -> Any:
    options = {"model": "m", "feature_names": ["a"], **options}
    return pipeline.collector(options.pop("model"), **options)


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_collectors_made_per_request_are_bounded(kind: str) -> None:
    """However many are made and let go of: rows are stored, refused columns are counted, and what
    is left of them is bounded, and said."""
    events: list[Event] = []

    async def main(loop: VirtualLoop) -> int:
        pipeline = make_pipeline(MemoryStore(), loop, linger=0.1, hooks=[events.append])
        engine = pipeline._engine
        accepted = 0
        for number in range(MADE):
            collector = made(pipeline, KINDS[kind](number))
            accepted += collector.collect([[1.0]]) is not None
            if number % 500 == 0:
                await asyncio.sleep(1)
        await pipeline.flush()
        gc.collect()
        channels = engine.channels
        assert len(channels.streams) <= streams.KEPT + 2
        assert len(channels._forms) <= 256
        assert len(channels._alike._values) <= streams.ALIKE
        assert len(engine.gates.rates) <= streams.KEPT
        assert engine.ring.shares <= engine.sources._count_at * engine.settings.share
        report = await pipeline.aclose()
        assert report.stored == accepted
        assert report.refused.get("schema_overflow", 0) == MADE - accepted
        return accepted

    accepted = run_virtual(main)
    assert accepted == (8 if kind == "columns" else MADE)
    told = [event.streams for event in events if isinstance(event, StreamsForgotten)]
    assert sum(told) > MADE - 3 * streams.KEPT


@pytest.mark.parametrize(
    "options",
    [
        {"format": "csv"},
        {"format": CsvEncoder},
        {"format": lambda: CsvEncoder(guard_formulas=True)},
        {"format": JsonlEncoder},
        {"layout": lambda: TemplateLayout("{model}/{yyyy}.csv")},
        {},
    ],
)
def test_our_own_parts_made_per_request_are_the_same(options: dict[str, Any]) -> None:
    """An encoder or layout of ours is as good as another one with the same words."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, linger=0.1)

        def one() -> Any:
            parts = {name: part() if callable(part) else part for name, part in options.items()}
            return made(pipeline, parts)._stream

        assert one() is one()
        await pipeline.aclose()

    run_virtual(main)


@pytest.mark.slow
def test_who_comes_back_finds_the_columns_as_they_were_fixed() -> None:
    """A collector that is asked for at each request stays, beside thousands that are not."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, linger=0.1)
        pipeline.collector("wanted").collect({"a": 1, "b": 2})
        for number in range(MADE):
            pipeline.collector(f"m{number}", feature_names=["a"])
            if number % 100 == 0:
                assert pipeline.collector("wanted").collect({"c": 1}) is None
        assert pipeline.collector("wanted").collect({"a": 1, "b": 2}) is not None
        await pipeline.aclose()

    run_virtual(main)


@pytest.mark.slow
def test_headers_are_counted_by_the_day() -> None:
    """At most eight a stream and day: on the next one those that are in use, and new ones."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, linger=0.1)
        collectors = [pipeline.collector("m", feature_names=[f"c{n}"]) for n in range(12)]
        first = [one.collect([[1.0]]) is not None for one in collectors]
        assert first == [True] * 8 + [False] * 4
        kept = collectors[:2]
        del collectors
        pipeline._engine.channels.streams._latest.clear()
        gc.collect()
        await asyncio.sleep(86_400)
        kept[0].collect([[1.0]])
        await asyncio.sleep(1)
        later = [pipeline.collector("m", feature_names=[f"d{n}"]) for n in range(12)]
        accepted = [one.collect([[1.0]]) is not None for one in later]
        assert accepted == [True] * 6 + [False] * 6
        assert all(one.collect([[1.0]]) is not None for one in kept)
        await pipeline.aclose()

    run_virtual(main)
