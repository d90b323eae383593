"""to_dask(), and what goes to Spark; Ray and Spark themselves have environments of their own
(tests/ray, tests/spark)."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

import aiocollect
from aiocollect import ConfigError, Pipeline
from aiocollect.reading.engines import for_spark

START = datetime(2026, 1, 30, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Five days, three rows a day, labels for some."""

    async def life() -> None:
        async with Pipeline(tmp_path) as pipeline:
            model = pipeline.model("churn", version="10", inputs=["n", "plan"], predictions=["p"])
            labels = pipeline.collector("churn", version="10", identifier="labels")
            for day in range(5):
                cid = model.collect(
                    inputs=[[day, "a\nb"], [None, ""], [7, None]],
                    predictions=[[day / 4], [math.nan], [None]],
                    at=START + timedelta(days=day),
                )
                labels.collect([[day]] if day % 2 else [[None]], correlation_id=cid)

    asyncio.run(life())
    return tmp_path


def test_dask_has_a_partition_for_each_split(store: Path) -> None:
    """In Arrow's types; the rows are those of the dataset."""
    dask = pytest.importorskip("dask", reason="dask is not installed")
    dataset = aiocollect.read(store, "churn")
    frame = dataset.to_dask(1)
    assert frame.npartitions == 5
    with dask.config.set(scheduler="synchronous"):
        found = frame.compute()
        assert frame["p"].max().compute() == 1.0
    table = dataset.to_arrow()
    assert [str(row) for row in pa.table(found.reset_index(drop=True)).to_pylist()] == [
        str(row) for row in table.to_pylist()
    ]
    none = aiocollect.read(store, "churn", start="2027-01-01").to_dask()
    assert list(none.columns) == list(none.compute().columns)


def test_types_that_spark_does_not_have() -> None:
    """Become those that hold the same."""
    batch = pa.RecordBatch.from_pydict(
        {
            "u": pa.array([2**64 - 1, None], pa.uint64()),
            "n": pa.nulls(2),
            "i": pa.array([1, None]),
            "d": pa.array([date(2026, 1, 1), None]),
        }
    )
    found = for_spark(batch)
    assert [str(field.type) for field in found.schema] == [
        *("decimal128(20, 0)", "string", "int64", "date32[day]")
    ]
    assert found["u"].to_pylist() == [Decimal(2**64 - 1), None]


@pytest.mark.parametrize(("engine", "arguments"), [("ray", ()), ("spark", (None,))])
def test_an_engine_that_is_not_there(store: Path, engine: str, arguments: tuple[Any, ...]) -> None:
    """Is named, with the command that installs it."""
    dataset = aiocollect.read(store, "churn")
    with pytest.raises(ConfigError, match=rf"to_{engine}\(\) needs .*: pip install"):
        getattr(dataset, f"to_{engine}")(*arguments)
