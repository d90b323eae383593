"""CSV cell by cell: each case says what must stand in the file, byte for byte."""

from __future__ import annotations

import csv
import io
import math
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from aiocollect.encoders import CsvEncoder
from aiocollect.errors import EncodeError
from aiocollect.typing import Encoder, Piece, Schema
from tests.support.nested import deep

TIME = "2026-01-31T23:59:58.000000"
SCHEMA = Schema(("x",))  # its features are the header's matter alone


def cells_of(*row: Any) -> str:
    """What is written for one row, without its metadata."""
    (line,) = CsvEncoder().encode([Piece((row,), "some-id", TIME, 0)], SCHEMA)
    text = line.decode()
    tail = f",some-id,{TIME},0\n"
    assert text.endswith(tail)
    return text.removesuffix(tail)


def test_an_encoder_is_what_the_protocol_asks_for() -> None:
    """The encoder satisfies the public Protocol and says what it writes."""
    encoder: Encoder = CsvEncoder()
    assert encoder.extension == "csv"
    assert encoder.content_type == "text/csv; charset=utf-8"
    assert repr(encoder) == "<CsvEncoder, 0 surrogates replaced>"


def test_a_line_is_cells_then_metadata() -> None:
    """Cells, correlation id, scoring time and row index, in this order, then one LF."""
    identifier = str(uuid.UUID(int=7))
    piece = Piece(((1.5, 2), (3.0, 4)), identifier, TIME, 41)
    assert CsvEncoder().encode([piece], SCHEMA) == [
        f"1.5,2,{identifier},{TIME},41\n".encode(),
        f"3.0,4,{identifier},{TIME},42\n".encode(),
    ]


def test_pieces_follow_one_another() -> None:
    """Rows of many calls come out in order, each with the metadata of its own call."""
    pieces = [
        Piece(((1,), (2,)), "a-1-2-3", TIME, 0),
        Piece(np.array([[3.0], [4.0]]), "b", TIME, 7),
        Piece((), "none", TIME, 0),
        Piece((("x",),), "c", TIME, 0),
    ]
    assert b"".join(CsvEncoder().encode(pieces, SCHEMA)).decode().splitlines() == [
        f"1,a-1-2-3,{TIME},0",
        f"2,a-1-2-3,{TIME},1",
        f"3.0,b,{TIME},7",
        f"4.0,b,{TIME},8",
        f"x,c,{TIME},0",
    ]


def test_nothing_gives_nothing() -> None:
    """No pieces, or pieces without rows, make no lines."""
    assert CsvEncoder().encode([], SCHEMA) == []
    assert CsvEncoder().encode([Piece((), "a", TIME, 0)], SCHEMA) == []
    assert CsvEncoder().encode([Piece(np.empty((0, 3)), "a", TIME, 0)], SCHEMA) == []


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (0.1, "0.1"),
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (1e22, "1e22"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e308"),
        (math.nan, "NaN"),
        (-math.nan, "NaN"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        (0, "0"),
        (-7, "-7"),
        (2**63, "9223372036854775808"),
        (-(2**64), "-18446744073709551616"),
        # More digits than str() gives: 4,300.
        (10**5000, "1" + "0" * 5000),
        (-(10**5000), "-1" + "0" * 5000),
    ],
    ids=lambda value: "",
)
def test_a_value_that_is_no_text(cell: Any, text: str) -> None:
    """Numbers, booleans and missing cells are bare, alone and beside any neighbour."""
    # The exponent's form is orjson's; it reads back the same with a sign and without.
    assert cells_of(cell).replace("e+", "e") == text
    for neighbour, written in ((1.5, "1.5"), ("x", "x"), (None, ""), (math.nan, "NaN")):
        assert cells_of(neighbour, cell, neighbour).replace("e+", "e") == (
            f"{written},{text},{written}"
        )


@pytest.mark.parametrize(
    "text",
    [
        "premium",
        "two words",
        "O'Neil",
        "größe",
        "1/2",
        "v1.2.3",
        "2026-1-31",
        "2026-01-31-7",
        "01/31/2026",
        "e5",
        "x=1",
        "#5",
        "null and void",
        "\N{GRINNING FACE}",
        "a;b",
        "a\N{NO-BREAK SPACE}b",
        "nano",
        "info",
        "-",
    ],
)
def test_plain_text_is_bare(text: str) -> None:
    """Text that nobody could take for something else is written as it is."""
    assert cells_of(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a,b",
        'say "no"',
        "a\nb",
        "a\rb",
        "a\r\nb",
        " a",
        "a ",
        "a\t",
        "\N{NO-BREAK SPACE}a",
        "a\x00b",
        "\x1a",
        "\N{ZERO WIDTH NO-BREAK SPACE}a",
        "],[",
        '"',
    ],
)
def test_text_that_would_tear_a_line_is_quoted(text: str) -> None:
    """Separators, quotes, controls and outer white space are kept, in quotes."""
    assert cells_of(text) == '"' + text.replace('"', '""') + '"'
    assert cells_of(1.5, text, None) == '1.5,"' + text.replace('"', '""') + '",'


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "-1",
        "+5",
        "1.",
        ".5",
        "1e5",
        "1E+5",
        "1.5e-7",
        "1_000",
        "0x10",
        "0XfF",
        "0b1",
        "0o7",
        "0x1.8p3",
        "1d5",
        "1f",
        "5L",
        "5%",
        "1j",
        "00012",
        "\N{FULLWIDTH DIGIT TWO}",
        " 12 ",
        "5\n",
        "inf",
        "-INF",
        "+Infinity",
        "nan",
        "NaN",
        "-NaN",
        "NA",
        "na",
        "N/A",
        "null",
        "None",
        "NULL",
        "true",
        "FALSE",
        "<NA>",
        "#N/A N/A",
        "1.#IND",
        "-1.#QNAN",
        "\\N",
        "nil",
        "NaT",
        "2026-01-31",
        "2026-01-31T23:59",
        "2026-01-31 23:59:58",
        "2026-01-31t23:59:58.123z",
        "2026-01-31T23:59:58.000000+01:00",
    ],
)
def test_text_that_looks_like_something_else_is_quoted(text: str) -> None:
    """What a reader could take for a number, for missing or for a truth value is in quotes."""
    assert cells_of(text) == f'"{text}"'
    assert cells_of(text, 1) == f'"{text}",1'


def test_a_missing_cell_is_not_an_empty_text() -> None:
    """None is nothing at all; empty text is two quotes."""
    assert cells_of(None, "", None) == ',"",'


def test_lone_surrogates_are_replaced_and_counted() -> None:
    """What UTF-8 has no bytes for becomes U+FFFD, in cells, ids and names, and is counted."""
    encoder = CsvEncoder()
    (line,) = encoder.encode([Piece((("a\ud800b\udfff", 1.0),), "id\udc00", TIME, 0)], SCHEMA)
    assert line.decode() == f"a\ufffdb\ufffd,1.0,id\ufffd,{TIME},0\n"
    assert encoder.replaced == 3
    assert encoder.header(Schema(("\ud800",), ids=False)) == "\ufffd\n".encode()
    assert encoder.replaced == 4


@pytest.mark.parametrize("identifier", ["a,b", 'a"b', "12", "1e-5", "a\nb", "", "nan", " a", "ü,"])
def test_a_users_correlation_id_is_text(identifier: str) -> None:
    """A caller's own id follows the rule for text."""
    (line,) = CsvEncoder().encode([Piece(((1,),), identifier, TIME, 0)], SCHEMA)
    quoted = identifier.replace('"', '""')
    assert line.decode() == f'1,"{quoted}",{TIME},0\n'


def test_the_header_is_one_line() -> None:
    """Names of columns are text: quoted where needed; Python's csv reads them back."""
    names = ["age", "plan, or tariff", 'a "b"', "two\nlines", "", " x", "ü", "nan", "$aml_dc_row"]
    header = CsvEncoder().header(Schema(tuple(names), ids=False))
    assert header.startswith(b'age,"plan, or tariff","a ""b""","two\nlines",""," x",')
    assert header.endswith(b'"nan",$aml_dc_row\n')
    assert next(csv.reader(io.StringIO(header.decode(), newline=""))) == names


def test_a_first_name_with_a_byte_order_mark_keeps_it() -> None:
    """A file never begins with a byte-order mark, which readers would take away."""
    assert CsvEncoder().header(Schema(("\ufeffage",), ids=False)) == '"\ufeffage"\n'.encode()


@pytest.mark.parametrize("kind", ["f2", "f4"])
def test_a_narrow_float_is_written_as_a_float32(kind: str) -> None:
    """A float32 has the shortest text of a float32, not the 17 digits of its double."""
    values = np.array([[0.1, 1.0, np.nan, np.inf, -np.inf, -0.0]], dtype=kind)
    (line,) = CsvEncoder().encode([Piece(values, "some-id", TIME, 0)], SCHEMA)
    tenth, *others = line.decode().split(",")[:6]
    assert np.float32(tenth) == np.float32(values[0, 0])
    assert len(tenth) < 12
    assert others == ["1.0", "NaN", "inf", "-inf", "-0.0"]


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
def test_whole_numbers_of_an_array_keep_every_digit(kind: str) -> None:
    """The extremes of each integer dtype are written in full."""
    extremes = np.iinfo(kind)
    values = np.array([[extremes.min, extremes.max]], dtype=kind)
    (line,) = CsvEncoder().encode([Piece(values, "some-id", TIME, 0)], SCHEMA)
    assert line.startswith(f"{extremes.min},{extremes.max},".encode())


def test_an_array_of_truth_values() -> None:
    """A boolean array has the words of bool."""
    (line,) = CsvEncoder().encode([Piece(np.array([[True, False]]), "some-id", TIME, 0)], SCHEMA)
    assert line.startswith(b"true,false,")


def test_an_array_in_another_order_is_refused() -> None:
    """What the engine never hands over is refused, and not written wrong."""
    for array in (np.array([[1.5, 2.5]], dtype=">f8"), np.arange(8.0).reshape(4, 2)[::2]):
        with pytest.raises(EncodeError, match="array"):
            CsvEncoder().encode([Piece(array, "some-id", TIME, 0)], SCHEMA)


EAST = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Decimal("1.10"), "1.10"),
        (Decimal("-0.00"), "-0.00"),
        (Decimal("-0"), "-0"),
        (Decimal("1E+5"), "1E+5"),
        (Decimal("1E-400"), "1E-400"),
        (Decimal("9" * 60), "9" * 60),
        (Decimal("NaN"), "NaN"),
        (Decimal("-NaN123"), "NaN"),
        (Decimal("sNaN"), "NaN"),
        (Decimal("Infinity"), "inf"),
        (Decimal("-Infinity"), "-inf"),
        (datetime(2026, 1, 31, 23, 59, 58), "2026-01-31T23:59:58.000000"),
        (datetime(1, 1, 1, 0, 0, 0, 7), "0001-01-01T00:00:00.000007"),
        (datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31T00:00:00.000000+00:00"),
        (datetime(2026, 1, 31, tzinfo=EAST), "2026-01-31T00:00:00.000000+05:30"),
        (date(2026, 1, 31), "2026-01-31"),
        (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (b"", '""'),
        (b"\xff\xfe", "//4="),
        (b"\xd7\x6d\xf8", '"1234"'),
        ((), "[]"),
        (((),), "[[]]"),
        ((1,), "[1]"),
        ((1, 2.5, None, True), '"[1,2.5,null,true]"'),
        ({}, "{}"),
        ({"a": ("b", '"')}, '"{""a"":[""b"",""\\""""]}"'),
        ((math.nan, math.inf, -math.inf), '"[""NaN"",""Infinity"",""-Infinity""]"'),
        ((2**64, -(10**30)), f'"[{2**64},-{10**30}]"'),
        ((Decimal("1.10"), date(2026, 1, 31)), '"[""1.10"",""2026-01-31""]"'),
        ((b"\xff", uuid.UUID(int=7)), f'"[""/w=="",""{uuid.UUID(int=7)}""]"'),
        ((datetime(2026, 1, 31, tzinfo=UTC),), '"[""2026-01-31T00:00:00.000000+00:00""]"'),
        ({"\ud800": 1, "\ud800x": 2}, '"{""\ufffd"":1,""\ufffdx"":2}"'),
    ],
    ids=lambda value: "",
)
def test_odd_values(cell: Any, text: str) -> None:
    """Every other type has its text, alone and beside any neighbour."""
    assert cells_of(cell) == text
    neighbours = [(1.5, "1.5"), ("x", "x"), (None, ""), (math.nan, "NaN"), ((1,), "[1]")]
    for neighbour, written in [*neighbours, (2**70, str(2**70))]:
        assert cells_of(neighbour, cell, neighbour) == f"{written},{text},{written}"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_formulas_are_guarded_where_asked(start: str) -> None:
    """Text that a spreadsheet would run gets an apostrophe, in quotes; numbers do not."""
    encoder = CsvEncoder(guard_formulas=True)
    text = f'{start}1+cmd|"A1"'
    quoted = "\"'" + text.replace('"', '""') + '"'
    schema = Schema((text,), constants=(("c", text),))
    piece = Piece(((-1.5, text, -1, None, Decimal("-2")),), text, TIME, 0)
    (line,) = encoder.encode([piece], schema)
    assert line.decode() == f"-1.5,{quoted},-1,,-2,{quoted},{TIME},0,{quoted}\n"
    assert encoder.header(schema).decode().startswith(quoted + ",$aml_dc_")
    assert repr(encoder) == "<CsvEncoder, guarding formulas, 0 surrogates replaced>"
    (line,) = CsvEncoder().encode([piece], schema)
    assert "'" not in line.decode()


def test_a_run_that_raises_counts_nothing() -> None:
    """The caller tries its rows again, and each surrogate is counted once."""
    encoder = CsvEncoder()
    with pytest.raises(EncodeError):
        encoder.encode([Piece((("\ud800",), (object(),)), "some-id", TIME, 0)], SCHEMA)
    assert encoder.replaced == 0
    encoder.encode([Piece((("\ud800",), (("\ud800",),)), "some-id", TIME, 0)], SCHEMA)
    assert encoder.replaced == 2


def test_many_texts_come_out_right() -> None:
    """More texts than an encoder keeps, each twice."""
    encoder = CsvEncoder()
    for first in (0, 0, 3000):
        rows = tuple((f"text {number}", f"{number}") for number in range(first, first + 5000))
        lines = encoder.encode([Piece(rows, "some-id", TIME, 0)], Schema(("x", "y"), ids=False))
        assert lines[0].decode() == f'text {first},"{first}"\n'
        read = [row[:2] for row in csv.reader(b"".join(lines).decode().splitlines())]
        assert read == [list(row) for row in rows]


@pytest.mark.parametrize(
    "cell",
    [object(), 1j, np.float64(1), {1: 2}, (object(),), {"a": 1j}, deep(101), ({"a": deep(100)},)],
)
def test_a_type_without_a_text_is_refused_without_its_value(cell: Any) -> None:
    """What has no CSV text raises EncodeError, which does not show the value."""
    with pytest.raises(EncodeError, match=r"cannot be written|not text|deeper") as caught:
        CsvEncoder().encode([Piece(((1.0, cell),), "some-id", TIME, 0)], SCHEMA)
    assert str(caught.value).startswith(("a cell has a type", "a key of", "a cell is nested"))


@pytest.mark.parametrize("rows", [((),), ((), ()), np.empty((2, 0))], ids=["one", "two", "array"])
def test_a_row_without_cells_is_refused(rows: Any) -> None:
    """A line of metadata alone would not fit its header: EncodeError."""
    with pytest.raises(EncodeError, match="without cells"):
        CsvEncoder().encode([Piece(rows, "some-id", TIME, 0)], SCHEMA)
