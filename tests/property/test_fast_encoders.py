"""The encoders' fast way through orjson writes what their slow way writes, byte for byte."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import assume, given, settings
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


class SlowCsv(CsvEncoder):
    """Writes every row of tuples by hand, cell by cell."""

    def _fast(self, runs: list[Any], *others: Any) -> list[bytes] | None:
        return super()._fast(runs, *others) if type(runs[0]) is not tuple else None


class SlowJsonl(JsonlEncoder):
    """Writes every row of tuples by hand, cell by cell."""

    def _fast(self, runs: list[Any], *others: Any) -> list[bytes] | None:
        return super()._fast(runs, *others) if type(runs[0]) is not tuple else None


@settings(max_examples=150)
@pytest.mark.parametrize(("fast", "slow"), [(CsvEncoder, SlowCsv), (JsonlEncoder, SlowJsonl)])
@given(run=runs(), cut=st.integers(0, 6))
def test_the_fast_way_is_the_slow_way(
    fast: type[CsvEncoder], slow: type[CsvEncoder], run: tuple[list[Piece], Schema], cut: int
) -> None:
    """Any mix of cells, any cut into pieces and runs, tuples and arrays: the same bytes."""
    pieces, schema = run
    one, two, cautious = fast(), fast(), slow()
    lines = one.encode(pieces, schema)
    assert lines == two.encode(pieces[:cut], schema) + two.encode(pieces[cut:], schema)
    assert lines == [
        line for piece in pieces for line in cautious.encode([piece], schema)
    ]  # a run of one call: array or tuples
    assert len(lines) == sum(len(piece.rows) for piece in pieces)
    if schema.ids is False and not schema.constants and fast is CsvEncoder:
        # Names and constants are written once a call, so only cells can be compared.
        assert one.replaced == two.replaced == cautious.replaced


finite = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**63), 2**63 - 1)
    | st.booleans()
)


@settings(max_examples=100, deadline=None)
@pytest.mark.parametrize("encoder", [CsvEncoder, JsonlEncoder])
@given(run=runs(), many=runs(finite), cut=st.integers(0, 6))
def test_written_rows_are_rows(
    encoder: type[CsvEncoder],
    run: tuple[list[Piece], Schema],
    many: tuple[list[Piece], Schema],
    cut: int,
) -> None:
    """A list of written rows gives the lines of its tuples, alone or among calls of any kind."""
    others, _ = run
    pieces, schema = many
    pieces = [piece for piece in pieces if type(piece.rows) is tuple and piece.rows]
    width = len(schema.features)
    others = [piece for piece in others if len(piece.rows) and len(piece.rows[0]) == width]
    assume(pieces)
    written = [
        piece._replace(rows=[orjson.dumps(row)[1:-1] for row in piece.rows]) for piece in pieces
    ]
    assert encoder().encode(written, schema) == encoder().encode(pieces, schema)
    mixed, plain = (others[:cut] + some + others[cut:] for some in (written, pieces))
    assert encoder().encode(mixed, schema) == encoder().encode(plain, schema)


@settings(max_examples=100, deadline=None)
@pytest.mark.parametrize("encoder", [CsvEncoder, JsonlEncoder])
@given(run=runs())
def test_singles_are_calls_of_one_row(
    encoder: type[CsvEncoder], run: tuple[list[Piece], Schema]
) -> None:
    """In columns they give the lines that they give as pieces, and count the same."""
    pieces, schema = run
    singles = [
        Piece((row,), piece.correlation_id, piece.timestamp, 0)
        for piece in pieces
        if type(piece.rows) is tuple
        for row in piece.rows
    ]
    rows = [piece.rows[0] for piece in singles]
    ids, times = [piece.correlation_id for piece in singles], [TIME] * len(singles)
    one, two = encoder(), encoder()
    assert one.encode_singles(rows, ids, times, schema) == two.encode(singles, schema)
    assert one.replaced == two.replaced
