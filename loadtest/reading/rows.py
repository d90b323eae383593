"""Rows to write and to read again, in three kinds, and the Arrow columns that they must become."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]

__all__ = ["KINDS", "columns_of", "rows_of", "truth"]

_BEGIN: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)
_PLANS: Final = ("basic", "premium", "enterprise", "trial")
_PLACES: Final = ("12 High Street, Leeds", 'the "Old Mill"', "two\nlines", "007", "Rue 5", "")
_FLOAT: Final = pa.float64()
_NUMBERS: Final = {f"f{number}": _FLOAT for number in range(10)}
_MIXED: Final = {
    **{f"f{number}": _FLOAT for number in range(4)},
    "age": pa.int64(),
    "visits": pa.int64(),
    "plan": pa.string(),
    "active": pa.bool_(),
    "seen": pa.timestamp("us", "UTC"),
}
# By kind, the columns and their types.
KINDS: Final[dict[str, dict[str, Any]]] = {
    "numbers": _NUMBERS,
    "mixed": _MIXED,
    "quoted": {**_MIXED, "place": pa.string(), "code": pa.string()},
}


def columns_of(kind: str) -> dict[str, Any]:
    """The names of the columns and their types."""
    return KINDS[kind]


@cache
def rows_of(kind: str, count: int) -> list[list[Any]]:
    """So many rows, the same for the same count: of numbers alone; of all types, one cell in
    twenty missing; the same with text that has to be in quotes in two columns."""
    chance = random.Random(f"{kind} {count}")
    return [_KINDS[kind](chance, number) for number in range(count)]


def truth(kind: str, rows: list[list[Any]]) -> Any:
    """The rows as an Arrow table, made of the values themselves."""
    types = columns_of(kind)
    columns = zip(*rows, strict=True)
    return pa.table(
        {
            name: pa.array(column, type_)
            for (name, type_), column in zip(types.items(), columns, strict=True)
        }
    )


def _numbers(chance: random.Random, number: int) -> list[Any]:
    return [chance.random() * 100 for _ in range(10)]


def _mixed(chance: random.Random, number: int) -> list[Any]:
    row = [
        *(chance.random() * 100 for _ in range(4)),
        chance.randrange(18, 99),
        chance.randrange(10**6),
        chance.choice(_PLANS),
        chance.random() < 0.5,
        _BEGIN + timedelta(microseconds=37 * number),
    ]
    return [None if chance.random() < 0.05 else cell for cell in row]


def _quoted(chance: random.Random, number: int) -> list[Any]:
    return [*_mixed(chance, number), chance.choice(_PLACES), f"{chance.randrange(10**5):05}"]


_KINDS: Final = {"numbers": _numbers, "mixed": _mixed, "quoted": _quoted}
