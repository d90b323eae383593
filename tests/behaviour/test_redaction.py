"""Redaction: what rules take away is nowhere, in no form of input, and what fails refuses the call.

The oracle: rows written by hand, digests by Python's hmac, and the stored file read by csv.
"""

from __future__ import annotations

import copy
import csv
import dataclasses
import gc
import hmac
import io
import json
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from aiocollect import ConfigError, EncodeError, MemoryStore, Pipeline
from aiocollect.events import Event, Refused
from aiocollect.redaction import Drop, KeyedHash, Mask, Redact, Rule
from aiocollect.testing import Fault, FaultKind, Operation, VirtualLoop, run_virtual
from tests.support.virtual import make_pipeline

pytestmark = pytest.mark.slow  # Frames of three libraries, in some seconds.

KEY = b"0123456789abcdef"
# Nothing of it may be found anywhere; as a number, where only numbers fit.
CELL = "CELL-CANARY-0b5e"
NUMBER = 773311559922.0
NAMES = ["a", "b", "c"]


def digest(text: str | bytes) -> str:
    data = text if isinstance(text, bytes) else text.encode()
    return hmac.new(KEY, data, "sha256").hexdigest()


class Outcome:
    """What is left of some calls: the file's text and rows, the counts, the events."""

    def __init__(self) -> None:
        self.text = ""
        self.rows: list[dict[str, str]] = []
        self.stats: Any = None
        self.events: list[Event] = []
        self.answers: list[Any] = []
        self.kept = ""


def collected(
    *calls: Any,
    redact: Redact,
    names: list[str] | None = NAMES,
    collect: Callable[[Any, Any], Any] = lambda collector, data: collector.collect(data),
    **options: Any,
) -> Outcome:
    """Collect each value in virtual time, and read back what was stored."""
    outcome = Outcome()

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop, hooks=(outcome.events.append,), **options)
        collector = pipeline.collector("m", feature_names=names, redact=redact)
        for data in calls:
            outcome.answers.append(collect(collector, data))
        outcome.kept = everything(pipeline)
        await pipeline.aclose()
        outcome.stats = pipeline.stats()
        outcome.text = "".join(blob.decode() for blob in contents(store))
        outcome.rows = list(csv.DictReader(io.StringIO(outcome.text)))

    run_virtual(main)
    return outcome


def contents(store: MemoryStore) -> list[bytes]:
    return list(store.blobs.values())


def everything(pipeline: Pipeline) -> str:
    """All text and numbers that hang on the pipeline's ring, as far as the collector of garbage
    sees them."""
    seen: set[int] = set()
    found: list[str] = []
    todo: list[Any] = [pipeline._engine.ring]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or callable(thing) or type(thing).__name__ == "module":
            continue
        seen.add(id(thing))
        if isinstance(thing, str | bytes | int | float | np.ndarray):
            found.append(repr(thing.tolist() if isinstance(thing, np.ndarray) else thing))
        else:
            todo += gc.get_referents(thing)
    return "\n".join(found)


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


# Failing closed -----------------------------------------------------------------------------------


class Leaky(Exception):
    """An exception of a user's, with the cell in its message."""


def boom(row: dict[str, Any]) -> dict[str, Any]:
    raise Leaky(row["b"])


def tired(row: dict[str, Any]) -> dict[str, Any]:
    raise BaseException(row["b"])  # as of a library that means to end the program


async def later(row: dict[str, Any]) -> dict[str, Any]:
    return row


FAILURES: dict[str, tuple[Any, str]] = {
    "raises": (boom, "boom raised Leaky"),
    "raises a BaseException": (tired, "tired raised BaseException"),
    "returns no dict": (lambda row: [row["b"]], "of type list, not a dict or None"),
    "returns a coroutine": (lambda row: later(row), "of type coroutine, not a dict"),
    "forgets a column": (lambda row: {"a": 1, "c": 2}, "it lacks b"),
    "adds a column": (lambda row: row | {row["b"]: 1}, "1 unknown columns"),
    "returns what cannot be recorded": (lambda row: row | {"b": {row["b"]}}, "builtins.set"),
    "returns what nests too deep": (
        lambda row: row | {"b": json.loads("[" * 40 + "]" * 40)}, "nested deeper",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "words"), FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("strict", [False, True])
def test_a_rule_that_fails_refuses_the_call(rule: Any, words: str, strict: bool) -> None:
    """The whole call is refused, also its good rows, under the reason "redact"; the hook is told;
    no word of it has the cell, and nothing leads from the error to the cell."""
    raised: list[EncodeError] = []

    def once_bad(row: dict[str, Any]) -> Any:
        return rule(row) if row["b"] == CELL else row

    once_bad.__qualname__ = getattr(rule, "__qualname__", "")

    def collect(collector: Any, data: Any) -> Any:
        if not strict:
            return collector.collect(data)
        with pytest.raises(EncodeError) as caught:
            collector.collect(data)
        raised.append(caught.value)
        return None

    found = collected(
        [[1, "good", 2], [1, CELL, 2]], redact=once_bad, strict=strict, collect=collect
    )
    assert found.answers == [None]
    assert found.text == ""
    assert found.stats.refused == {"redact": 2}
    assert (found.stats.accepted, found.stats.redacted_out) == (0, 0)
    (event,) = [event for event in found.events if isinstance(event, Refused)]
    assert (event.reason, event.rows) == ("redact", 2)
    assert words in str(event.error)
    assert raised in ([], [event.error])
    assert CELL not in repr(event) + str(event.error) + found.kept
    assert event.error.__context__ is None
    assert event.error.__cause__ is None


def test_a_hook_gets_no_frames() -> None:
    """The error that a hook gets holds no frame, whose variables would be the row."""
    tracebacks: list[Any] = []

    async def main(loop: VirtualLoop) -> None:
        def hook(event: Event) -> None:
            if isinstance(event, Refused):
                tracebacks.append(event.error.__traceback__)

        pipeline = make_pipeline(MemoryStore(), loop, hooks=(hook,))
        pipeline.collector("m", feature_names=NAMES, redact=boom).collect([1, CELL, 2])
        pipeline.collector("m", feature_names=NAMES).collect([1, CELL])
        await pipeline.aclose()

    run_virtual(main)
    assert tracebacks == [None, None]


def test_an_interrupt_goes_through() -> None:
    """Ctrl-C inside a rule is the program's, and records nothing."""

    def interrupted(row: dict[str, Any]) -> dict[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collected([1, CELL, 2], redact=interrupted)


@pytest.mark.parametrize("first", [[1, CELL, 2], {"a": 1, "c": CELL}, np.array([1.0, 2.0])])
def test_a_column_that_is_not_there(first: Any) -> None:
    """Where names are not known before the first call, a call without the column is refused, fixes
    nothing, and the next one with it is recorded."""
    found = collected(first, {"a": 1, "b": CELL}, redact=Drop("b"), names=None)
    assert found.answers[0] is None
    assert found.stats.refused == {"redact": 1}
    (event,) = [event for event in found.events if isinstance(event, Refused)]
    assert "names column 'b', but the stream has no such column" in str(event.error)
    assert CELL not in str(event.error) + found.text + found.kept
    (row,) = found.rows
    assert row["a"] == "1"


def test_dropping_the_only_column_of_an_unnamed_stream() -> None:
    """A file without columns is no file."""
    found = collected({"b": CELL}, redact=Drop("b"), names=None)
    assert found.stats.refused == {"redact": 1}


def test_refused_in_every_way_to_collect() -> None:
    """acollect() and collect_wait() raise it; a model refuses the streams without rules too."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop)
        collector = pipeline.collector("m", feature_names=NAMES, redact=boom)
        with pytest.raises(EncodeError, match="boom raised Leaky") as caught:
            await collector.acollect([1, CELL, 2])
        assert caught.value.reason == "redact"
        assert caught.value.__context__ is None
        model = pipeline.model("m", inputs=NAMES, out=["p"], redact={"inputs": boom})
        assert model.collect(out=[0.5], inputs=[1, CELL, 2]) is None
        await pipeline.aclose()
        assert store.blobs == {}
        assert pipeline.stats().refused == {"redact": 2}

    run_virtual(main)


# Dead letters -------------------------------------------------------------------------------------


@pytest.mark.parametrize("redacted", [True, False])
@pytest.mark.parametrize("where", ["store", "encoder"])
def test_the_dead_letter_file(tmp_path: Path, redacted: bool, where: str) -> None:
    """Rows that store or encoder refuse are in the dead-letter file as the rules have left them.
    Without rules the cell is in it, which shows that the look would find it."""
    file = tmp_path / "dead.jsonl"

    class Broken:
        content_type, extension = "text/csv", "csv"

        def header(self, schema: Any) -> bytes:
            return b"header\n"

        def encode(self, pieces: Any, schema: Any) -> list[bytes]:
            raise ValueError(str(pieces))

    async def main(loop: VirtualLoop) -> None:
        def faults(operation: Operation, path: str) -> Fault | None:
            too_large = operation is Operation.APPEND and where == "store"
            return Fault(FaultKind.TOO_LARGE) if too_large else None

        pipeline = make_pipeline(MemoryStore(faults=faults), loop, dead_letters=file)
        collector = pipeline.collector(
            "m",
            feature_names=NAMES,
            redact=[Mask("b"), KeyedHash("c", key=KEY)] if redacted else None,
            format=Broken() if where == "encoder" else None,
        )
        # So large that its size may be why: a small one would be held.
        collector.collect(["x" * 70_000, CELL, CELL])
        report = await pipeline.aclose()
        assert sum(report.dead_lettered.values()) == 1

    run_virtual(main)
    text = file.read_text()
    assert (CELL in text) is not redacted
    assert (digest(CELL) in text) is redacted


# The rules themselves -----------------------------------------------------------------------------

WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: Drop(), "name a column"),
    (lambda: Drop(""), "text"),
    (lambda: Drop(b"ssn"), "the name of a column must be text, not bytes"),  # type: ignore[arg-type]
    (lambda: Drop("a", "a"), "named twice"),
    (lambda: Mask("a", with_=[1]), "with_= must be text"),  # type: ignore[arg-type]
    (lambda: KeyedHash("a", key="0123456789abcdef"), "must be bytes"),  # type: ignore[arg-type]
    (lambda: KeyedHash("a", key=b"short-secret"), "has 12 bytes, and needs at least 16"),
    (lambda: KeyedHash(KEY, key=KEY), "text, not bytes"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("make", "words"), WRONG)
def test_wrong_rules(make: Callable[[], Any], words: str) -> None:
    """What is wrong with a rule is said where it is made, without its key."""
    with pytest.raises(ConfigError) as caught:
        make()
    assert words in str(caught.value)
    assert "short-secret" not in str(caught.value)
    assert "0123456789" not in str(caught.value)


@pytest.mark.parametrize(
    ("redact", "words"),
    [
        (
            Drop("x"),
            "Drop names column 'x', but the stream has no such column; the columns are a, b, c",
        ),
        ([Drop("a"), Mask("a")], "Mask names column 'a', but an earlier rule drops it"),
        (Drop("a", "b", "c"), "drops all columns"),
        ("ssn", "contains str"),
        ([Drop], "contains Drop"),
        ([Drop("a"), 7], "contains int"),
        ({"inputs": Drop("a")}, "contains dict"),
        (later, "contains an async function"),
    ],
)
def test_wrong_rules_of_a_collector(redact: Any, words: str) -> None:
    """A rule that cannot fit is refused when the collector is made, where the names are known."""
    pipeline = Pipeline(MemoryStore())
    with pytest.raises(ConfigError) as caught:
        pipeline.collector("m", feature_names=NAMES, redact=redact)
    assert f"redact= {words}" in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        pipeline.model("m", inputs=NAMES, redact={"inputs": redact})
    assert f"redact['inputs']= {words}" in str(caught.value)


def test_rules_of_no_stream() -> None:
    """A stream's name that is misspelled would leave it unredacted."""
    pipeline = Pipeline(MemoryStore())
    with pytest.raises(ConfigError, match="its streams are inputs"):
        pipeline.model("m", inputs=NAMES, redact={"input": Drop("a")})
    with pytest.raises(ConfigError, match="redact= must be rules by stream"):
        pipeline.model("m", inputs=NAMES, redact=Drop("a"))  # type: ignore[arg-type]


def test_the_key_is_a_secret() -> None:
    """No repr shows it, nothing pickles or copies it, and no attribute holds it."""
    rule = KeyedHash("email", key=KEY)
    assert repr(rule) == "KeyedHash('email', key=***)"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled") as caught:
            pickle.dumps([rule], protocol)
        assert KEY.decode() not in str(caught.value)
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.deepcopy(rule)
    attributes = [getattr(rule, name) for name in rule.__slots__]
    assert KEY.decode() not in repr(attributes)
    pipeline = Pipeline(MemoryStore())
    collector = pipeline.collector("m", feature_names=["email"], redact=rule)
    for thing in (pipeline, collector, collector._stream, collector._stream.redactor):
        assert KEY.decode() not in repr(thing)
    assert rule == KeyedHash("email", key=KEY)
    assert rule != KeyedHash("email", key=KEY + b"x")


def test_rules_are_values() -> None:
    """Equal rules are equal, and a number is not taken for a flag."""
    assert Drop("a") == Drop("a") != Drop("b")
    assert Mask("a", with_=1) != Mask("a", with_=True)
    assert len({Mask("a"), Mask("a"), Drop("a"), KeyedHash("a", key=KEY)}) == 3
