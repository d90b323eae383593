"""Redaction: what rules take away is nowhere, in no form of input, and what fails refuses the call.

The oracle: rows written by hand, digests by Python's hmac, and the stored file read by csv.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from aiocollect import MemoryStore
from aiocollect.redaction import Drop, KeyedHash, Mask, Rule
from aiocollect.testing import VirtualLoop, run_virtual
from tests.support.redacted import CELL, KEY, NAMES, collected, contents, digest
from tests.support.virtual import make_pipeline

pytestmark = pytest.mark.slow  # Frames of three libraries, in some seconds.


NUMBER = 773311559922.0


# Forms of input -----------------------------------------------------------------------------------


@dataclasses.dataclass
class Record:
    a: Any
    b: Any
    c: Any


TEXT_FORMS: dict[str, Any] = {
    "row": [1, CELL, 2.5],
    "rows": [[1, CELL, 2.5]],
    "tuple": (1, CELL, 2.5),
    "dict": {"a": 1, "b": CELL, "c": 2.5},
    "dicts": [{"c": 2.5, "a": 1, "b": CELL}],
    "record": Record(1, CELL, 2.5),
    "object array": np.array([[1, CELL, 2.5]], dtype=object),
    "structured array": np.array([(1, CELL, 2.5)], dtype=[("a", "i4"), ("b", "U32"), ("c", "f8")]),
    "pandas": pd.DataFrame({"a": [1], "b": [CELL], "c": [2.5]}),
    "pandas, its columns in disorder": pd.DataFrame({"c": [2.5], "b": [CELL], "a": [1]}),
    "pandas row": pd.DataFrame({"a": [1], "b": [CELL], "c": [2.5]}).iloc[0],
    "pandas categories": pd.DataFrame({"a": [1], "b": pd.Categorical([CELL]), "c": [2.5]}),
    "polars": pl.DataFrame({"a": [1], "b": [CELL], "c": [2.5]}),
    "arrow": pa.table({"a": [1], "b": [CELL], "c": [2.5]}),
    "arrow batch": pa.record_batch({"a": [1], "b": [CELL], "c": [2.5]}),
}


NUMBER_FORMS: dict[str, Any] = {
    "row": [1.0, NUMBER, 2.5],
    "array": np.array([1.0, NUMBER, 2.5]),
    "array of rows": np.array([[1.0, NUMBER, 2.5]]),
    "array in Fortran order": np.asfortranarray([[1.0, NUMBER, 2.5]]),
    "array of another byte order": np.array([[1.0, NUMBER, 2.5]], dtype=">f8"),
    "pandas": pd.DataFrame({"a": [1.0], "b": [NUMBER], "c": [2.5]}),
    "polars": pl.DataFrame({"a": [1.0], "b": [NUMBER], "c": [2.5]}),
    "arrow": pa.table({"a": [1.0], "b": [NUMBER], "c": [2.5]}),
}


FORMS = [
    *((name, data, CELL, CELL) for name, data in TEXT_FORMS.items()),
    *((f"numbers: {name}", data, NUMBER, "773311559922.0") for name, data in NUMBER_FORMS.items()),
]


every_form = pytest.mark.parametrize(
    ("data", "cell", "text"), [form[1:] for form in FORMS], ids=[form[0] for form in FORMS]
)


def twice(row: dict[str, Any]) -> dict[str, Any]:
    """A function of a user's: it sees Python's own cells."""
    assert all(type(cell) in (int, float, str, bool, type(None)) for cell in row.values())
    return {**row, "b": "gone"}


@every_form
@pytest.mark.parametrize(
    ("rule", "written"),
    [
        (Drop("b"), None),
        (Mask("b"), "***"),
        (Mask("b", with_=None), ""),
        (KeyedHash("b", key=KEY), digest),
        (twice, "gone"),
    ],
    ids=["drop", "mask", "mask with nothing", "hash", "function"],
)
def test_every_rule_in_every_form(data: Any, cell: Any, text: str, rule: Any, written: Any) -> None:
    """The cell is in no row, neither in memory after collect() nor in the file; what is beside it
    stays, and so do id and time."""
    found = collected(data, redact=rule)
    (row,) = found.rows
    assert (float(row["a"]), float(row["c"])) == (1.0, 2.5)
    if written is None:
        assert "b" not in row
        assert found.text.startswith("a,c,$aml_dc_correlation_id")
    else:
        assert row["b"] == (written(text) if callable(written) else written)
    assert row["$aml_dc_correlation_id"] == found.answers[0]
    assert row["$aml_dc_row"] == "0"
    for place in (found.text, found.kept):
        assert CELL not in place
        assert "773311559922" not in place


@every_form
def test_without_a_rule_it_is_there(data: Any, cell: Any, text: str) -> None:
    """The control: without rules the same look finds the cell in memory and in the file."""
    found = collected(data, redact=None)
    assert text.removesuffix(".0") in found.text
    assert text.removesuffix(".0") in found.kept


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("ann@example.com", "ann@example.com"),
        ("", ""),
        (7, "7"),
        (True, "true"),
        (0.1, "0.1"),
        (np.float32(0.1), "0.1"),
        (np.int64(7), "7"),
        (b"\xff\x00", b"\xff\x00"),
        (Decimal("1.10"), "1.10"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00.000000+00:00"),
        ("\ud800", "\ud800".encode("utf-8", "surrogatepass")),
        ([1, "x"], '[1,"x"]'),
        ({"z": 1, "a": [True]}, '{"a":[true],"z":1}'),
        ("é", "é"),
    ],
)
def test_what_is_hashed(cell: Any, text: str | bytes) -> None:
    """The digest is that of the text that the class names, so that others can make it too."""
    (row,) = collected([1, cell, 2], redact=KeyedHash("b", key=KEY)).rows
    assert row["b"] == digest(text)


def test_an_array_of_single_precision_is_hashed_like_its_numbers() -> None:
    """A float32 has the digits that it has, in an array as in a list."""
    array = np.array([[0.1, 0.2, 0.3]], dtype="f4")
    (row,) = collected(array, redact=KeyedHash("b", key=KEY)).rows
    assert row["b"] == digest("0.2")
    assert (row["a"], row["c"]) == ("0.1", "0.3")


def test_missing_cells_stay_missing() -> None:
    """None and NaN have no digest: else everybody without an address were one person."""
    rows = collected([[1, None, 2], [1, float("nan"), 2]], redact=KeyedHash("b", key=KEY)).rows
    assert [row["b"] for row in rows] == ["", "NaN"]


def test_rules_in_their_order() -> None:
    """Each rule sees what the one before has left; a function sees no dropped column."""
    seen: list[dict[str, Any]] = []

    def look(row: dict[str, Any]) -> dict[str, Any]:
        seen.append(dict(row))
        return row | {"c": "later"}

    rules: list[Rule] = [Drop("a"), Mask("b", with_="x"), look, KeyedHash("b", "c", key=KEY)]
    (row,) = collected([CELL, CELL, CELL], redact=rules).rows
    assert seen == [{"b": "x", "c": CELL}]
    assert (row["b"], row["c"]) == (digest("x"), digest("later"))
    assert "a" not in row


def test_dropping_keeps_an_array_an_array() -> None:
    """Where columns are only left out nothing is converted; it stays in the order encoders take."""
    kinds: list[Any] = []

    class Watching:
        content_type, extension = "text/csv", "csv"

        def header(self, schema: Any) -> bytes:
            return b"header\n"

        def encode(self, pieces: Any, schema: Any) -> list[bytes]:
            kinds.extend(pieces)
            return [b"row\n" for piece in pieces for _ in piece.rows]

    collected(
        np.arange(12.0).reshape(3, 4),
        redact=[Drop("a"), Drop("c")],
        names=[*NAMES, "d"],
        format=Watching(),
    )
    (piece,) = kinds
    assert piece.rows.tolist() == [[1.0, 3.0], [5.0, 7.0], [9.0, 11.0]]
    assert piece.rows.flags["C_CONTIGUOUS"]


def test_rows_that_a_function_leaves_out() -> None:
    """They are counted, and $aml_dc_row of the others is still their place in the call: what was
    recorded beside them under the same id goes by it."""

    def adults(row: dict[str, Any]) -> dict[str, Any] | None:
        return row if row["a"] >= 18 else None

    rows = [[age, "x", 0] for age in (17, 30, 40, 12, 50)]
    found = collected(rows, [[3, "x", 0]], [[60, "x", 0]], redact=adults)
    assert [(row["a"], row["$aml_dc_row"]) for row in found.rows] == [
        ("30", "1"), ("40", "2"), ("50", "4"), ("60", "0"),
    ]  # fmt: skip
    assert found.stats.redacted_out == 3
    assert (found.stats.accepted, found.stats.stored, found.stats.refused) == (4, 4, {})
    # A call of which nothing is left is no refusal: it has an id.
    assert None not in found.answers


def test_many_gaps_over_slices() -> None:
    """A call whose every other row is left out keeps its places over many slices of the pump."""

    def even(row: dict[str, Any]) -> dict[str, Any] | None:
        return None if row["a"] % 2 else row

    found = collected([[n, "x", 0] for n in range(3000)], redact=even)
    assert [row["$aml_dc_row"] for row in found.rows] == [str(n) for n in range(0, 3000, 2)]
    assert [row["a"] for row in found.rows] == [str(n) for n in range(0, 3000, 2)]


def test_a_model_redacts_stream_by_stream() -> None:
    """Only the stream that has rules is changed; both have one id."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop)
        model = pipeline.model("m", inputs=["a", "b"], out=["p"], redact={"inputs": Mask("b")})
        cid = model.collect(inputs=[1, CELL], out=[0.5])
        await pipeline.aclose()
        found = {path.split("/")[-5]: data.decode() for path, data in store.blobs.items()}
        assert found["inputs"].splitlines()[1].startswith(f"1,***,{cid}")
        assert found["out"].splitlines()[1].startswith(f"0.5,{cid}")

    run_virtual(main)


def test_two_collectors_of_one_name_with_other_rules() -> None:
    """Rules belong to the collector that they were given to, and equal ones share a stream."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop)
        make = pipeline.collector
        masked = make("m", feature_names=["a"], redact=Mask("a"))
        hashed = make("m", feature_names=["a"], redact=KeyedHash("a", key=KEY))
        same = make("m", feature_names=["a"], redact=[Mask("a")])
        other = make("m", feature_names=["a"], redact=KeyedHash("a", key=KEY * 2))
        assert same._stream is masked._stream
        assert len({masked._stream, hashed._stream, other._stream}) == 3
        for collector in (masked, hashed, other, same):
            collector.collect([CELL])
        await pipeline.aclose()
        (blob,) = contents(store)
        cells = [line.split(",")[0] for line in blob.decode().splitlines()[1:]]
        assert cells.count("***") == 2
        assert digest(CELL) in cells
        assert len(set(cells)) == 3

    run_virtual(main)
