"""What is no Exception, raised by a user's parts: a panic of native code, GeneratorExit, and what
ends a program. Its rows are final with a reason, and nobody else's are touched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from aiocollect import MemoryStore
from aiocollect.encoders import CsvEncoder
from aiocollect.events import Event, Settled
from aiocollect.layouts import DocumentedLayout
from aiocollect.testing import Fault, FaultKind, VirtualLoop
from aiocollect.typing import Piece, Schema
from tests.support.virtual import make_pipeline


class Panic(BaseException):
    """What a native library's panic is to Python."""


EXITS = (KeyboardInterrupt, SystemExit)
KINDS = [Panic, GeneratorExit, asyncio.CancelledError, StopIteration, *EXITS]


class Troubled:
    """Raises at the first calls that have a row with a 13."""

    def __init__(self, kind: type[BaseException], times: int) -> None:
        self.kind = kind
        self.left = times

    def strike(self) -> None:
        """Raise, if it is time."""
        if self.left:
            self.left -= 1
            raise self.kind


class TroubledEncoder(CsvEncoder):
    """Cannot write a 13."""

    trouble: Troubled

    def encode(self, pieces: Sequence[Piece], schema: Schema) -> list[bytes]:
        if any(13.0 in row for piece in pieces for row in piece.rows):
            self.trouble.strike()
        return super().encode(pieces, schema)


class TroubledLayout(DocumentedLayout):
    """Has no path for the hour 13 of 1970."""

    trouble: Troubled

    def path(self, names: Any, moment: Any, *, extension: str) -> str:
        if (moment.year, moment.hour) == (1970, 13):
            self.trouble.strike()
        return super().path(names, moment, extension=extension)


def live(loop: VirtualLoop, story: Callable[[], Any]) -> int:
    """Run the story to its end; how often something ended the loop on the way."""
    exits = 0
    living = loop.create_task(story())
    while not living.done():
        try:
            loop.run_until_complete(living)
        except EXITS:
            exits += 1
    living.result()
    return exits


@pytest.mark.parametrize("times", [1, 1000], ids=["once", "always"])
@pytest.mark.parametrize("part", ["encoder", "layout"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_or_layout_may_raise_anything(
    kind: type[BaseException], part: str, times: int
) -> None:
    """The row that it cannot take is dead-lettered, the others of its slice are stored, of other
    streams too. An interrupt that comes once is not its doing: nothing is lost, and it goes on."""
    encoder, layout = TroubledEncoder(), TroubledLayout()
    encoder.trouble = layout.trouble = Troubled(kind, times)
    store, loop = MemoryStore(), VirtualLoop()
    pipeline = make_pipeline(store, loop, linger=0.1)
    own: dict[str, Any] = {"format": encoder} if part == "encoder" else {"layout": layout}

    async def story() -> None:
        troubled = pipeline.collector("troubled", feature_names=["a"], **own)
        other = pipeline.collector("other", feature_names=["a"])
        for number in range(20):
            at = 3600.0 * 13 if number == 13 and part == "layout" else 3600.0 * 14
            troubled.collect([[float(number)]], at=at)
            other.collect(float(number))
        await asyncio.sleep(10)
        stats = pipeline.stats()
        assert stats.in_memory == 0
        lost = int(not (kind in EXITS or (times == 1 and part == "encoder")) or times > 1)
        assert sum(stats.dead_lettered.values()) == lost
        assert stats.stored == 40 - lost

    try:
        assert live(loop, story) == (1 if kind in EXITS and times == 1 else 0)
        report = loop.run_until_complete(pipeline.aclose())
        assert not report.in_memory
        assert not report.dropped
    finally:
        loop.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_hook_may_raise_anything(kind: type[BaseException]) -> None:
    """It is counted; what ends a program ends the loop when the lane's step is done: nothing
    stands still for it."""
    store, loop = MemoryStore(), VirtualLoop()
    left = 3

    def hook(event: Event) -> None:
        nonlocal left
        if isinstance(event, Settled) and left:
            left -= 1
            raise kind

    pipeline = make_pipeline(store, loop, linger=0.1, hooks=[hook])

    async def story() -> None:
        collector = pipeline.collector("m", feature_names=["a"])
        for number in range(10):
            collector.collect(float(number))
            await asyncio.sleep(1)

    try:
        assert live(loop, story) == (3 if kind in EXITS else 0)
        report = loop.run_until_complete(pipeline.aclose())
        assert report.stored == 10
        assert pipeline.stats().hook_errors == (0 if kind in EXITS else 3)
    finally:
        loop.close()


class ClosingStore(MemoryStore):
    """Raises as it is closed."""

    kind: type[BaseException]

    async def aclose(self) -> None:
        raise self.kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_close_accounts_for_every_row_whatever_is_raised(kind: type[BaseException]) -> None:
    """In the encoder's last slice, and by the store that is closed: the report is whole."""
    encoder = TroubledEncoder()
    encoder.trouble = Troubled(kind, 1)
    store, loop = ClosingStore(faults=lambda *_: Fault(FaultKind.HANG)), VirtualLoop()
    store.kind = kind
    pipeline = make_pipeline(store, loop, linger=0.1, format=encoder)
    reports: list[Any] = []

    async def story() -> None:
        collector = pipeline.collector("m", feature_names=["a"])
        for number in range(20):
            collector.collect([[float(number)]])
        reports.append(await pipeline.aclose(0.0))
        await asyncio.sleep(0)

    try:
        exits = live(loop, story)
        assert bool(exits) == (kind in EXITS)
        (report,) = reports
        assert not report.in_memory
        assert sum(report.dropped.values()) + report.possibly_stored == 20
    finally:
        loop.close()
