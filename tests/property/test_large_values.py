"""Values that are too large are refused before they are walked, in little memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from aiocollect import Pipeline, correlation
from tests.property.calls import Panic, hostile, met, using

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
