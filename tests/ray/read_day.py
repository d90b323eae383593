"""Read a day through Ray Data, on so many workers; prints what was found, as JSON, and the most
memory that a worker held, in bytes.

python read_day.py DIRECTORY WORKERS [COMPACTED]
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

# Read by Ray when it is imported.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_DEDUP_LOGS"] = "0"

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import ray

import aiocollect
from tests.ray.memory import peak

MEMORY = 256 * 2**20


def looked_at(table: Any) -> Any:
    """Sums of a block: joined wrongly, its predictions are not a quarter of its numbers."""
    quarters = pc.multiply(table["p"], 4.0)
    right = pc.equal(quarters, pc.cast(table["n"], pa.float64()))
    return pa.table(
        {
            "rows": [table.num_rows],
            "n": [pc.sum(table["n"]).as_py() or 0],
            "quarters": [int(pc.sum(quarters).as_py() or 0)],
            "breaks": [pc.sum(pc.equal(table["plan"], 'line\nbreak "quoted"')).as_py() or 0],
            "right": [pc.sum(right).as_py() or 0],
            "peak": [peak()],
        }
    )


def main(directory: str, workers: int, compacted: str | None = None) -> None:
    """Read it all, joined."""
    ray.init(
        num_cpus=workers,
        include_dashboard=False,
        object_store_memory=MEMORY,
        _node_ip_address="127.0.0.1",
        logging_level="ERROR",
        configure_logging=False,
    )
    dataset = aiocollect.read(
        directory, "day", start="2026-03-01", end="2026-03-02", compacted=compacted
    )
    begun = time.perf_counter()
    found = dataset.to_ray(8 << 20).map_batches(looked_at, batch_format="pyarrow", batch_size=None)
    blocks = found.take_all()
    seconds = time.perf_counter() - begun
    names = [name for name in blocks[0] if name != "peak"]
    total = {name: sum(block[name] for block in blocks) for name in names}
    said = {
        "peak": max(block["peak"] for block in blocks),
        "splits": len(dataset.splits(8 << 20)),
        "seconds": seconds,
        "schema": str(dataset.schema),
    }
    print(json.dumps(total | said))
    ray.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
