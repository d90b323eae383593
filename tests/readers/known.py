"""The rows that readers must find, and the pipelines that write them in each form."""

from __future__ import annotations

import math
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from aiocollect import Pipeline, aread, compact

__all__ = ["COLUMNS", "FORMS", "ROWS", "STREAM", "expected", "ours", "write", "write_remote"]

# A name for the page, with the column that shows it.
COLUMNS: Final = {
    "text": "texts, empty and missing ones",
    "count": "integers of 64 bits",
    "price": "floats, NaN, infinity",
    "flag": "booleans",
    "at": "times",
    "day": "days",
    "later": "a column added later",
    "$aml_dc_correlation_id": "ids",
}
FORMS: Final = {
    "csv": "CSV",
    "jsonl": "JSON Lines",
    "parquet": "Parquet of compact()",
    "delta": "Delta table of compact()",
}
STREAM: Final = "model=m/version=1/stream=inputs"

_FIRST: Final = ("text", "count", "price", "flag", "at", "day")
_TYPES: Final[dict[str, type]] = {
    "text": str,
    "count": int,
    "price": float,
    "flag": bool,
    "at": datetime,
    "day": date,
    "later": str,
}
_NOON: Final = datetime(2026, 11, 26, 12, 0, 0, 123456, tzinfo=UTC)
_CELLS: Final[tuple[tuple[Any, ...], ...]] = (
    ("plain", 1, 0.1, True, _NOON, date(2026, 11, 26)),
    ("", 2**53 + 1, -0.0, False, None, None),
    (None, None, None, None, datetime(1969, 12, 31, tzinfo=UTC), date(1969, 12, 31)),
    ('a,b "q"\nline', 2**63 - 1, math.inf, True, None, None),
    ("007", -(2**63), math.nan, False, None, None),
    ("NA", 0, 5e-324, False, None, None),
    ("null", None, -math.inf, None, None, None),
)
# Two days: on the second a column was added, so its file has a second part.
_CALLS: Final = (("0012", 25, False), ("0013", 26, False), ("0014", 26, True))


def _rows() -> list[dict[str, Any]]:
    found = []
    for name, day, wide in _CALLS:
        for index, cells in enumerate(_CELLS):
            found.append(
                {
                    **dict(zip(_FIRST, cells, strict=True)),
                    "later": f"new {index}" if wide else None,
                    "$aml_dc_correlation_id": name,
                    "$aml_dc_scoring_timestamp": datetime(2026, 11, day, tzinfo=UTC),
                    "$aml_dc_row": index,
                }
            )
    return found


ROWS: Final = _rows()


def expected() -> dict[tuple[str, int], dict[str, Any]]:
    """The rows, by id and index."""
    return {(row["$aml_dc_correlation_id"], row["$aml_dc_row"]): row for row in ROWS}


async def _collect(pipeline: Pipeline) -> None:
    for name, day, wide in _CALLS:
        columns = (*_FIRST, "later") if wide else _FIRST
        collector = pipeline.collector(
            "m",
            version="1",
            identifier="inputs",
            feature_names={column: _TYPES[column] for column in columns},
        )
        at = datetime(2026, 11, day, tzinfo=UTC)
        rows = [(*cells, f"new {index}") if wide else cells for index, cells in enumerate(_CELLS)]
        await collector.acollect(rows, at=at, correlation_id=name)


async def write(folder: Path) -> dict[str, list[str]]:
    """Write each form; its files (of Delta: the table's folder)."""
    for form in ("csv", "jsonl"):
        async with Pipeline(folder / form, format="csv" if form == "csv" else "jsonl") as pipeline:
            await _collect(pipeline)
    compact(str(folder / "csv"), str(folder / "parquet"), until="0d")
    compact(str(folder / "csv"), str(folder / "delta"), until="0d", format="delta")
    found = {
        "csv": sorted(map(str, (folder / "csv").rglob("data*.csv"))),
        "jsonl": sorted(map(str, (folder / "jsonl").rglob("data*.jsonl"))),
        "parquet": sorted(map(str, (folder / "parquet" / STREAM).rglob("*.parquet"))),
        "delta": [str(folder / "delta" / STREAM)],
    }
    assert [len(files) for files in found.values()] == [3, 2, 2, 1], found
    return found


async def write_remote(connection: str, container: str, stack: AsyncExitStack) -> list[str]:
    """Write CSV to append blobs that stay open; their names in the container."""
    pipeline = await stack.enter_async_context(Pipeline(connection, container=container))
    await _collect(pipeline)
    assert (await pipeline.flush(60)).complete
    from azure.storage.blob import ContainerClient

    with ContainerClient.from_connection_string(connection, container) as client:
        return sorted(name for name in client.list_blob_names() if "/data" in name)


async def ours(folder: Path) -> list[dict[str, Any]]:
    """The same by aiocollect.read(): the first of the readers."""
    dataset = await aread(str(folder / "csv"), "m", streams="inputs")
    return [row for batch in dataset for row in batch.to_pylist()]
