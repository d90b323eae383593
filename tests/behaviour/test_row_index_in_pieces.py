"""Row indexes of tables that are recorded in pieces."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from aiocollect import EncodeError, Pipeline, correlation
from tests.property.forms.arrow_forms import Speaks
from tests.support.joined import in_a_thread, store, streams

FRAME = pd.DataFrame({"b": [f"text {n}" for n in range(1000)], "a": np.arange(1000.0)})


MANY: dict[str, Any] = {
    "frame": FRAME,
    "list": [[float(n), f"text {n}"] for n in range(1000)],
    "dicts": FRAME.to_dict("records"),
    "generator": None,
}


@pytest.mark.parametrize("form", MANY)
@pytest.mark.parametrize("threaded", [False, True])
def test_a_table_in_pieces(form: str, threaded: bool) -> None:
    """One id, rows that count through, and a word after each piece."""
    told: list[tuple[int, int | None]] = []

    async def use(pipeline: Pipeline) -> None:
        inputs, _ = streams(pipeline)
        data = MANY[form]
        if form == "generator":
            data = ([float(n), f"text {n}"] for n in range(1000))
        options: dict[str, Any] = {
            "piece_rows": 300,
            "progress": lambda done, total: told.append((done, total)),
        }
        if threaded:
            assert in_a_thread(lambda: inputs.collect_pieces(data, **options))
        else:
            assert await inputs.acollect_pieces(data, **options)

    rows = store(use).rows("inputs")
    assert [row[:2] for row in rows] == [[f"{n}.0", f"text {n}"] for n in range(1000)]
    assert [int(row[-1]) for row in rows] == list(range(1000))
    assert len({row[-2] for row in rows}) == 1
    total = None if form == "generator" else 1000
    assert told == [(300, total), (600, total), (900, total), (1000, total)]


TABLES: dict[str, Callable[[], Any]] = {
    "frames": lambda: [FRAME[:500], FRAME[500:]],
    "generator of frames": lambda: iter([FRAME[:500], FRAME[500:]]),
    "rows and frames": lambda: [{"a": 0.0, "b": "text 0"}, FRAME[1:]],
    "polars slices": lambda: pl.from_pandas(FRAME).iter_slices(7),
    "arrow batches": lambda: pa.Table.from_pandas(FRAME).to_batches(max_chunksize=77),
    "arrow reader": lambda: pa.Table.from_pandas(FRAME).to_reader(max_chunksize=77),
    "records": lambda: [FRAME.to_records(index=False)],
    "arrays": lambda: [FRAME[["a", "b"]].to_numpy(dtype=object)],
    "streams of Arrow": lambda: [Speaks(pa.Table.from_pandas(FRAME))],
    "deque": lambda: deque(FRAME.to_dict("records")),
}


@pytest.mark.parametrize("form", TABLES)
@pytest.mark.parametrize("threaded", [False, True])
@pytest.mark.parametrize("before", [0, 2])
def test_tables_in_pieces(form: str, threaded: bool, before: int) -> None:
    """It is rows that count, whatever brings them, and under one id they go on counting."""
    told: list[int] = []

    async def use(pipeline: Pipeline) -> None:
        inputs, _ = streams(pipeline)

        def note(done: int, total: int | None) -> None:
            told.append(done)
            assert total in (None, 1000) or form == "streams of Arrow"

        options: dict[str, Any] = {"piece_rows": 300, "progress": note}
        with correlation():
            for _ in range(before):
                inputs.collect([-1.0, "before"])
            if threaded:
                context = contextvars.copy_context()
                call = lambda: inputs.collect_pieces(TABLES[form](), **options)  # noqa: E731
                assert in_a_thread(lambda: context.run(call))
            else:
                assert await inputs.acollect_pieces(TABLES[form](), **options)
            inputs.collect([-1.0, "after"])

    rows = store(use).rows("inputs")
    assert [row[1] for row in rows[before:-1]] == [f"text {n}" for n in range(1000)]
    assert [int(row[-1]) for row in rows] == list(range(before + 1001))
    assert len({row[-2] for row in rows}) == 1
    assert told[-1] == 1000
    steps = [later - one for one, later in zip([0, *told], told, strict=False)]
    assert max(steps) <= 300 or form == "streams of Arrow"  # its rows are known when it is read


def test_a_piece_that_is_too_large_is_halved() -> None:
    """Wide rows need no other number of rows from the caller."""
    from aiocollect import Limits

    async def use(pipeline: Pipeline) -> None:
        inputs, _ = streams(pipeline)
        rows = [[float(n), "x" * 5000] for n in range(20)]
        assert await inputs.acollect_pieces(rows, row=5)
        with pytest.raises(EncodeError, match="max_call_bytes"):
            await inputs.acollect_pieces([[1.0, "x" * 500_000]])

    rows = store(use, limits=Limits(max_call_bytes=100_000)).rows("inputs")
    assert [int(row[-1]) for row in rows] == list(range(5, 25))
    assert [row[0] for row in rows] == [f"{n}.0" for n in range(20)]
