"""CSV read back; the oracles: a parser by hand from RFC 4180, Python's csv module and pandas."""

from __future__ import annotations

import csv
import io
import math
import struct
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aiocollect.encoders import CsvEncoder
from aiocollect.typing import Piece, Schema
from tests.property.reference import could_be_more

TIME = "2026-01-31T23:59:58.000000"
SCHEMA = Schema(("x",))  # its features are the header's matter alone
META = 3

# pandas' default na_values, copied from the documentation of read_csv.
PANDAS_NA = [
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
]


class Field(NamedTuple):
    """A field as a reader that minds quotes sees it."""

    text: str
    quoted: bool


def parse(data: bytes) -> list[list[Field]]:
    """RFC 4180 with LF, strict: anything it has no rule for fails."""
    text, at, rows, row = data.decode("utf-8"), 0, [], []
    while at < len(text):
        if text[at] == '"':
            value, at = "", at + 1
            while True:
                end = text.index('"', at)
                value += text[at:end]
                at = end + 1
                if text[at] != '"':
                    break
                value, at = value + '"', at + 1
            row.append(Field(value, True))
        else:
            end = next(i for i in range(at, len(text)) if text[i] in ",\n")
            value = text[at:end]
            assert not set(value) & set('"\r\n')
            row.append(Field(value, False))
            at = end
        assert text[at] in ",\n"
        if text[at] == "\n":
            rows.append(row)
            row = []
        at += 1
    assert not row, "the last line does not end"
    return rows


def holds(field: Field, value: Any) -> bool:
    """Whether the field says exactly this value, and nothing else."""
    text, quoted = field
    match value:
        case None:
            return field == ("", False)
        case bool():
            return field == ("true" if value else "false", False)
        case int():
            return not quoted and set(text) <= set("-0123456789") and int(text) == value
        case float() if math.isnan(value):
            return field == ("NaN", False)
        case float() if math.isinf(value):
            return field == ("inf" if value > 0 else "-inf", False)
        case float():
            same = struct.pack("d", float(text)) == struct.pack("d", value)
            digits = [
                len(t.split("e")[0].strip("-0.").replace(".", "")) for t in (text, repr(value))
            ]
            return not quoted and same and bool(set(text) & set(".e")) and digits[0] <= digits[1]
        case str():
            wanted = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value)
            return text == wanted and (quoted or not could_be_more(text))
    raise AssertionError(type(value))


numbers = st.floats() | st.integers() | st.integers(-(10**40), 10**40) | st.booleans()
hostile = st.text(st.sampled_from(' ,"\r\n\t\0[]nul.eE+-_0159xfNaA\u2028\u00a0\ufeff\ud800'))
looks = (
    st.floats().map(repr)
    | st.integers().map(str)
    | st.integers(min_value=0).flatmap(
        lambda n: st.sampled_from([hex(n), oct(n), bin(n), f"{n:_}"])
    )
    | st.sampled_from(PANDAS_NA)
)
cased = looks.map(str.upper) | looks.map(str.lower) | looks.map(str.title)
texts = st.text() | hostile | looks | cased
cells = st.none() | numbers | texts


def tables(cell: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Some rows of the same number of cells."""
    return st.integers(1, 5).flatmap(
        lambda width: st.lists(st.tuples(*[cell] * width), min_size=1, max_size=6)
    )


def pieces_of(rows: list[tuple[Any, ...]], cut: int, identifier: str = "some-id") -> list[Piece]:
    """The rows as the calls of two producers."""
    return [
        Piece(tuple(rows[:cut]), identifier, TIME, 0),
        Piece(tuple(rows[cut:]), identifier, TIME, cut),
    ]


@given(tables(cells), st.integers(0, 6), texts)
@example([("\ud800],[", 1e16)], 0, "")
def test_every_cell_says_what_it_was(
    rows: list[tuple[Any, ...]], cut: int, identifier: str
) -> None:
    """A reader that minds quotes gets every value and every kind back, line by line."""
    lines = CsvEncoder().encode(pieces_of(rows, cut, identifier), SCHEMA)
    assert len(lines) == len(rows)
    for index, (line, row) in enumerate(zip(lines, rows, strict=True)):
        (fields,) = parse(line)
        assert len(fields) == len(row) + META
        assert all(map(holds, fields, (*row, identifier, fields[-2].text, index)))
        assert fields[-2] == (TIME, False)
    assert parse(b"".join(lines)) == [row for line in lines for row in parse(line)]


@given(tables(texts))
def test_pythons_reader_agrees(rows: list[tuple[str, ...]]) -> None:
    """Python's csv module reads the same texts."""
    data = b"".join(CsvEncoder().encode(pieces_of(rows, 1), SCHEMA))
    read = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    assert read == [[field.text for field in row] for row in parse(data)]


@given(tables(cells), st.integers(0, 6))
def test_both_ways_write_the_same(rows: list[tuple[Any, ...]], cut: int) -> None:
    """A line does not depend on its neighbours: alone, in a run, or in a run with text."""
    run = CsvEncoder().encode(pieces_of(rows, cut), SCHEMA)
    alone = [
        CsvEncoder().encode([Piece((row,), "some-id", TIME, index)], SCHEMA)[0]
        for index, row in enumerate(rows)
    ]
    text = Piece((("text",) * len(rows[0]),), "some-id", TIME, 0)
    huge = Piece(((2**70,) * len(rows[0]),), "some-id", TIME, 0)
    missing = Piece(((None,) * len(rows[0]),), "some-id", TIME, 0)
    for neighbour in (text, huge, missing):
        assert CsvEncoder().encode([neighbour, *pieces_of(rows, cut)], SCHEMA)[1:] == run == alone


@given(tables(st.floats()), st.integers(0, 6))
def test_a_list_and_an_array_are_the_same(rows: list[tuple[float, ...]], cut: int) -> None:
    """Equal values have equal text, whether a list or a float64 array brought them."""
    as_list = pieces_of(rows, cut)
    as_array = [
        piece._replace(rows=np.array(piece.rows, dtype=float).reshape(-1, len(rows[0])))
        for piece in as_list
    ]
    assert CsvEncoder().encode(as_array, SCHEMA) == CsvEncoder().encode(as_list, SCHEMA)


@given(tables(st.floats(width=32)), st.sampled_from(["f2", "f4"]))
def test_a_float32_reads_back_equal(rows: list[tuple[float, ...]], kind: str) -> None:
    """Every float32 and float16 reads back bit by bit, with no more digits than numpy gives it."""
    with np.errstate(over="ignore"):
        array = np.array(rows).astype(kind)
    fields = parse(b"".join(CsvEncoder().encode([Piece(array, "some-id", TIME, 0)], SCHEMA)))
    for value, field in zip(array.flat, [f for row in fields for f in row[:-META]], strict=True):
        if np.isfinite(value):
            single = np.float32(value)
            assert np.float32(field.text).tobytes() == single.tobytes()
            shortest = np.format_float_scientific(single, trim="-").split("e")[0]
            digits = field.text.split("e")[0].replace(".", "").strip("-0")
            assert len(digits) <= len(shortest.replace(".", "").strip("-0"))
        else:
            assert holds(field, float(value))


@given(st.text(st.sampled_from("-+.0123456789eExXpPnaNAinf_ü,\ud800"), max_size=40) | texts)
@example("0199f2a0-1234-8abc-ac12-1234567890ab")
@example("-1e-5")
@example("-1-2-3e-5")
def test_an_id_follows_the_rule_for_text(identifier: str) -> None:
    """The short cut for ids decides as the rule for text does."""
    (line,) = CsvEncoder().encode([Piece(((identifier,),), identifier, TIME, 0)], SCHEMA)
    ((cell, written, _, _),) = parse(line)
    assert cell == written


@given(st.lists(texts, min_size=1, max_size=6))
def test_a_header_reads_back(names: list[str]) -> None:
    """Every name of a column comes back, from one record that ends in LF."""
    header = CsvEncoder().header(Schema(tuple(names), ids=False))
    (fields,) = parse(header)
    assert all(map(holds, fields, names))
    assert not header.startswith(b"\xef\xbb\xbf")


printable = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(' ,"\n'))


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.floats() | st.none(),
            st.integers(-(2**63), 2**63 - 1),
            st.booleans(),
            printable | st.sampled_from(PANDAS_NA) | looks,
        ),
        min_size=1,
        max_size=30,
    )
)
def test_pandas_reads_the_same_values(rows: list[tuple[Any, ...]]) -> None:
    """With text columns as str, and NaN and missing named for float columns only, pandas agrees.

    Quotes mean nothing to pandas: without keep_default_na=False it takes the text "NA" for missing.
    In a float column both NaN and missing become nan; read as str they are "NaN" and "".
    """
    names = ["x", "n", "b", "t", "id", "at", "row"]
    encoder = CsvEncoder()
    data = encoder.header(Schema(tuple(names), ids=False)) + b"".join(
        encoder.encode(pieces_of(rows, 2), SCHEMA)
    )
    frame = pd.read_csv(
        io.BytesIO(data),
        keep_default_na=False,
        na_values={"x": ["", "NaN"]},
        dtype={"x": float, "t": str, "id": str, "at": str},
    )
    assert list(frame.columns) == names
    assert len(frame) == len(rows)
    floats = [math.nan if row[0] is None else row[0] for row in rows]
    np.testing.assert_array_equal(frame["x"].to_numpy(), np.array(floats))
    assert frame["n"].tolist() == [row[1] for row in rows]
    assert frame["b"].tolist() == [row[2] for row in rows]
    assert frame["t"].tolist() == [row[3] for row in rows]
    assert frame["row"].tolist() == list(range(len(rows)))
