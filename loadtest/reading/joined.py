"""Streams joined: recorded together, beside reading each of them; with late labels in another
order, beside duckdb, which is given the same question as SQL."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiocollect
from aiocollect.typing import METADATA
from loadtest.rows.measure import Figure, ratios, take_turns

from .files import MODEL, write_model
from .rows import rows_of, truth
from .sides import Different, check, has_duckdb

__all__ = ["run"]

ID, TIME, ROW = METADATA
_DUCKDB = """
with labels as (
    select "{id}", "{row}", arg_max(y, "{time}") as y from {labels} group by all
)
select * from {inputs} as i
full join (select "{id}", "{row}", p, q from {predictions}) as p using ("{id}", "{row}")
left join labels using ("{id}", "{row}")
"""


def run(rows: int, rounds: int) -> list[Figure]:
    """Seconds by seconds."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        write_model(directory, rows, labels=True)
        sides: dict[str, Callable[[], Any]] = {
            "joined": lambda: _read(directory, ["inputs", "predictions"]),
            "each": lambda: [_read(directory, name) for name in ("inputs", "predictions")],
            "with labels": lambda: _read(directory, None),
        }
        if has_duckdb():
            sides["duckdb"] = lambda: _by_duckdb(directory)
        want = truth("mixed", rows_of("mixed", rows))
        for name, work in sides.items():
            table = work()
            if name == "each":
                continue
            check(name, table.sort_by(ID) if name == "duckdb" else table, want)
            _check_labels(name, table, rows)
        costs = take_turns({name: _timed(work) for name, work in sides.items()}, rounds=rounds)
    figures = [
        Figure(
            "inputs and predictions recorded together, against reading each",
            ratios(costs["joined"], costs["each"]),
            goal=1.15,
        )
    ]
    if "duckdb" in costs:
        figures.append(
            Figure(
                "joined with late labels, against duckdb's join",
                ratios(costs["with labels"], costs["duckdb"]),
                goal=1.3,
            )
        )
    return figures


def _read(directory: str, streams: Any) -> Any:
    return aiocollect.read(directory, MODEL, version="joined", streams=streams).to_arrow()


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    def timed() -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return timed


def _by_duckdb(directory: str) -> Any:
    import duckdb  # type: ignore[import-not-found, unused-ignore]

    paths = {
        path.parts[-5]: f"read_csv('{path}', allow_quoted_nulls = false)"
        for path in Path(directory).glob("**/joined/**/data.csv")
    }
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.sql(_DUCKDB.format(id=ID, row=ROW, time=TIME, **paths)).to_arrow_table()


def _check_labels(name: str, table: Any, rows: int) -> None:
    """The prediction repeats the first feature; the label, where there is one, the second."""
    if not table["p"].equals(table["f0"]):
        raise Different(f"{name}: predictions stand beside other inputs")
    if "y" in table.column_names:
        found = [
            (one, other)
            for one, other in zip(table["y"].to_pylist(), table["f1"].to_pylist(), strict=True)
            if one is not None
        ]
        had = sum(row[1] is not None for at, row in enumerate(rows_of("mixed", rows)) if at % 3)
        if len(found) != had or any(one != other for one, other in found):
            raise Different(f"{name}: {len(found)} labels of {had}, or others")
