"""A day of rows, for engines to read: inputs and predictions, by the hour, about so many MiB.

    python -m tests.ray.day DIRECTORY MIB

Prints what was collected, as JSON: the oracle of whoever reads it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from aiocollect import Pipeline

DAY = datetime(2026, 3, 1, tzinfo=UTC)
COLUMNS = {"n": int, **{f"x{place}": float for place in range(8)}}
CALL = 500  # rows
BYTES = 330  # of a row, in both files; about
TEXTS = ("a,b", 'line\nbreak "quoted"', "", "plain")


async def write_day(directory: Path, mib: int, model: str = "day") -> dict[str, Any]:
    """Write it; returns what a reader must find."""
    calls = max(24, mib * 2**20 // (BYTES * CALL))
    chance = np.random.default_rng(7)
    total = {"rows": 0, "n": 0, "quarters": 0, "breaks": 0}
    async with Pipeline(directory, layout="hour", max_memory_bytes=256 << 20) as pipeline:
        inputs = pipeline.collector(
            model, identifier="inputs", feature_names={**COLUMNS, "plan": str}
        )
        predictions = pipeline.collector(
            model, identifier="predictions", feature_names={"p": float}
        )
        for call in range(calls):
            at = DAY + timedelta(seconds=call * 86_400 // calls)
            first = call * CALL
            numbers = range(first, first + CALL)
            floats = chance.standard_normal((CALL, 8)).tolist()
            rows = [
                (number, *cells, TEXTS[number % 4])
                for number, cells in zip(numbers, floats, strict=True)
            ]
            cid = await inputs.acollect(rows, at=at)
            assert cid is not None
            await predictions.acollect([(number / 4,) for number in numbers], correlation_id=cid)
            total["rows"] += CALL
            total["n"] += sum(numbers)
            total["quarters"] += sum(numbers)
            total["breaks"] += CALL // 4
        await pipeline.flush()  # however long the disk takes: the close waits for ten seconds
    stats = pipeline.stats()
    assert stats.stored == stats.accepted == 2 * total["rows"]
    files = [file for file in directory.rglob("*.csv") if f"/{model}/" in str(file)]
    return total | {"bytes": sum(file.stat().st_size for file in files), "files": len(files)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(write_day(Path(sys.argv[1]), int(sys.argv[2])))))
