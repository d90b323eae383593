"""JSON Lines cell by cell: each case says what must stand in the file, byte for byte."""

from __future__ import annotations

import json
import math
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from aiocollect.encoders import JsonlEncoder
from aiocollect.errors import EncodeError
from aiocollect.typing import Encoder, Piece, Schema
from tests.support.nested import deep

TIME = "2026-01-31T23:59:58.000000"
IDENTIFIER = str(uuid.UUID(int=7))


def cells_of(*row: Any) -> str:
    """What is written for one row, between the keys a, b, c … and without its metadata."""
    names = tuple("abcdefgh"[: len(row)])
    (line,) = JsonlEncoder().encode([Piece((row,), IDENTIFIER, TIME, 0)], Schema(names))
    text = line.decode()
    tail = (
        f',"$aml_dc_correlation_id":"{IDENTIFIER}","$aml_dc_scoring_timestamp":"{TIME}",'
        '"$aml_dc_row":0}\n'
    )
    assert text.endswith(tail)
    assert list(json.loads(text))[: len(names)] == list(names)
    text = text.removesuffix(tail).removeprefix('{"a":')
    for name in names[1:]:
        text = text.replace(f',"{name}":', "|", 1)
    return text


def test_an_encoder_is_what_the_protocol_asks_for() -> None:
    """The encoder satisfies the public Protocol and says what it writes."""
    encoder: Encoder = JsonlEncoder()
    assert encoder.extension == "jsonl"
    assert encoder.content_type == "application/x-ndjson"
    assert encoder.header(Schema(("x",))) == b""
    assert repr(encoder) == "<JsonlEncoder, 0 surrogates replaced>"


def test_a_line_is_one_object() -> None:
    """Features, metadata and constants in the order of the columns; the index is a number."""
    schema = Schema(("x", "y"), constants=(("$c", "1"), ("d", 'a"b')))
    pieces = [
        Piece(((1.5, 2), (3.0, "z")), "own,id", TIME, 41),
        Piece(np.array([[5.0, math.nan]]), IDENTIFIER, TIME, 0),
    ]
    lines = JsonlEncoder().encode(pieces, schema)
    assert lines[0].decode() == (
        '{"x":1.5,"y":2,"$aml_dc_correlation_id":"own,id","$aml_dc_scoring_timestamp":'
        f'"{TIME}","$aml_dc_row":41,"$c":"1","d":"a\\"b"}}\n'
    )
    read = [json.loads(line) for line in lines]
    assert [tuple(row) for row in read] == [schema.columns] * 3
    assert [tuple(row.values()) for row in read] == [
        (1.5, 2, "own,id", TIME, 41, "1", 'a"b'),
        (3.0, "z", "own,id", TIME, 42, "1", 'a"b'),
        (5.0, "NaN", IDENTIFIER, TIME, 0, "1", 'a"b'),
    ]


def test_a_line_without_metadata() -> None:
    """Without ids there are the features alone, then the constants."""
    piece = Piece(((None,),), "a", TIME, 0)
    assert JsonlEncoder().encode([piece], Schema(("x",), ids=False)) == [b'{"x":null}\n']
    schema = Schema(("x",), ids=False, constants=(("c", "d"),))
    assert JsonlEncoder().encode([piece], schema) == [b'{"x":null,"c":"d"}\n']
    assert JsonlEncoder().encode([], schema) == []


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (0.1, "0.1"),
        (-0.0, "-0.0"),
        (1e22, "1e22"),
        (math.nan, '"NaN"'),
        (math.inf, '"Infinity"'),
        (-math.inf, '"-Infinity"'),
        (True, "true"),
        (None, "null"),
        (2**64 - 1, "18446744073709551615"),
        (-(2**63), "-9223372036854775808"),
        (2**64, '"18446744073709551616"'),
        (-(2**63) - 1, '"-9223372036854775809"'),
        (10**5000, '"1' + "0" * 5000 + '"'),
        ("", '""'),
        ("null", '"null"'),
        ('a"b\\c\n', '"a\\"b\\\\c\\n"'),
        ("],[{%b", '"],[{%b"'),
        ("ü\N{GRINNING FACE}", '"ü\N{GRINNING FACE}"'),
        ("\ud800a", '"\ufffda"'),
        (Decimal("1.10"), '"1.10"'),
        (Decimal("-0"), '"-0"'),
        (Decimal("sNaN"), '"NaN"'),
        (Decimal("-Infinity"), '"-Infinity"'),
        (datetime(2026, 1, 31, 1), '"2026-01-31T01:00:00.000000"'),
        (datetime(2026, 1, 31, tzinfo=UTC), '"2026-01-31T00:00:00.000000+00:00"'),
        (date(2026, 1, 31), '"2026-01-31"'),
        (uuid.UUID(int=7), f'"{IDENTIFIER}"'),
        (b"\xff\xfe", '"//4="'),
        ((), "[]"),
        ((1, (None, math.nan)), '[1,[null,"NaN"]]'),
        ({"a": {"b": (2**64, Decimal("1.0"))}}, '{"a":{"b":["18446744073709551616","1.0"]}}'),
    ],
    ids=lambda value: "",
)
def test_a_cell(cell: Any, text: str) -> None:
    """Every type has its JSON, alone and beside any neighbour."""
    assert cells_of(cell).replace("e+", "e") == text
    for neighbour, written in [(1.5, "1.5"), ("x", '"x"'), (None, "null"), ((1,), "[1]")]:
        assert cells_of(neighbour, cell, neighbour).replace("e+", "e") == (
            f"{written}|{text}|{written}"
        )


def test_a_name_can_be_any_text() -> None:
    """Quotes, percent signs, commas and lone surrogates in a name; these are counted once."""
    encoder = JsonlEncoder()
    names = ('a"b', "%b", "c,d", "é\n", "\ud800", "")
    piece = Piece((tuple(range(6)), tuple("uvwxyz")), 'i"d', TIME, 0)
    first, second = map(json.loads, encoder.encode([piece], Schema(names)))
    assert list(first)[:6] == [*names[:4], "\ufffd", ""]
    assert list(first.values())[:6] == list(range(6))
    assert list(second.values())[:6] == list("uvwxyz")
    assert first["$aml_dc_correlation_id"] == 'i"d'
    encoder.encode([piece], Schema(names))
    assert encoder.replaced == 1
    assert repr(encoder) == "<JsonlEncoder, 1 surrogates replaced>"


def test_two_names_that_differ_by_a_surrogate_both_stay() -> None:
    """The line keeps both; which one a reader takes is its own affair."""
    (line,) = JsonlEncoder().encode(
        [Piece(((1, 2),), "a", TIME, 0)], Schema(("\ud800", "\udfff"), ids=False)
    )
    assert line.decode() == '{"\ufffd":1,"\ufffd":2}\n'


def test_many_streams_keep_their_names() -> None:
    """More streams than an encoder remembers, each with names of its own."""
    encoder = JsonlEncoder()
    for number in [*range(1100), 0, 1]:
        schema = Schema((f"x{number}",), ids=False)
        lines = encoder.encode([Piece(((1,),), "a", TIME, 0)], schema)
        assert lines == [f'{{"x{number}":1}}\n'.encode()]


@pytest.mark.parametrize("kind", ["f2", "f4"])
def test_a_narrow_float_is_written_as_a_float32(kind: str) -> None:
    """A float32 has the shortest text of a float32, not the 17 digits of its double."""
    values = np.array([[0.1, np.nan, -np.inf, -0.0]], dtype=kind)
    schema = Schema(tuple("abcd"), ids=False)
    (line,) = JsonlEncoder().encode([Piece(values, "some-id", TIME, 0)], schema)
    tenth, *others = json.loads(line).values()
    assert np.float32(tenth) == np.float32(values[0, 0])
    assert len(str(tenth)) < 12
    assert others[:2] == ["NaN", "-Infinity"]
    assert math.copysign(1, others[2]) == -1


@pytest.mark.parametrize(
    "cell", [object(), 1j, np.float64(1), {1: 2}, (object(),), deep(101), ({"a": deep(100)},)]
)
def test_a_type_without_a_text_is_refused_without_its_value(cell: Any) -> None:
    """What has no JSON raises EncodeError, which does not show the value."""
    with pytest.raises(EncodeError, match=r"cannot be written|not text|deeper") as caught:
        JsonlEncoder().encode([Piece(((1.0, cell),), "some-id", TIME, 0)], Schema(("x", "y")))
    assert str(caught.value).startswith(("a cell has a type", "a key of", "a cell is nested"))


@pytest.mark.parametrize("rows", [((),), ((), ()), ((1,),), ((1, "x", 2),)])
def test_a_row_of_another_shape_is_refused(rows: Any) -> None:
    """A row has a cell for each feature: else EncodeError."""
    with pytest.raises(EncodeError, match="cell"):
        JsonlEncoder().encode([Piece(rows, "some-id", TIME, 0)], Schema(("x", "y")))


def test_nested_a_hundred_times() -> None:
    """The deepest nested value is written."""
    assert cells_of(deep(100)) == "[" * 100 + "1" + "]" * 100
