"""The million in short, and that it can fail."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from aiocollect.encoders import CsvEncoder, JsonlEncoder
from tests.property import million
from tests.property.adversary import DifferenceError
from tests.property.reference import key, seen, table_of, told

ROWS = 4000


def test_some_thousand_adversarial_rows_read_back() -> None:
    """Every plan of columns, in CSV and JSONL, by the reference and by every library."""
    counts = million.run(ROWS, 7, rows_per_file=400)
    assert counts["files"] == 2 * ROWS / 400
    assert counts["rows"] == 2 * ROWS
    assert min(counts[f"{library} cells"] for library in ("pandas", "polars", "pyarrow")) > ROWS


@pytest.mark.parametrize(
    ("encoder", "before", "after"),
    [
        (CsvEncoder, b'"NA"', b"NA "),
        (CsvEncoder, b'"NA"', b"NB"),
        (CsvEncoder, b'"1"', b"1"),
        (CsvEncoder, b",inf", b",NaN"),
        (CsvEncoder, b"5e-324", b"0.0"),
        (CsvEncoder, b"-0.0", b"0.0"),
        (CsvEncoder, b'""""', b'""'),
        (CsvEncoder, b"9007199254740993", b"9007199254740992"),
        (CsvEncoder, b"true", b"True"),
        (CsvEncoder, b"1.10", b"1.1"),
        (JsonlEncoder, b":null", b':""'),
        (JsonlEncoder, b"-0.0", b"0.0"),
        (JsonlEncoder, b'"18446744073709551616"', b"18446744073709551616"),
        (JsonlEncoder, b"9007199254740993", b"9007199254740992"),
        (JsonlEncoder, b'"NaN"', b"null"),
    ],
)
def test_it_sees_the_smallest_damage(
    monkeypatch: pytest.MonkeyPatch, encoder: type, before: bytes, after: bytes
) -> None:
    """An encoder that writes one thing differently is found out."""
    encode = encoder.encode  # type: ignore[attr-defined]
    monkeypatch.setattr(
        encoder,
        "encode",
        lambda *given: [line.replace(before, after) for line in encode(*given)],
    )
    with pytest.raises((DifferenceError, ValueError)):
        million.run(1000, 0, rows_per_file=200)


def test_what_the_look_tells() -> None:
    """A field without quotes is told by its look; with the type told, the rest is, too."""
    (column,) = table_of(b'x\n1\n"1"\n1.0\n""\n\n1.10\ntrue\n"true"\n2026-01-31\n', 1)
    read = [seen(field) for field in column[1:]]
    assert read[:5] == [1, "1", 1.0, "", None]
    assert [type(cell).__name__ for cell in read[5:]] == ["float", "bool", "str", "date"]
    assert key(told("1.10", Decimal)) != key(Decimal("1.1"))
    assert told("00000000-0000-0000-0000-000000000007", UUID) == UUID(int=7)
    for broken in (b'x\n"1"2\n', b"x\n1,2\n", b'x\n"1\n', b"x\n1\r\n"):
        with pytest.raises(ValueError, match="field"):
            table_of(broken, 1)
