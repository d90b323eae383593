"""CSV cell by cell: each case says what must stand in the file, byte for byte."""

from __future__ import annotations

import csv
import io
import math
import uuid
from typing import Any

import numpy as np
import pytest

from aiocollect.encoders import CsvEncoder
from aiocollect.errors import EncodeError
from aiocollect.typing import Encoder, Piece, Schema

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
        "2026-01-31",
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


@pytest.mark.parametrize(
    "array",
    [
        np.array([[True, False]]),
        np.asfortranarray(np.array([[1.5, 2.5], [np.nan, 4.0]])),
        np.arange(8.0).reshape(4, 2)[::2],
        np.array([[1.5, np.inf]], dtype=">f8"),
        np.array([[0.1, 7.0]], dtype=">f4"),
    ],
    ids=["bool", "fortran", "strided", "big-endian", "big-endian-float32"],
)
def test_any_order_of_an_arrays_bytes(array: Any) -> None:
    """An array is written by its values, however its bytes lie."""
    straight = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("="))
    wanted = CsvEncoder().encode([Piece(straight, "some-id", TIME, 0)], SCHEMA)
    assert CsvEncoder().encode([Piece(array, "some-id", TIME, 0)], SCHEMA) == wanted
    texts = [line.decode().split(",")[: array.shape[1]] for line in wanted]
    words = {"true": 1.0, "false": 0.0}
    values = [[words.get(text) or float(words.get(text, text)) for text in row] for row in texts]
    np.testing.assert_array_equal(np.array(values).astype(array.dtype), array)


@pytest.mark.parametrize("cell", [object(), 1j, uuid.UUID(int=1), {"a": 1}, b"x"])
def test_a_type_without_a_text_is_refused_without_its_value(cell: Any) -> None:
    """What has no CSV text raises EncodeError, which does not show the value."""
    with pytest.raises(EncodeError, match="type that cannot be written") as caught:
        CsvEncoder().encode([Piece(((1.0, cell),), "some-id", TIME, 0)], SCHEMA)
    assert repr(cell) not in str(caught.value)


@pytest.mark.parametrize("rows", [((),), ((), ()), np.empty((2, 0))], ids=["one", "two", "array"])
def test_a_row_without_cells_is_refused(rows: Any) -> None:
    """A line of metadata alone would not fit its header: EncodeError."""
    with pytest.raises(EncodeError, match="without cells"):
        CsvEncoder().encode([Piece(rows, "some-id", TIME, 0)], SCHEMA)
