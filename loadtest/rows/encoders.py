"""The encoders alone, a slice at a time, against a bare orjson.dumps of the same rows."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from aiocollect._core.ids import Ids, timestamp_text
from aiocollect.encoders import CsvEncoder, JsonlEncoder
from aiocollect.typing import Encoder, Piece, Schema

from .load import FEATURES, bare, floats, missing
from .measure import Figure, Size, cpu_of, ratios, take_turns

__all__ = ["run"]

SLICE = 256  # rows, as the pump takes them
SCHEMA = Schema(tuple(FEATURES))
BEGIN = 1_769_903_998_123_456
WORDS = ("basic", "premium", "family", "two words")


def run(size: Size) -> list[Figure]:
    """A ratio for each format and kind of row; missing cells also against none missing."""
    rows = floats(SLICE)
    chance = random.Random(9)
    kinds: dict[str, list[Piece]] = {
        "one row a call": _one_each(rows),
        "one call": [Piece(tuple(map(tuple, rows)), "", "", 0)],
        "5 % missing": _one_each(missing(SLICE, 0.05)),
        "5 % NaN": _one_each(_some(rows, math.nan, chance)),
        "a text column": _one_each([[*row[:-1], chance.choice(WORDS)] for row in rows]),
    }
    kinds["one call"] = [_stamped(piece, 0) for piece in kinds["one call"]]
    times = size.of(8, 1)
    sides: dict[str, Callable[[], float]] = {
        "bare": partial(cpu_of, bare(rows, calls=SLICE), times)
    }
    for form, encoder in (("CSV", CsvEncoder()), ("JSON Lines", JsonlEncoder())):
        for kind, pieces in kinds.items():
            sides[f"{form}, {kind}"] = partial(cpu_of, _encoding(encoder, pieces), times)
    costs = take_turns(sides, rounds=size.of(60, 2))
    figures = [
        Figure(f"encode {name}", ratios(found, costs["bare"]))
        for name, found in costs.items()
        if name != "bare"
    ]
    figures += [
        Figure(
            f"encode {form}, 5 % missing against none missing",
            ratios(costs[f"{form}, 5 % missing"], costs[f"{form}, one row a call"]),
            goal=1.3,
        )
        for form in ("CSV", "JSON Lines")
    ]
    return figures


def _stamped(piece: Piece, number: int) -> Piece:
    time = BEGIN + 37 * number
    return piece._replace(correlation_id=_IDS.id(time), timestamp=timestamp_text(time))


_IDS = Ids("0123456789")


def _one_each(rows: Sequence[Sequence[Any]]) -> list[Piece]:
    return [_stamped(Piece((tuple(row),), "", "", 0), at) for at, row in enumerate(rows)]


def _some(rows: Sequence[Sequence[Any]], cell: Any, chance: random.Random) -> list[list[Any]]:
    return [[cell if chance.random() < 0.05 else old for old in row] for row in rows]


def _encoding(encoder: Encoder, pieces: list[Piece]) -> Callable[[], object]:
    return lambda: encoder.encode(pieces, SCHEMA)
