"""Columns declared with types: what is refused at once, and what reading makes of them."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

import aiocollect
from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.errors import SchemaConflict
from aiocollect.reading.asked.notes import Notes
from aiocollect.reading.cells.pieces import piece_of
from aiocollect.reading.cells.widening import Widening
from aiocollect.reading.parts.plan import snapshot_of
from aiocollect.redaction import Drop, Mask
from aiocollect.testing import run_virtual
from tests.support.reads import write


def types_of(collector: Any) -> Any:
    return dict(collector._stream.types)


def test_a_mapping_names_the_columns_and_their_types() -> None:
    """In its order; None says nothing of a type."""
    pipeline = Pipeline(MemoryStore())
    every = {"i": int, "f": float, "s": str, "b": bool, "m": datetime, "d": date, "n": None}
    stream = pipeline.collector("m", feature_names=every)
    assert stream._stream.shape.features == tuple(every)
    words = {"i": "int", "f": "float", "s": "str", "b": "bool", "m": "datetime", "d": "date"}
    assert types_of(stream) == words
    assert types_of(pipeline.collector("m", feature_names=list(every))) == {}
    again = pipeline.collector("m", feature_names=dict(every))
    assert again._stream is stream._stream
    model = pipeline.model("churn", inputs={"age": float}, predictions=["p"])
    declared = {name: dict(stream.types) for name, stream in model._streams.items()}
    assert declared == {"inputs": {"age": "float"}, "predictions": {}}


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"age": "float"}, "column 'age' as a str; use int, float, str, bool, datetime, date"),
        ({"age": list}, "declares column 'age' as list"),
        ({"age": 1.5}, "declares column 'age' as a float; use int"),
        ({}, "feature_names is empty"),
        ({"": float}, "an empty name"),
        ({3: float}, "contains int; each name must be text"),
        ({"$aml_x": float}, r"names that begin with \$aml_ are reserved"),
    ],
)
def test_what_is_no_declaration_is_refused_at_once(declared: Any, words: str) -> None:
    """With what can be said instead."""
    pipeline = Pipeline(MemoryStore())
    with pytest.raises(ConfigError, match=words):
        pipeline.collector("m", feature_names=declared)
    with pytest.raises(ConfigError, match=words):
        pipeline.model("m", inputs=declared)


def test_a_redacted_column_has_no_declared_type() -> None:
    """A rule changes its cells, and a function may change any."""
    pipeline = Pipeline(MemoryStore())
    declared = {"age": int, "name": str, "ssn": int}
    cases: list[tuple[Any, dict[str, str]]] = [
        ([Drop("ssn"), Mask("name")], {"age": "int"}),
        (lambda row: row, {}),
    ]
    for rules, left in cases:
        stream = pipeline.collector("m", feature_names=declared, redact=rules)
        assert types_of(stream) == left


# Reading ------------------------------------------------------------------------------------------

NAIVE = datetime(2026, 3, 1, 4, 5, 6)


def declared(store: Any, types: dict[str, str], **options: Any) -> Any:
    """A dataset of the inputs for which the log has these declarations."""
    plan = aiocollect.read(store, "m", streams="inputs")._plan()
    token = snapshot_of(plan._replace(declared={"inputs": types}))
    return aiocollect.read(store, "m", streams="inputs", as_of=token, **options)


def stored(rows: list[list[Any]], *, format: str = "csv", columns: str = "x") -> Any:  # noqa: A002
    async def use(pipeline: Pipeline) -> None:
        stream = pipeline.collector("m", identifier="inputs", feature_names=columns.split())
        for row in rows:
            stream.collect([row])

    return write(use, format=format)


@pytest.mark.parametrize("format", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("word", "cells", "type_"),
    [
        ("float", [1, 2], "double"),
        ("float", [None, None], "double"),
        ("float", [math.nan], "double"),
        ("int", [None], "int64"),
        ("int", [1, 2**63], "uint64"),
        ("str", [1, 2.5, None], "string"),
        ("str", [True, NAIVE], "string"),
        ("bool", [True, None], "bool"),
        ("datetime", [NAIVE, None], "timestamp[us]"),
        ("datetime", [None], "timestamp[us]"),
        ("datetime", [NAIVE.replace(tzinfo=UTC), None], "timestamp[us, tz=UTC]"),
        ("date", [date(2026, 3, 1)], "date32[day]"),
    ],
)
def test_a_declared_type_decides_what_cells_leave_open(
    format: str,  # noqa: A002
    word: str,
    cells: list[Any],
    type_: str,
) -> None:
    """And no cell is another one for it."""
    store = stored([[cell] for cell in cells], format=format)
    dataset = declared(store, {"x": word, "y": "int"})
    column = dataset.to_arrow()["x"]
    assert str(column.type) == type_
    assert not dataset.notes
    undeclared = aiocollect.read(store, "m", streams="inputs").to_arrow()["x"]
    assert undeclared.null_count == column.null_count
    if word not in ("str", "float"):
        assert column.to_pylist() == cells
    elif word == "float":
        assert [str(cell) for cell in column.to_pylist() if cell is not None] == [
            str(float(cell)) for cell in cells if cell is not None
        ]


def test_moments_keep_their_zone() -> None:
    """Whether they have one is not declared."""
    store = stored([[NAIVE.replace(tzinfo=UTC)]])
    column = declared(store, {"x": "datetime"}).to_arrow()["x"]
    assert str(column.type) == "timestamp[us, tz=UTC]"


@pytest.mark.parametrize("format", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("word", "cells", "type_"),
    [
        ("int", [1, 2.5], "double"),
        ("int", ["007", "x"], "string"),
        ("float", [1.5, "x"], "string"),
        ("float", [1.5, 2**53 + 1], "string"),
        ("bool", [1, 0], "int64"),
        ("datetime", ["soon", "later"], "string"),
        ("datetime", ["2026-03-01", "2026-02-31T00:00:00"], "string"),
        ("datetime", ["2026-03-01T00:00:00", ""], "string"),
        ("datetime", ["2026-03-01T10:00:00", "2026-03-01T10:00:00+00:00"], "string"),
        ("date", ["2026-03-01T10:00:00"], "string"),
    ],
)
def test_cells_are_never_bent_to_a_declaration(
    format: str,  # noqa: A002
    word: str,
    cells: list[Any],
    type_: str,
) -> None:
    """They are read as they are, and it is noted; or it is an error."""
    store = stored([[cell] for cell in cells], format=format)
    dataset = declared(store, {"x": word})
    column = dataset.to_arrow()["x"]
    assert str(column.type) == type_
    assert [str(cell) for cell in column.to_pylist()] == [
        str(float(cell)) if type_ == "double" else str(cell) for cell in cells
    ]
    said = {note.code: str(note) for note in dataset.notes}
    assert said["declared"].startswith(
        f"inputs.x: it was declared as {word}, but has other cells; read as {type_}"
    )
    with pytest.raises(SchemaConflict, match=f"'x': it was declared as {word}"):
        declared(store, {"x": word}, on_drift="raise").to_arrow()


def test_a_cell_far_down_is_met_too() -> None:
    """Behind what is looked at first: to_arrow() widens, a stream of batches raises."""
    store = stored([*[[1]] * 9000, [2.5]])
    table = declared(store, {"x": "int"}).to_arrow()
    assert table["x"].to_pylist()[-2:] == [1.0, 2.5]
    dataset = declared(store, {"x": "int"})
    assert str(dataset.schema.field("x").type) == "int64"
    with pytest.raises(SchemaConflict, match="typed"):
        list(dataset)
    assert pa.table(declared(store, {"x": "float"}))["x"].to_pylist()[-1] == 2.5


def test_what_a_user_says_comes_first() -> None:
    """schema= knows better than the program that wrote; an unknown word says nothing."""
    store = stored([[1, 2]], columns="x y")
    table = declared(store, {"x": "str", "y": "vector"}, schema={"x": "int8"}).to_arrow()
    assert [str(table[name].type) for name in "xy"] == ["int8", "int64"]


# From the log -------------------------------------------------------------------------------------

COLUMNS: dict[str, Any] = {"age": float, "note": str}


def churned(types: Any = COLUMNS, *, day: int = 0, later: int = 0, **options: Any) -> Any:
    """A life that scores one row of whole numbers, and of nothing; it writes it down some days
    later."""

    async def use(pipeline: Pipeline) -> None:
        model = pipeline.model("m", inputs=types, predictions={"p": float})
        model.collect(inputs=[[41, None]], predictions=[[1]], at=DAY + timedelta(days=day))

    return write(use, at=DAY + timedelta(days=day + later), **options)


DAY = datetime(2026, 1, 31, 12, tzinfo=UTC)


def types_read(store: Any, **options: Any) -> dict[str, str]:
    schema = aiocollect.read(store, "m", **options).schema
    return {field.name: str(field.type) for field in schema if not field.name.startswith("$")}


@pytest.mark.parametrize("layout", ["day", "hour", "{model}/{identifier}/{yyyy}-{MM}.{extension}"])
def test_the_log_has_what_was_declared(layout: str) -> None:
    """And read() finds it; without a log, or without types, cells alone decide."""
    store = churned(layout=layout)
    assert types_read(store, layout=layout) == {"age": "double", "note": "string", "p": "double"}
    single = types_read(store, layout=layout, streams="inputs")
    assert single == {"age": "double", "note": "string"}
    plain = {"age": "int64", "note": "null", "p": "int64"}
    silent = churned(layout=layout, log=False)
    assert types_read(silent, layout=layout) == plain
    names = churned(list(COLUMNS), layout=layout)
    assert types_read(names, layout=layout) == plain | {"p": "double"}


def test_the_newest_day_that_is_read_declares() -> None:
    """A later version of the program may say something else."""
    store = churned({"age": int, "note": str})
    churned(COLUMNS, store=store, day=1, writer="00000000ab")
    assert types_read(store)["age"] == "double"
    assert types_read(store, end="2026-02-01")["age"] == "int64"
    assert types_read(store, end="2026-02-01")["note"] == "string"
    # Written down on the next day, as at midnight.
    late = churned(COLUMNS, later=1)
    assert types_read(late)["note"] == "string"


def test_the_log_of_another_service_declares_nothing() -> None:
    """Names are the same, folders are not."""
    store = churned({"age": str, "note": str}, service="a", writer="00000000a1")
    churned(["age", "note"], store=store, service="b", writer="00000000a2")
    assert types_read(store, service="a")["age"] == "string"
    assert types_read(store, service="b")["age"] == "int64"


def test_a_log_that_is_damaged_declares_what_can_be_read() -> None:
    """And stops nobody from reading."""
    store = churned()
    (path,) = store.log
    data = bytes(store.log[path])
    for changed, age in (
        (data.replace(b'"types":{"age"', b'"types":["age"'), "int64"),
        (b"\x00" + data[40:], "double"),
        (data[: data.index(b'"types"')], "int64"),
    ):
        store.replace(path)
        store._blobs[path].change(changed)
        assert types_read(store)["age"] == age


# Following ----------------------------------------------------------------------------------------


def followed(store: Any, **options: Any) -> tuple[list[Any], Any]:
    """The batches of all that is there, and the notes."""

    async def main(_: Any) -> tuple[list[Any], Any]:
        options_ = {"since": None, "poll": None, **options}
        follower = aiocollect.follow(store, "m", stream="inputs", **options_)
        return [batch async for batch in follower], follower.notes

    return run_virtual(main)


def recorded(rows: list[list[Any]], declared: Any, *, format: str = "csv") -> Any:  # noqa: A002
    async def use(pipeline: Pipeline) -> None:
        stream = pipeline.collector("m", identifier="inputs", feature_names=declared)
        for row in rows:
            stream.collect([row])
            await pipeline.flush()

    return write(use, format=format)


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_a_follower_finds_what_was_declared(format: str) -> None:  # noqa: A002
    """In the log, before its first batch: so a column of whole numbers is one of floats at once,
    and one that is missing so far has its type."""
    types = {"f": float, "s": str, "m": datetime, "d": date, "n": int}
    store = recorded(
        [[1, None, NAIVE, None, None], [2, "x", None, None, None]], types, format=format
    )
    (batch,), notes = followed(store)
    assert [str(batch.rows.schema.field(name).type) for name in types] == [
        "double",
        "string",
        "timestamp[us]",
        "date32[day]",
        "int64",
    ]
    assert batch.rows["f"].to_pylist() == [1.0, 2.0]
    assert batch.rows["m"].to_pylist() == [NAIVE, None]
    assert not notes
    told, _ = followed(store, schema={"f": "int64"})
    assert told[0].rows["f"].to_pylist() == [1, 2]
    assert str(told[0].rows["f"].type) == "int64"


def test_a_follower_reads_other_cells_as_they_are() -> None:
    """And notes it."""
    store = recorded([[1.5, "a"], [2, "b"]], {"x": int, "y": str})
    (batch,), notes = followed(store)
    assert batch.rows["x"].to_pylist() == [1.5, 2.0]
    assert [(note.code, note.where) for note in notes] == [("declared", "inputs.x")]


def test_a_later_declaration_makes_no_type_narrower() -> None:
    """The first word of a column stays, whatever the next process says."""
    notes = Notes()
    widening = Widening({}, {}, notes)
    widening.declare("inputs", {"x": "float"})
    piece = piece_of("csv", ["x", "$aml_dc_row"], b"1,0\n")
    assert str(widening.table(piece, "p")["x"].type) == "double"
    widening.declare("inputs", {"x": "int", "y": "bool"})
    assert str(widening.table(piece, "p")["x"].type) == "double"
