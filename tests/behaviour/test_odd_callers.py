"""The caller's own code runs while collect() looks at the values, and changes them meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import numpy as np
import pytest

from aiocollect import MemoryStore, Pipeline

WIDTH = 64


class Key:
    """A key of a dict that is equal to a name, and does something whenever it is compared."""

    def __init__(self, name: str, act: Callable[[], object]) -> None:
        self._name = name
        self._act = act

    def __hash__(self) -> int:
        return hash(self._name)

    def __eq__(self, other: object) -> bool:
        self._act()
        return other == self._name


class Zone(tzinfo):
    """A time zone that does something whenever it is asked."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act

    def utcoffset(self, moment: datetime | None) -> timedelta:
        self._act()
        return timedelta(0)

    def dst(self, moment: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, moment: datetime | None) -> str:
        return "odd"


def changes(rows: list[Any], table: Any) -> list[Callable[[], object]]:
    """What can become of the other stream's value between two looks."""
    return [
        rows.clear,
        lambda: rows.__setitem__(slice(None), ["text" * 1000] * len(rows)),
        lambda: rows.extend([1.5] * 10_000),
        lambda: rows[0].clear() if rows and type(rows[0]) is list else None,
        lambda: table.resize((1, 1), refcheck=False),
    ]


@pytest.mark.parametrize("which", range(5))
@pytest.mark.parametrize("way", ["key", "zone"])
@pytest.mark.parametrize("kind", ["list", "rows", "array"])
def test_values_that_change_while_they_are_looked_at(which: int, way: str, kind: str) -> None:
    """Each call is stored as it was at one moment, or refused; the process lives on."""

    async def main() -> tuple[int, int]:
        pipeline = Pipeline(MemoryStore())  # the machine's clock: another one is asked first, too
        model = pipeline.model(
            "m",
            version="1",
            inputs=[f"f{n}" for n in range(WIDTH)],
            predictions=["a", "b"],
            paired=False,
        )
        usual = [0.5] * WIDTH
        for at in (None, datetime(1970, 1, 1, 1, tzinfo=UTC)):  # the paths of both days
            model.collect(inputs=usual, predictions=[1.0, 2.0], at=at)
            model.collect(inputs=np.array([usual]), predictions=[1.0, 2.0], at=at)
        await pipeline.flush()
        for _ in range(20):
            rows: list[Any] = [0.5] * WIDTH if kind == "list" else [[0.5] * WIDTH] * 3
            table = np.full((3, WIDTH), 0.5)
            act = changes(rows, table)[which]
            given = table if kind == "array" else rows
            if way == "key":
                named = {Key("a", act): 1.0, Key("b", act): 2.0}
                model.collect(inputs=given, predictions=named)
            else:
                moment = datetime(1970, 1, 1, 1, tzinfo=Zone(act))
                model.collect(inputs=given, predictions=[1.0, 2.0], at=moment)
        report = await pipeline.aclose()
        assert report.complete
        assert pipeline._engine.ring.used == 0
        stats = pipeline.stats()
        return stats.stored, stats.accepted

    stored, accepted = asyncio.run(main())
    assert stored == accepted
