"""The benches of reading by name, in the order in which they run.

Each is a module of this package with ``run(rows: int, rounds: int) -> list[Figure]``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Final

from loadtest.rows.measure import Figure

__all__ = ["BENCHES", "bench"]

BENCHES: Final = {
    "local": "one stream of a directory, against pyarrow, polars and duckdb",
    "azurite": "one stream from Azurite, against the SDK and pyarrow",
    "joined": "joined streams, against reading each, and against duckdb",
    "verify": "verify() by bytes, against parsing",
    "memory": "peak memory of iterating",
}


def bench(name: str) -> Callable[[int, int], list[Figure]]:
    """The bench of this name."""
    found: Callable[[int, int], list[Figure]] = importlib.import_module(f"{__package__}.{name}").run
    return found
