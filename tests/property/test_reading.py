"""What read() says of adversarial files; reference.py, which knows the rules alone, judges it.

The files are written by a real pipeline. Each cell is then seen twice: by its bytes, by hand, and
through Arrow. A column of one kind has that kind's type; whole numbers beside others with a point
are floats as long as a double holds each of them; every other column is the text that was written.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

import aiocollect
from aiocollect import MemoryStore, Pipeline
from aiocollect.reading.fetch import fetcher
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual
from tests.property.adversary import Maker
from tests.property.reference import bare, key, lines_of, seen, table_of

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()
KINDS = (
    *("floats", "finite", "int64", "uint64", "count", "whole", "bool", "text", 'text ",\n2'),
    *("moment", "day", "uuid", "bytes", "nested", "mixed", "mixed -1"),
)


def stored(rows: Sequence[tuple[Any, ...]], names: Sequence[str], **options: Any) -> MemoryStore:
    """The rows of one stream, in calls of up to 7."""
    memory = MemoryStore()

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop, epoch=NOON)
        async with Pipeline(
            memory, _seams=Seams(clock=clock, writer_id="00000000aa"), **options
        ) as pipeline:
            stream = pipeline.collector("m", identifier="inputs", feature_names=list(names))
            for at in range(0, len(rows), 7):
                stream.collect_rows(rows[at : at + 7])

    run_virtual(main)
    return memory


def expected(values: list[Any], texts: list[str]) -> list[Any]:
    """What the column must be, from its cells as they look and as they are written."""
    kinds = {type(value) for value in values if value is not None}
    written = [None if value is None else text for value, text in zip(values, texts, strict=True)]
    if kinds == {int}:
        most = max(abs(value) for value in values if value is not None)
        return values if most < 10**38 else written
    if kinds == {int, float}:
        whole = [value for value in values if type(value) is int]
        if all(abs(value) <= 2**53 for value in whole):
            return [None if value is None else float(value) for value in values]
        return written
    if kinds == {datetime}:
        moments = [value for value in values if value is not None]
        aware = [value.tzinfo is not None for value in moments]
        if any(aware) and not all(aware):
            return written
        if all(aware):
            if any(value.utcoffset().total_seconds() % 60 for value in moments):
                return written
            try:
                return [value and value.astimezone(UTC) for value in values]
            except OverflowError:
                return values
        return values
    return values if len(kinds) < 2 else written


def same(got: Any, want: Any) -> bool:
    """Equal in type and value, to the last bit; an aware moment is its instant."""
    if isinstance(want, datetime) and want.tzinfo is not None:
        return isinstance(got, datetime) and got == want
    if isinstance(got, Decimal) and type(want) is int:
        return got == want
    return bool(key(got) == key(want))


@pytest.mark.parametrize("seed", range(12))
def test_each_cell_of_csv_is_what_its_bytes_say(seed: int) -> None:
    """Whatever the cells are: missing, NaN and empty text stay three things, no digit is lost."""
    maker = Maker(seed)
    maker.tame = seed % 2 == 0
    memory = stored(maker.rows(KINDS, 100 + 37 * seed), KINDS)
    (data,) = memory.blobs.values()
    columns = table_of(data, len(KINDS) + 3)
    table = aiocollect.read(memory, "m", streams="inputs").to_arrow()
    assert table.column_names[: len(KINDS)] == list(KINDS)
    for at, name in enumerate(KINDS):
        fields = columns[at][1:]
        want = expected([seen(field) for field in fields], [bare(field) for field in fields])
        got = table[name].to_pylist()
        assert len(got) == len(want)
        for one, other in zip(got, want, strict=True):
            assert same(one, other), (name, one, other)


@pytest.mark.parametrize("seed", range(100, 106))
def test_small_pieces_say_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges made small, as for files that are large: a border anywhere, also within a cell."""
    maker = Maker(seed)
    memory = stored(maker.rows(KINDS, 150), KINDS)
    whole = aiocollect.read(memory, "m", streams="inputs").to_arrow()
    monkeypatch.setattr(fetcher, "HEAD", 2048)  # the header is whole
    monkeypatch.setattr(fetcher, "RANGE", 61 + 97 * (seed % 5))
    again = aiocollect.read(memory, "m", streams="inputs").to_arrow()
    assert again.schema.equals(whole.schema)
    for name in KINDS:
        pairs = zip(again[name].to_pylist(), whole[name].to_pylist(), strict=True)
        assert all(same(one, other) for one, other in pairs), name


@pytest.mark.parametrize("seed", range(8))
def test_each_cell_of_jsonl_is_what_its_bytes_say(seed: int) -> None:
    """As JSON has it; the three words among numbers are floats."""
    kinds = ("floats", "finite", "int64", "uint64", "count", "bool", "text", "day", "nested")
    maker = Maker(seed)
    memory = stored(maker.rows(kinds, 100), kinds, format="jsonl")
    (data,) = memory.blobs.values()
    rows = lines_of(data)
    table = aiocollect.read(memory, "m", streams="inputs").to_arrow()
    words = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    for at, name in enumerate(kinds):
        want = [row[at][1] for row in rows]
        if name in ("floats", "finite"):
            want = [words.get(value, value) if type(value) is str else value for value in want]
        got = table[name].to_pylist()
        if name == "nested":
            continue  # JSON text; its own test
        for one, other in zip(got, want, strict=True):
            assert same(one, other), (name, one, other)


def test_the_reference_can_fail() -> None:
    """A cell that lost its kind is seen."""
    assert not same(1.0, 1)
    assert not same(None, math.nan)
    assert not same("", None)
    assert not same(2.0**53, 2**53 + 1)
    assert not same(date(2026, 1, 31), datetime(2026, 1, 31))
