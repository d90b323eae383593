"""One stream of a local directory as one Arrow table: ours beside pyarrow, polars and duckdb."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiocollect
from loadtest.rows.measure import Figure, ratios, take_turns

from .files import MODEL, write_stream
from .rows import KINDS, columns_of, rows_of, truth
from .sides import by_arrow, by_duckdb, by_polars, check, has_duckdb

__all__ = ["run"]

GOALS = {"pyarrow.csv": 1.15, "polars.scan_csv": 0.7, "duckdb": 0.9}


def run(rows: int, rounds: int) -> list[Figure]:
    """Seconds by seconds, for each kind of rows; and CPU by pyarrow's."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        for kind in KINDS:
            write_stream(directory, kind, rows)
            figures += _of(directory, kind, rows, rounds)
    return figures


def _of(directory: str, kind: str, rows: int, rounds: int) -> list[Figure]:
    (path,) = map(str, Path(directory).glob(f"**/{kind}/**/data.csv"))
    types, want = columns_of(kind), truth(kind, rows_of(kind, rows))
    readers: dict[str, Callable[[], Any]] = {
        "ours": lambda: aiocollect.read(
            directory, MODEL, version=kind, streams="inputs"
        ).to_arrow(),
        "pyarrow.csv": lambda: by_arrow(path, types),
        "polars.scan_csv": lambda: by_polars(path, types),
    }
    if has_duckdb():
        readers["duckdb"] = lambda: by_duckdb(path, types)
    for name, read in readers.items():
        check(name, read(), want)
    cpu: dict[str, list[float]] = {name: [] for name in readers}

    def timed(name: str) -> float:
        begin, busy = time.perf_counter(), time.process_time()
        readers[name]()
        cpu[name].append(time.process_time() - busy)
        return time.perf_counter() - begin

    sides: dict[str, Callable[[], float]] = {
        name: lambda name=name: timed(name)  # type: ignore[misc]
        for name in readers
    }
    costs = take_turns(sides, rounds=rounds)
    size = f"{Path(path).stat().st_size / 2**20:.0f} MiB"
    figures = [
        Figure(
            f"one stream, {kind}, against {name}", ratios(costs["ours"], found), goal=GOALS[name]
        )
        for name, found in costs.items()
        if name != "ours"
    ]
    shares = ratios(cpu["ours"][-rounds:], cpu["pyarrow.csv"][-rounds:])
    return [*figures, Figure(f"the same, CPU against pyarrow.csv, {size}", shares)]
