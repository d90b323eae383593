"""Pieces as tables: what a piece must refuse, since nothing in it says it to Arrow."""

from __future__ import annotations

from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from aiocollect.reading.cells.csv_rows import BLOCK, ColumnType, Misfit, header_of, looks_in, parsed
from aiocollect.reading.cells.jsonl_rows import lines_in, lines_table
from aiocollect.reading.cells.looks import type_of
from aiocollect.reading.cells.types import told_types

INT, FLOAT, TEXT = (ColumnType(type_) for type_ in (pa.int64(), pa.float64(), pa.string()))


@pytest.mark.parametrize(
    ("rows", "type_"),
    [
        (b'7\n"007"\n', pa.int64()),
        (b'1.5\n"2"\n', pa.float64()),
        (b"1.5\n9007199254740993\n", pa.float64()),
        (b"9223372036854775808\n", pa.int64()),
        (b"1.5\n", pa.int64()),
        (b'true\n"true"\n', pa.bool_()),
        (b"true\n1\n", pa.bool_()),
        (b"2026-01-31T00:00:00.000000\n2026-01-31\n", pa.timestamp("us")),
        (b"2026-01-31T00:00:00.000000+00:00\n", pa.timestamp("us")),
        (b'""\n', pa.null()),
    ],
)
def test_a_cell_of_another_kind_is_a_misfit(rows: bytes, type_: Any) -> None:
    """Never a number made of text, never a digit less."""
    with pytest.raises(Misfit):
        parsed(rows, ["a"], {"a": ColumnType(type_)})


def test_what_fits_is_read() -> None:
    """The same columns without the odd cell; told types take text for what it says."""
    table = parsed(b'7,"x,\ny",\n8,,"1"\n', ["a", "b", "c"], {"c": TEXT, "a": INT}).table
    assert table.to_pydict() == {"c": [None, "1"], "a": [7, 8]}
    told = parsed(b'"7"\n', ["a"], {"a": ColumnType(pa.int64(), told=True)}).table
    assert told.to_pydict() == {"a": [7]}
    big = parsed(b"9007199254740992\n1e300\n", ["a"], {"a": FLOAT}).table
    assert big.to_pydict() == {"a": [2.0**53, 1e300]}


def test_pieces_larger_than_what_arrow_takes_at_a_time() -> None:
    """Line ends within quotes at each of its borders, a row that is longer than a block."""
    texts = ["\n" * (at % 7) + "x" * at for at in range(2000)] + ["\n,\n" * BLOCK]
    rows = b"".join(b'%d,"%s"\n' % (at, text.encode()) for at, text in enumerate(texts))
    for some in (texts[:-1], texts):
        end = len(rows) if some is texts else rows.rindex(b"\n2000,") + 1
        table = parsed(rows[:end], ["a", "b"], {"a": INT, "b": TEXT}).table
        assert table["b"].to_pylist() == some
        assert table["a"].to_pylist() == list(range(len(some)))


@pytest.mark.parametrize("bad", [b"\xff\n", b"\xff,1,1\n", b'"\xff"\n', b"1,\xff\n"])
def test_bytes_that_are_no_text_leave_out_their_row_alone(bad: bytes) -> None:
    """Whatever number of cells it has; Arrow cannot name such a row."""
    columns = {"a": INT, "b": TEXT}
    rows = b'1,"x"\n' + bad + b"2,y\n"
    found = parsed(rows, ["a", "b"], columns)
    assert found.table.to_pydict() == {"a": [1, 2], "b": ["x", "y"]}
    assert found.left_out == 1
    assert set(looks_in(rows, ["a", "b"], ["a", "b"])) == {"a", "b"}


def test_rows_of_another_width_are_counted() -> None:
    """And left out, in the piece and in its skeleton alike."""
    found = parsed(b'1,"a"\n2\n3,b,c\n4,d\n', ["n", "t"], {"n": INT, "t": TEXT})
    assert found.table.to_pydict() == {"n": [1, 4], "t": ["a", "d"]}
    assert found.left_out == 2


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"a,b\n1,2\n", (["a", "b"], 4)),
        (b'\xef\xbb\xbf"a\nb","c""d"\r\n1,2\r\n', (["a\nb", 'c"d'], 17)),
        (b'"a\n', None),
        (b"a,b", None),
        (b"", None),
    ],
)
def test_headers(data: bytes, found: Any) -> None:
    """Names may hold line ends and quotes; half a header is none."""
    assert header_of(data) == found


@pytest.mark.parametrize(
    ("rows", "type_"),
    [
        (b"\n,\n", "null"),
        (b"1,\n-0,\n", "int64"),
        (b"18446744073709551615,\n5,\n", "uint64"),
        (b"18446744073709551615,\n-1,\n", "decimal128(38, 0)"),
        (b"9" * 38 + b",\n", "decimal128(38, 0)"),
        (b"9" * 39 + b",\n", "string"),
        (b"1,\n0.5,\n", "double"),
        (b"9007199254740993,\n0.5,\n", "string"),
        (b"NaN,\n-inf,\n1e-7,\n", "double"),
        (b"1e999,\n", "string"),
        (b"007,\n", "string"),
        (b"true,\nfalse,\n", "bool"),
        (b"true,\n1,\n", "string"),
        (b"2026-01-31,\n", "date32[day]"),
        (b"2026-02-31,\n", "string"),
        (b"2026-01-31T23:59:58.000001,\n", "timestamp[us]"),
        (b"2026-01-31T23:59:58.000001+05:30,\n", "timestamp[us, tz=UTC]"),
        (b"2026-01-31T23:59:58.000001+00:00:01,\n", "string"),
        (b'"1",\n', "string"),
        (b'"",\n', "string"),
    ],
)
def test_looks_and_their_types(rows: bytes, type_: str) -> None:
    """The narrowest that loses nothing."""
    assert str(type_of(looks_in(rows, ["a", "b"], ["a"])["a"])) == type_


@pytest.mark.parametrize(
    ("cells", "type_"),
    [
        ('1 2.5 null "NaN"', "double"),
        ('"NaN" null', "string"),
        ('"NaN" "x"', "string"),
        ("1 null", "int64"),
        ("18446744073709551615", "uint64"),
        ("9007199254740993 0.5", "string"),
        ("true null", "bool"),
        ("[1,null] 5", "string"),
    ],
)
def test_json_and_its_types(cells: str, type_: str) -> None:
    """The words are floats among numbers alone."""
    rows = "".join(f'{{"a":{cell}}}\n' for cell in cells.split()).encode()
    lines = lines_in(rows, "jsonl")
    looks = lines.looks(["a"])["a"]
    assert str(type_of(looks)) == type_
    table = lines_table(lines, {"a": ColumnType(type_of(looks))}).table
    assert table.num_rows == len(cells.split())


def test_lines_that_are_no_objects_are_counted() -> None:
    """Half a line, a list, a number."""
    lines = lines_in(b'{"a":1}\n{"a":\n[1]\n5\n\n{"b":2}\n', "jsonl")
    assert (lines.rows, lines.left_out) == ([{"a": 1}, {"b": 2}], 3)
    with pytest.raises(Misfit):
        lines_table(lines_in(b'{"a":"1"}\n', "jsonl"), {"a": INT})


def test_types_by_their_names() -> None:
    """Python's, Arrow's, and Arrow's as text."""
    told = told_types({"a": float, "b": pa.int8(), "c": "float32", "d": "timestamp[us, UTC]"})
    assert list(map(str, told.values())) == ["double", "int8", "float", "timestamp[us, tz=UTC]"]
    assert told_types(pa.schema([("a", pa.int8())])) == {"a": pa.int8()}
