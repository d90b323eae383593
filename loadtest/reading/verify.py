"""verify() by bytes of a local directory, against parsing the same files with pyarrow."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiocollect
from loadtest.rows.measure import Figure, ratios, take_turns

from .files import MODEL, write_stream
from .rows import KINDS, columns_of
from .sides import by_arrow

__all__ = ["run"]

GOAL = 0.3


def run(rows: int, rounds: int) -> list[Figure]:
    """Seconds by seconds, for each kind of rows."""
    figures = []
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        for kind in KINDS:
            write_stream(directory, kind, rows)
            figures.append(_of(directory, kind, rounds))
    return figures


def _of(directory: str, kind: str, rounds: int) -> Figure:
    (path,) = map(str, Path(directory).glob(f"**/{kind}/**/data.csv"))
    types = columns_of(kind)

    def verify() -> None:
        verdict = aiocollect.verify(directory, MODEL, version=kind)
        assert verdict.proven, str(verdict)

    sides: dict[str, Callable[[], float]] = {
        "verify": lambda: _timed(verify),
        "pyarrow.csv": lambda: _timed(lambda: by_arrow(path, types)),
    }
    costs = take_turns(sides, rounds=rounds)
    size = f"{Path(path).stat().st_size / 2**20:.0f} MiB"
    return Figure(
        f"verify by bytes, {kind}, against parsing {size}",
        ratios(costs["verify"], costs["pyarrow.csv"]),
        goal=GOAL,
    )


def _timed(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
