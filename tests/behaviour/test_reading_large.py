"""Joined days that are larger than is held in memory: the same rows, in the same order.

The oracle is what to_arrow() makes of the same parts, which joins a day at once; its own oracles
are in test_reading_joined.py and tests/unit/reading/test_join.py. Long cells make days large.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

import aiocollect
from aiocollect import MemoryStore
from aiocollect.reading.join.large import LARGE, SHARE
from aiocollect.testing import VirtualLoop, run_virtual

ROOT = "default/default/default/default/m/1"
DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG = 4000
ROWS = (LARGE + SHARE) // LONG // 2 * 2


def our_id(number: int, day: int = 0) -> str:
    moment = int((DAY + timedelta(days=day, milliseconds=number)).timestamp() * 1000)
    return f"{moment >> 16:08x}-{moment & 0xFFFF:04x}-8000-ac00-{number:012x}"


class Day:
    """Rows of one stream and day, as lines of CSV."""

    def __init__(self, stream: str, columns: str, day: int = 0) -> None:
        self.path = f"{ROOT}/{stream}/{DAY + timedelta(days=day):%Y/%m/%d}/data.csv"
        self.lines = [
            columns + ",$aml_dc_correlation_id,$aml_dc_scoring_timestamp,$aml_dc_row\n",
        ]
        self.day = day

    def add(self, cells: str, id_: str, at: int = 0, row: int = 0) -> None:
        moment = DAY + timedelta(days=self.day, milliseconds=at)
        self.lines.append(f"{cells},{id_},{moment:%Y-%m-%dT%H:%M:%S.%f},{row}\n")


def stored(*days: Day) -> MemoryStore:
    store = MemoryStore(max_block_bytes=2**30)

    async def main(_: VirtualLoop) -> None:
        for day in days:
            await store.create(day.path, content_type="text/csv")
            await store.append(day.path, "".join(day.lines).encode(), offset=0)

    run_virtual(main)
    return store


def compared(store: MemoryStore, **options: Any) -> Any:
    """The rows, which are the same whether all are held or not."""
    whole = aiocollect.read(store, "m", **options)
    parts = aiocollect.read(store, "m", **options)
    want = whole.to_arrow()
    batches = list(parts)
    assert max(batch.nbytes for batch in batches) < LARGE
    found = pa.Table.from_batches(batches, schema=parts.schema)
    assert found.equals(want)
    assert parts.missing == whole.missing
    assert sorted(parts.notes) == sorted(whole.notes)
    return want


def long(number: int) -> str:
    return f"{number:0>{LONG}}x"


def test_recorded_together_in_one_order() -> None:
    """Side by side, with late labels; nothing goes to the disk."""
    inputs, predictions, labels = Day("inputs", "a"), Day("predictions", "p"), Day("labels", "y")
    for number in range(ROWS):
        inputs.add(long(number), our_id(number), number)
        predictions.add(str(number), our_id(number), number)
        if number % 3:
            labels.add(str(-number), our_id(number), 10**6 - number)
    labels.add("7", our_id(ROWS + 5))  # of no row
    table = compared(stored(inputs, predictions, labels))
    assert table["p"].to_pylist() == list(range(ROWS))
    assert table["y"].to_pylist() == [-n if n % 3 else None for n in range(ROWS)]


@pytest.mark.parametrize(("labels_", "missing"), [("latest", "drop"), ("all", "keep")])
def test_rows_in_another_order(labels_: Any, missing: Any) -> None:
    """Some without a partner, some twice, labels corrected: in the order of the inputs, then what
    has none."""
    chance = Random(f"{labels_} {missing}")
    inputs, predictions, labels = Day("inputs", "a"), Day("predictions", "p"), Day("labels", "y")
    numbers = list(range(ROWS))
    chance.shuffle(numbers)
    for number in numbers:
        if number % 11:
            inputs.add(long(number), our_id(number // 3), number, row=number % 3)
    chance.shuffle(numbers)
    for number in numbers:
        for _ in range(1 + (number % 501 == 0)):
            if number % 13:
                predictions.add(str(number), our_id(number // 3), number, row=number % 3)
    chance.shuffle(numbers)
    for number in numbers[: ROWS // 2]:
        for at in range(1 + number % 3):
            labels.add(str(100 * number + at), our_id(number // 3), at, row=number % 3)
    store = stored(inputs, predictions, labels)
    table = compared(store, labels=labels_, on_missing=missing)
    for a, p, y in zip(*(table[name].to_pylist() for name in "apy"), strict=True):
        if a is not None and p is not None:
            assert int(a[:-1]) == p
        if y is not None:
            assert y // 100 == (p if a is None else int(a[:-1]))


def test_ids_of_others_over_two_days() -> None:
    """Rows that wait for the next day, and labels that lie anywhere."""
    chance = Random(5)
    days = [
        [Day("inputs", "a", day), Day("predictions", "p", day), Day("labels", "y", day)]
        for day in range(2)
    ]
    for number in range(2 * ROWS):
        day = number // ROWS
        id_ = f"caller-{number}" if number % 2 else our_id(number, day)
        days[day][0].add(long(number), id_, number % ROWS)
        late = min(1, day + (number % 2 and chance.random() < 0.1))
        if chance.random() < 0.95:
            days[late][1].add(str(number), id_, number % ROWS)
        if chance.random() < 0.3:
            days[chance.randrange(day, 2) if number % 2 else day][2].add(str(number), id_)
    table = compared(stored(*(one for day in days for one in day)))
    assert len(table) == 2 * ROWS
    assert {
        int(a[:-1]) - p
        for a, p in zip(*(table[c].to_pylist() for c in "ap"), strict=True)
        if p is not None
    } == {0}


def test_labels_of_ones_own() -> None:
    """They are held anyway."""
    inputs, predictions = Day("inputs", "a"), Day("predictions", "p")
    for number in range(ROWS):
        inputs.add(long(number), our_id(number), number)
        predictions.add(str(number), our_id(number ^ 1), number)
    own = {"$aml_dc_correlation_id": [our_id(n) for n in range(0, ROWS, 7)]}
    own["y"] = [f"y{n}" for n in range(0, ROWS, 7)]
    table = compared(stored(inputs, predictions), labels=pa.table(own))
    assert table["y"].null_count == ROWS - len(own["y"])
