"""What a row costs in CSV and in JSON Lines, against a bare ``orjson.dumps`` of the same cells.

About 20 s. Each ratio is the median over interleaved rounds of one process, as a ratio to the
bare dump of ten floats, id and timestamp as one array of arrays: the machine's speed drifts by more
than the cases differ, so nanoseconds of two runs are not comparable, their ratios are.

Run: ``python loadtest/spikes/encoders.py``.
"""

from __future__ import annotations

import math
import platform
import random
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import orjson

from aiocollect._core.ids import Ids, timestamp_text
from aiocollect.encoders import CsvEncoder, JsonlEncoder
from aiocollect.typing import Encoder, Piece, Schema

WIDTH = 10
ROUNDS = 80
CALLS = 256
SCHEMA = Schema(tuple(f"f{number}" for number in range(WIDTH)))
TIME = timestamp_text(1_769_903_998_123_456)
IDS = Ids("0123456789")

chance = random.Random(7)
Row = tuple[Any, ...]


def floats(count: int) -> list[Row]:
    """Rows of ten floats of 15 to 17 digits."""
    return [tuple(chance.random() * 100 for _ in range(WIDTH)) for _ in range(count)]


def some(rows: Sequence[Row], cell: Any, share: float) -> list[Row]:
    """The rows with so many of their cells replaced."""
    return [tuple(cell if chance.random() < share else old for old in row) for row in rows]


def with_text(rows: Sequence[Row], make: Callable[[], Any]) -> list[Row]:
    """The rows with another last cell."""
    return [(*row[:-1], make()) for row in rows]


def odd_row(rows: Sequence[Row], cell: Any) -> list[Row]:
    """The rows with one odd cell in the middle of the run."""
    return [(*row[:-1], cell) if at == CALLS // 2 else row for at, row in enumerate(rows)]


def one_each(rows: Sequence[Row]) -> list[Piece]:
    """Each row is a call of its own."""
    return [Piece((row,), IDS.id(at), TIME, 0) for at, row in enumerate(rows)]


def cases() -> dict[str, list[Piece]]:
    """What is encoded; a name beginning with a blank has rows like the first one's, some odd."""
    rows = floats(CALLS)
    many = floats(1000)
    words = ["basic", "premium", "family", "two words"]
    return {
        "256 calls of one row": one_each(rows),
        "  5 % missing": one_each(some(rows, None, 0.05)),
        "  5 % NaN": one_each(some(rows, math.nan, 0.05)),
        "  a text column, 4 categories": one_each(with_text(rows, lambda: chance.choice(words))),
        "  a text column, all different": one_each(
            with_text(rows, lambda: f"user {chance.getrandbits(64):x}")
        ),
        "  a text column with quotes": one_each(
            with_text(rows, lambda: f'a "{chance.getrandbits(64):x}"')
        ),
        "  one text in one row": one_each(odd_row(rows, "premium")),
        "  one integer of 70 bits in one row": one_each(odd_row(rows, 2**70)),
        "  one lone surrogate in one row": one_each(odd_row(rows, "\ud800")),
        "  one nested cell in one row": one_each(odd_row(rows, (1, 2))),
        "  a column of integers of 70 bits": one_each(with_text(rows, lambda: 2**70)),
        "  a column of nested cells": one_each(with_text(rows, lambda: (1, 2))),
        "one call of 1,000 rows": [Piece(tuple(many), IDS.id(1), TIME, 0)],
        "one call of 1,000 rows, float64 array": [Piece(np.array(many), IDS.id(1), TIME, 0)],
        "256 calls of a float64 array of one row": [
            piece._replace(rows=np.array(piece.rows)) for piece in one_each(rows)
        ],
    }


def bare(pieces: Sequence[Piece]) -> Callable[[], Any]:
    """The dump that the others are measured by."""
    rows = [
        [*(row if type(row) is tuple else row.tolist()), piece.correlation_id, piece.timestamp]
        for piece in pieces
        for row in piece.rows
    ]
    return lambda: orjson.dumps(rows)


def encoding(encoder: Encoder, pieces: Sequence[Piece]) -> Callable[[], Any]:
    """One encode of the pieces."""
    return lambda: encoder.encode(pieces, SCHEMA)


def main() -> None:
    """Print the table."""
    print(f"CPython {platform.python_version()}, orjson {version('orjson')}; rows of ten floats\n")
    print(f"{'':42}{'CSV':^25}{'JSON Lines':^25}")
    heads = f"{'ns/row':>8}{'ratio':>7}{'max ms':>9} "
    print(f"{'':42}{heads}{heads}")
    all_cases = cases()
    calls: dict[str, Callable[[], Any]] = {}
    for name, pieces in all_cases.items():
        if not name.startswith(" "):
            calls["bare " + name] = bare(pieces)
        calls["csv " + name] = encoding(CsvEncoder(), pieces)
        calls["jsonl " + name] = encoding(JsonlEncoder(), pieces)
    spent: dict[str, list[int]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            begin = time.perf_counter_ns()
            call()
            spent[name].append(time.perf_counter_ns() - begin)
    first = next(iter(all_cases))
    for name, pieces in all_cases.items():
        rows = sum(len(piece.rows) for piece in pieces)
        # Rows with odd cells against the plain ones, since a text is shorter than a float.
        base_name = "bare " + (first if name.startswith(" ") else name)
        base = statistics.median(spent[base_name]) / rows
        print(f"{name:42}", end="")
        for form in ("csv ", "jsonl "):
            times = spent[form + name]
            each = statistics.median(times) / rows
            print(f"{each:8.0f}{each / base:7.2f}{max(times) / 1e6:9.2f} ", end="")
        print()
    print(f"\nbare, {first}: {statistics.median(spent['bare ' + first]) / CALLS:.0f} ns a row")


if __name__ == "__main__":
    main()
