"""Compact a day of two models on so many workers of Ray, a task for each model; prints what was
made, as JSON, and by how much the memory of a worker grew, in bytes.

    python compact_day.py DIRECTORY TARGET WORKERS
"""

from __future__ import annotations

import json
import os
import sys
import time

# Read by Ray when it is imported.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_DEDUP_LOGS"] = "0"

import ray

import aiocollect
from tests.ray.memory import peak, since_now


def compacted(directory: str, target: str, model: str) -> dict[str, int]:
    """Rows and number of the files of one model, and the memory that it took."""
    before = since_now()
    made = aiocollect.compact(directory, target, model=model, until="0d")
    return {
        "rows": sum(file.rows or 0 for file in made.files),
        "files": len(made.files),
        "grew": peak() - before,
    }


def main(directory: str, target: str, workers: int) -> None:
    """All models of the store."""
    ray.init(
        num_cpus=workers,
        include_dashboard=False,
        object_store_memory=100 * 2**20,
        _node_ip_address="127.0.0.1",
        logging_level="ERROR",
        configure_logging=False,
    )
    models = sorted({info.model for info in aiocollect.streams(directory)})
    begun = time.perf_counter()
    task = ray.remote(compacted).options(num_cpus=1)
    tasks = [task.remote(directory, target, model) for model in models]
    found = dict(zip(models, ray.get(tasks), strict=True))
    print(json.dumps({"models": found, "seconds": time.perf_counter() - begun}))
    ray.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
