"""Rows that are encoded together have the bytes that each has alone, and cell by cell."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiocollect.encoders import CsvEncoder, JsonlEncoder
from aiocollect.typing import Piece, Schema

TIME = "2026-01-31T23:59:58.000000"
# What CSV, JSON or a reader of either minds.
ALPHABET = "na-+.0123456789eE,\"'\\[]{}:\n\r\t\0 \ufeff\ud800\u2028ü=@"
WORDS = ["", "null", "NaN", "nan", "inf", "true", "1e5", "-0", "0x1F", "2026-01-31", "#N/A", "=1+1"]

texts = st.text() | st.text(st.sampled_from(ALPHABET)) | st.sampled_from(WORDS)
numbers = st.none() | st.floats() | st.integers() | st.integers(-(10**40), 10**40) | st.booleans()
zones = st.none() | st.integers(-86_399, 86_399).map(
    lambda seconds: dt.timezone(dt.timedelta(seconds=seconds))
)
odd = (
    st.decimals() | st.datetimes(timezones=zones) | st.dates() | st.uuids() | st.binary(max_size=20)
)
plain = numbers | texts | odd
nested = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=6,
)
# Mostly numbers, so that runs have few odd cells; and columns of anything.
cells = st.floats() | st.floats() | numbers | nested


@st.composite
def runs(draw: st.DrawFn, cell: st.SearchStrategy[Any] = cells) -> tuple[list[Piece], Schema]:
    """Calls of rows of tuples, some of arrays, and their schema."""
    width = draw(st.integers(1, 4))
    pieces = []
    for _ in range(draw(st.integers(1, 6))):
        count = draw(st.integers(0, 4))
        if draw(st.integers(0, 3)):
            rows: Any = tuple(tuple(draw(cell) for _ in range(width)) for _ in range(count))
        else:
            kind = draw(st.sampled_from(["f8", "f4", "f2", "i8", "u8", "i1", "bool"]))
            bits = draw(st.binary(min_size=8 * count * width, max_size=8 * count * width))
            rows = np.frombuffer(bits, dtype="u1" if kind == "bool" else kind)
            rows = rows[: count * width].reshape(count, width)
            rows = rows > 99 if kind == "bool" else rows.copy()
        identifier = draw(st.uuids().map(str) | texts)
        pieces.append(Piece(rows, identifier, TIME, draw(st.integers(0, 10**6))))
    constants = tuple(
        (f"constant {at}", text) for at, text in enumerate(draw(st.lists(texts, max_size=2)))
    )
    names = tuple(f"{at}{draw(texts)}" for at in range(width))
    return pieces, Schema(names, draw(st.booleans()), constants)


@settings(max_examples=150)
@pytest.mark.parametrize("kind", [CsvEncoder, JsonlEncoder])
@given(run=runs(), cut=st.integers(0, 6))
def test_together_is_one_by_one(
    kind: type[CsvEncoder], run: tuple[list[Piece], Schema], cut: int
) -> None:
    """Any mix of cells, any cut into pieces, tuples and arrays: the bytes of each row alone, whose
    cells are written one by one where they are not all numbers."""
    pieces, schema = run
    one, two, alone = kind(), kind(), kind()
    lines = one.encode(pieces, schema)
    assert lines == two.encode(pieces[:cut], schema) + two.encode(pieces[cut:], schema)
    singles = [
        piece._replace(rows=piece.rows[at : at + 1], first=piece.first + at)
        for piece in pieces
        for at in range(len(piece.rows))
    ]
    assert lines == [line for piece in singles for line in alone.encode([piece], schema)]
    assert len(lines) == sum(len(piece.rows) for piece in pieces)
    if schema.ids is False and not schema.constants and kind is CsvEncoder:
        # Names and constants are written once a call, so only cells can be compared.
        assert one.replaced == two.replaced == alone.replaced


@settings(max_examples=150)
@pytest.mark.parametrize("kind", [CsvEncoder, JsonlEncoder])
@given(run=runs(numbers))
def test_numbers_are_cells(kind: type[CsvEncoder], run: tuple[list[Piece], Schema]) -> None:
    """Rows of numbers, which one call writes, are their cells written one by one."""
    pieces, schema = run
    encoder, ends = kind(), Schema(schema.features, ids=False)
    for line, row in zip(
        encoder.encode(pieces, ends),
        [row for piece in pieces for row in piece.rows],
        strict=True,
    ):
        if type(row) is tuple:
            body = encoder._row_of(list(map(encoder._cell, row)), ends)
            assert line == encoder._alone(body, encoder._end(ends))
