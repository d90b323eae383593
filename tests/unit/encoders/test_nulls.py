"""JSON's null is missing, NaN or an infinity, and a run of rows is told by one sum: where that
cannot decide, and the other short cuts at their borders."""

from __future__ import annotations

import sys
from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest

from aiocollect.encoders import CsvEncoder, JsonlEncoder
from aiocollect.typing import Piece, Schema

TIME = "2026-01-31T23:59:58.000000"
ID = "00000000-0000-8000-ac00-000000000000"
MAX = sys.float_info.max


def csv(rows: list[tuple[Any, ...]]) -> list[bytes]:
    """The cells of each row as CSV, from one run of calls."""
    pieces = [Piece((row,), ID, TIME, 0) for row in rows]
    lines = CsvEncoder().encode(pieces, Schema(("a", "b", "c")))
    end = f",{ID},{TIME},0\n".encode()
    assert all(line.endswith(end) for line in lines)
    return [line.removesuffix(end) for line in lines]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        pytest.param([(None, 1.5, None)], [b",1.5,"], id="missing alone"),
        pytest.param([(None, 0, False)], [b",0,false"], id="nothing to add up"),
        pytest.param([(None, nan, 1)], [b",NaN,1"], id="missing and NaN"),
        pytest.param(
            [(None, 1.5, 2.5), (nan, 1.5, 2.5)], [b",1.5,2.5", b"NaN,1.5,2.5"], id="below"
        ),
        pytest.param([(inf, None, -inf)], [b"inf,,-inf"], id="infinities that cancel"),
        pytest.param(
            [(inf, None, 1.5), (-inf, None, 1.5)], [b"inf,,1.5", b"-inf,,1.5"], id="of two rows"
        ),
        pytest.param(
            [(MAX, None, MAX)],
            [f"{MAX!r},,{MAX!r}".encode()],
            id="a sum beyond a float",
        ),
        pytest.param([(2**63, None, 1.5)] * 2, [b"9223372036854775808,,1.5"] * 2, id="large"),
        pytest.param([(Decimal("1.10"), None, 1.5)], [b"1.10,,1.5"], id="a Decimal beside a float"),
        pytest.param([(Decimal("sNaN"), None, 1)], [b"NaN,,1"], id="a signalling Decimal"),
        pytest.param([("null", None, nan)], [b'"null",,NaN'], id="text that says null"),
        pytest.param([("n", None, None)], [b"n,,"], id="text and missing"),
    ],
)
def test_each_null_is_what_it_was(rows: list[tuple[Any, ...]], wanted: list[bytes]) -> None:
    """Whatever else is in its row and run; also beside a row that has none."""
    assert csv(rows) == wanted
    assert csv([(1, 2, 3), *rows, (1, 2, 3)]) == [b"1,2,3", *wanted, b"1,2,3"]


def test_null_stays_null_in_json() -> None:
    """Missing is null, NaN is not."""
    pieces = [Piece(((None, 1.5), (nan, None)), ID, TIME, 0)]
    lines = JsonlEncoder().encode(pieces, Schema(("a", "b"), ids=False))
    assert lines == [b'{"a":null,"b":1.5}\n', b'{"a":"NaN","b":null}\n']


def test_a_percent_sign_in_a_name_is_one() -> None:
    """Names are put into a frame for the cells, and are no part of its language."""
    schema = Schema(("50%", "%b", "%%s"), ids=False)
    lines = JsonlEncoder().encode([Piece(((1, 2, "%b"),), ID, TIME, 0)], schema)
    assert lines == [b'{"50%":1,"%b":2,"%%s":"%b"}\n']


@pytest.mark.parametrize("first", [0, 4090, 4095, 4096, 100_000])
@pytest.mark.parametrize("constants", [(), (("c", "x"),)])
def test_indexes_go_on_beyond_those_made_once(
    first: int, constants: tuple[tuple[str, str], ...]
) -> None:
    """The index of each row of a call, however large; also after other constants."""
    csv, jsonl = CsvEncoder(), JsonlEncoder()
    piece = Piece(((1,),) * 8, ID, TIME, first)
    for encoder in (csv, jsonl):
        encoder.encode([piece], Schema(("a",), constants=(("d", "before"),)))
    end = "".join(f",{text}" for _, text in constants)
    json_end = "".join(f',"{name}":"{text}"' for name, text in constants)
    schema = Schema(("a",), constants=constants)
    assert csv.encode([piece], schema) == [
        f"1,{ID},{TIME},{first + row}{end}\n".encode() for row in range(8)
    ]
    assert jsonl.encode([piece], schema) == [
        (
            f'{{"a":1,"$aml_dc_correlation_id":"{ID}","$aml_dc_scoring_timestamp":"{TIME}",'
            f'"$aml_dc_row":{first + row}{json_end}}}\n'
        ).encode()
        for row in range(8)
    ]
