"""Values whose own code lies or raises, and values that are too large: collect() answers both.

It never raises by default, it counts the rows as refused, it shows no cell, and what is too large
it does not walk. How much was walked is told by the memory that it took, not by a clock.
"""

from __future__ import annotations

import asyncio
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from aiocollect import EncodeError, MemoryStore, Pipeline, correlation
from aiocollect.events import Refused
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual

SECRET = "cell-4711"


class Panic(BaseException):
    """As native libraries raise."""


def raised(error: type[BaseException]) -> BaseException:
    return error(SECRET)


# Classes with one method that raises ------------------------------------------------------------


def hostile(name: str, error: type[BaseException], base: type = object) -> Any:
    """An object whose ``name`` raises; of its metaclass, where the name says so."""

    def method(self: object, *given: object, **named: object) -> Any:
        raise raised(error)

    if name.startswith("type."):
        meta = type("Meta", (type,), {name.removeprefix("type."): method, "__eq__": type.__eq__})
        if name == "type.__hash__":
            meta = type("Meta", (type,), {"__hash__": None})
        return meta("Hostile", (base,), {})()
    # What is looked up without a call must be a property.
    asked = name in ("shape", "__class__", "dtype", "device", "ndim", "columns", "name", "value")
    members: dict[str, Any] = {name: property(method) if asked else method}
    if name == "__eq__":
        members["__hash__"] = object.__hash__
    if name == "shape":
        members["__array__"] = method
    made: Any = type("Hostile", (base,), members)
    return made() if base is object else made.__new__(made)


METHODS = (
    *("type.__hash__", "type.__eq__", "type.__instancecheck__", "type.__getattribute__"),
    *("shape", "__class__", "dtype", "device", "ndim", "columns", "__array__", "__len__"),
    *("__iter__", "__eq__", "__hash__", "__getattribute__", "__getitem__", "__bool__", "__float__"),
    *("__arrow_c_stream__", "__arrow_c_array__", "model_dump", "toarray", "keys", "detach"),
    *("__repr__", "__str__", "__index__", "__array_interface__", "to_pylist", "value"),
)
ERRORS = (RuntimeError, Panic, asyncio.CancelledError, TypeError)
BASES: tuple[type, ...] = (object, list, tuple, dict, str, int, float, bytes)

PLACES: dict[str, Callable[[Any], Any]] = {
    "value": lambda thing: thing,
    "cell": lambda thing: [1.0, thing],
    "first cell": lambda thing: [thing, 1.0],
    "cell of a tuple": lambda thing: (1.0, thing),
    "cell of rows": lambda thing: [[1.0, 2.0], [1.0, thing]],
    "row": lambda thing: [[1.0, 2.0], thing],
    "first row": lambda thing: [thing, [1.0, 2.0]],
    "named": lambda thing: {"a": 1.0, "b": thing},
    "named rows": lambda thing: [{"a": 1.0, "b": 2.0}, {"a": 1.0, "b": thing}],
    "nested": lambda thing: [1.0, [{"k": thing}]],
    "object array": lambda thing: _objects(thing),
    "frame": lambda thing: pd.DataFrame({"a": [1.0], "b": pd.Series([thing], dtype=object)}),
}


def _objects(thing: Any) -> Any:
    array = np.empty((1, 2), dtype=object)
    array[0, 0] = 1.0
    array[0, 1] = thing
    return array


def met(pipeline: Pipeline, events: list[Any], call: Callable[[], Any]) -> tuple[Any, list[Any]]:
    """What the call has answered, and which refusals it has told."""
    before = len(events)
    answer = call()
    return answer, [event for event in events[before:] if isinstance(event, Refused)]


def using(use: Callable[[Pipeline, list[Any]], None], **options: Any) -> dict[str, bytes]:
    async def main(loop: VirtualLoop) -> dict[str, bytes]:
        store = MemoryStore()
        events: list[Any] = []
        pipeline = Pipeline(
            store, _seams=Seams(clock=VirtualClock(loop)), hooks=[events.append], **options
        )
        await pipeline.start()
        use(pipeline, events)
        report = await pipeline.aclose()
        assert report.complete
        return store.blobs

    return run_virtual(main)


def empty(value: Any) -> bool:
    """Whether it has no elements, by the methods of its base: its own may raise."""
    for base in (list, tuple, dict):
        if issubclass(type(value), base):
            return not base.__len__(value)
    return True


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", ERRORS)
def test_nothing_that_a_value_raises_comes_out(place: str, error: type[BaseException]) -> None:
    """Accepted for what it is, or refused and counted: never an exception, never a cell."""
    answers: Counter[str] = Counter()

    def use(pipeline: Pipeline, events: list[Any]) -> None:
        collector = pipeline.collector("m", feature_names=["a", "b"])
        collector.collect([1.0, 2.0])  # the quick way is open
        for base in BASES:
            for name in METHODS:
                try:
                    value = PLACES[place](hostile(name, error, base))
                except BaseException:  # what cannot even be put there
                    continue
                before = pipeline.stats()
                answer, refused = met(pipeline, events, lambda: collector.collect(value))  # noqa: B023
                after = pipeline.stats()
                told = sum(after.refused.values()) - sum(before.refused.values())
                assert (answer is None) == (told > 0) == bool(refused), (base, name)
                recorded = answer is not None and told == 0
                assert (after.accepted > before.accepted) == recorded or empty(value), (base, name)
                for event in refused:
                    assert SECRET not in str(event.error), (base, name)
                    assert event.error.__cause__ is None
                    assert event.error.__context__ is None
                answers["refused" if refused else "accepted"] += 1
        assert collector.collect([3.0, 4.0])  # and goes on

    using(use)
    assert answers["refused"] > 50, answers


@pytest.mark.parametrize("error", ERRORS)
def test_a_cell_is_told_by_its_column(error: type[BaseException]) -> None:
    """Also where its type cannot be hashed."""

    def use(pipeline: Pipeline, events: list[Any]) -> None:
        collector = pipeline.collector("m", feature_names=["a", "b"])
        for name in ("type.__hash__", "__class__"):
            for form in ("cell", "cell of a tuple", "cell of rows", "named", "named rows", "frame"):
                value = PLACES[form](hostile(name, error))
                _, (refused,) = met(pipeline, events, lambda: collector.collect(value))  # noqa: B023
                assert "column b" in str(refused.error), (name, form, refused)
                assert refused.reason == "type"

    using(use)


# What is said of a call ---------------------------------------------------------------------------


class Zone(tzinfo):
    """A zone that raises."""

    def utcoffset(self, moment: datetime | None, /) -> Any:
        raise Panic(SECRET)

    dst = tzname = utcoffset


class Number(int):
    """As `at=` or `row=`."""

    def _raise(self, *given: object) -> Any:
        raise Panic(SECRET)

    __lt__ = __le__ = __gt__ = __ge__ = __mul__ = __round__ = __index__ = __float__ = _raise


class Fraction(float):
    """Likewise."""

    def _raise(self, *given: object) -> Any:
        raise RuntimeError(SECRET)

    __lt__ = __le__ = __gt__ = __ge__ = __mul__ = __round__ = _raise


class Text(str):
    """As an id."""

    def _raise(self, *given: object) -> Any:
        raise Panic(SECRET)

    __hash__ = __eq__ = __len__ = __bool__ = encode = _raise  # type: ignore[assignment]


SAID: list[dict[str, Any]] = [
    {"at": Number(1_700_000_000)},
    {"at": Fraction(1.7e9)},
    {"at": datetime(2026, 1, 1, tzinfo=Zone())},
    {"at": hostile("__class__", Panic)},
    {"row": hostile("__class__", Panic)},
    {"row": hostile("__index__", Panic)},
    {"correlation_id": hostile("__class__", Panic)},
    {"correlation_id": hostile("__class__", RuntimeError)},
]


@pytest.mark.parametrize("said", SAID, ids=lambda said: "".join(said))
@pytest.mark.parametrize(
    "data", [[1.0, 2.0], (1.0, "x"), {"a": 1.0}], ids=lambda d: type(d).__name__
)
@pytest.mark.parametrize("strict", [False, True])
def test_nothing_that_is_said_of_a_call_raises(
    said: dict[str, Any], data: Any, strict: bool
) -> None:
    """at=, row= and the id may be of classes that raise: refused, counted, told by their names."""

    def use(pipeline: Pipeline, events: list[Any]) -> None:
        collector = pipeline.collector("m", feature_names=["a", "b"])
        model = pipeline.model("n", x=["a", "b"])
        for call in (
            lambda: collector.collect(data, **said),
            lambda: collector.collect_rows([data], **said),
            lambda: collector.collect_receipt(data, **said),
            lambda: model.collect(x=data, **said),
        ):
            if strict:
                with pytest.raises(EncodeError) as caught:
                    call()
                assert SECRET not in str(caught.value)
                continue
            answer, (refused,) = met(pipeline, events, call)
            assert answer is None
            assert refused.reason in ("time", "row", "id")
            assert SECRET not in str(refused.error)
        assert sum(pipeline.stats().refused.values()) == 4

    assert using(use, strict=strict) == {}


@pytest.mark.parametrize("wrong", [KeyboardInterrupt, SystemExit])
def test_the_users_interrupt_and_an_exit_go_through(wrong: type[BaseException]) -> None:
    """They are not of the value: a signal's, or the host's own end."""

    def use(pipeline: Pipeline, events: list[Any]) -> None:
        collector = pipeline.collector("m", feature_names=["a", "b"])
        with pytest.raises(wrong):
            collector.collect([1.0, hostile("__class__", wrong)])
        assert collector.collect([1.0, 2.0])

    using(use)


# Too large ----------------------------------------------------------------------------------------

ROWS = 100_000
# What a refusal may take; walking the rows takes tens of megabytes. What is nested in itself is
# walked as far as a call may go.
LITTLE = 512 * 1024
A_CALL = 8 * 1024 * 1024


def laughs() -> list[Any]:
    """Ten to the ninth cells in ninety references."""
    cell: list[Any] = [1.0] * 10
    for _ in range(8):
        cell = [cell] * 10
    return cell


def stream_of_batches() -> Any:
    batch = pa.record_batch({"a": ["text"] * 5000, "b": [1.5] * 5000})

    class Endless:
        """A table that never ends, as a query may."""

        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            def batches() -> Iterator[Any]:
                for _ in range(10_000):
                    yield batch

            reader = pa.RecordBatchReader.from_batches(batch.schema, batches())
            return reader.__arrow_c_stream__(requested_schema)

    return Endless()


TEXTS = [f"text {n % 7}" for n in range(ROWS)]
NUMBERS = [float(n) for n in range(ROWS)]
MIXED = pd.DataFrame({"a": TEXTS, "b": NUMBERS})
LARGE: dict[str, Callable[[], Any]] = {
    "frame": lambda: MIXED,
    "frame of objects": lambda: MIXED.astype(object),
    "frame of categories": lambda: MIXED.astype({"a": "category"}),
    "frame of Arrow": lambda: MIXED.convert_dtypes(dtype_backend="pyarrow"),
    "frame of floats in blocks": lambda: pd.concat([MIXED["b"].rename("a"), MIXED["b"]], axis=1),
    "polars": lambda: pl.DataFrame({"a": TEXTS, "b": NUMBERS}),
    "polars categories": lambda: pl.DataFrame({"a": pl.Series(TEXTS, dtype=pl.Categorical)}),
    "arrow": lambda: pa.table({"a": TEXTS, "b": NUMBERS}),
    "arrow dictionary": lambda: pa.table({"a": pa.array(TEXTS).dictionary_encode()}),
    "arrow stream": stream_of_batches,
    "lists": lambda: [list(row) for row in zip(TEXTS, NUMBERS, strict=True)],
    "tuples": lambda: list(zip(TEXTS, NUMBERS, strict=True)),
    "tuple of tuples": lambda: tuple(zip(TEXTS, NUMBERS, strict=True)),
    "dicts": lambda: [{"a": text, "b": n} for text, n in zip(TEXTS, NUMBERS, strict=True)],
    "named tuples": lambda: list(MIXED.itertuples(index=False)),
    "structured": lambda: MIXED.astype({"a": object}).to_records(index=False),
    "objects": lambda: MIXED.to_numpy(dtype=object),
    "floats": lambda: np.zeros((10 * ROWS, 2)),
    "masked": lambda: np.ma.masked_array(np.zeros((10 * ROWS, 2)), mask=False),
    "moments": lambda: np.zeros((ROWS, 2), dtype="M8[ns]"),
    "half floats": lambda: np.zeros((20 * ROWS, 2), dtype="f2"),
    "list of frames": lambda: [MIXED.iloc[:50_000], MIXED.iloc[50_000:]],
    "list of arrays": lambda: list(np.zeros((ROWS, 2))),
    "list of records": lambda: list(np.zeros(ROWS, dtype=[("a", "f8"), ("b", "f8")])),
    "polars structs": lambda: pl.DataFrame({"a": TEXTS, "b": NUMBERS}).to_struct(),
    "arrow structs": lambda: pa.table({"a": TEXTS, "b": NUMBERS}).to_struct_array(),
    "series of structs": lambda: pd.Series(MIXED.to_dict("records")),
    "array of objects that are lists": lambda: pd.Series(MIXED.values.tolist()).to_numpy(),
    "index of two levels": lambda: pd.MultiIndex.from_frame(MIXED),
    "subclass of list": lambda: type("Sub", (list,), {})([[1.0, 2.0]] * ROWS * 10),
    "subclass of tuple": lambda: type("Sub", (tuple,), {})([[1.0, 2.0]] * ROWS * 10),
    "records of two dimensions": lambda: np.zeros((ROWS, 2), dtype=[("a", "f8"), ("b", "f8")]),
    "a wide dict": lambda: {f"c{n}": n for n in range(10 * ROWS)},
    "a wide list": lambda: [[1.0] * (10 * ROWS)],
    "a nested list": lambda: [1.0, [1.0] * (10 * ROWS)],
    "a nested dict": lambda: [1.0, dict.fromkeys(range(10 * ROWS), 1.0)],
    "a nested array": lambda: [1.0, np.zeros(10 * ROWS)],
    "laughs": lambda: [1.0, laughs()],
    "bytes": lambda: [1.0, memoryview(bytes(10**7))],
    "text": lambda: [1.0, "x" * 10**7],
}
COLUMNS: dict[str, Callable[[], Any]] = {
    "series": lambda: MIXED["a"],
    "series of objects": lambda: MIXED["a"].astype(object),
    "index": lambda: pd.Index(TEXTS),
    "polars series": lambda: pl.Series(TEXTS),
    "array": lambda: pa.array(TEXTS),
    "chunked": lambda: pa.chunked_array([TEXTS, TEXTS]),
    "list": lambda: TEXTS,
    "array of objects": lambda: np.array(TEXTS, dtype=object),
    "array of texts": lambda: np.array(TEXTS),
}


def refused_unwalked(data: Any, names: list[str], *, within: int = LITTLE) -> str:
    """Why it is refused, which must take next to nothing."""
    found: list[str] = []

    def use(pipeline: Pipeline, events: list[Any]) -> None:
        collector = pipeline.collector("m", feature_names=names)
        collector.collect([0.5] * len(names))
        tracemalloc.start()
        try:
            answer, refused = met(pipeline, events, lambda: collector.collect(data))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert answer is None
        assert peak < within, f"{peak} bytes were taken to refuse it"
        found.extend(event.reason for event in refused)

    using(use)
    (reason,) = found
    return reason


@pytest.mark.parametrize("form", LARGE)
def test_what_is_too_large_is_not_walked(form: str) -> None:
    """Refused by its number of rows and columns, or of its elements."""
    wanted = {"a wide dict": ("too_large", "shape"), "a wide list": ("too_large", "shape")}
    within = A_CALL if form == "laughs" else LITTLE
    found = refused_unwalked(LARGE[form](), ["a", "b"], within=within)
    assert found in wanted.get(form, ("too_large",))


@pytest.mark.parametrize("form", COLUMNS)
def test_a_column_that_is_too_large_is_not_walked(form: str) -> None:
    """The same for a stream of one column."""
    assert refused_unwalked(COLUMNS[form](), ["a"]) == "too_large"


def test_counting_under_a_correlation_survives_them() -> None:
    """A value that raises while its rows are guessed counts as one."""

    def use(pipeline: Pipeline, events: list[Any]) -> None:
        collector = pipeline.collector("m", feature_names=["a", "b"])
        with correlation():
            assert collector.collect([1.0, 2.0])
            assert collector.collect(hostile("shape", Panic)) is None
            assert collector.collect([3.0, 4.0])

    (data,) = using(use).values()
    assert [line.rpartition(b",")[2] for line in data.splitlines()[1:]] == [b"0", b"2"]
