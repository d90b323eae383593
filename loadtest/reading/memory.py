"""Peak memory of a process that iterates: one stream, and joined streams, of two sizes.

Each measurement is a process of its own (python -m loadtest.reading.memory …), which says how far
its resident memory rose above what it was when everything had been imported.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile

from loadtest.rows.measure import Figure

from .files import MODEL, write_model, write_stream

__all__ = ["run"]

GOAL = 256.0
TIMES = 4


def run(rows: int, rounds: int) -> list[Figure]:
    """MiB above the start, of iterating over so many rows, and over four times as many."""
    figures = []
    for count in (rows, TIMES * rows):
        with tempfile.TemporaryDirectory(prefix="bench-") as directory:
            write_stream(directory, "quoted", count)
            write_model(directory, count)
            for version, streams in (("quoted", "inputs"), ("joined", "inputs,predictions")):
                samples = [_measured(directory, version, streams, count) for _ in range(2)]
                figures.append(
                    Figure(
                        f"peak memory, iterating {streams}, {count:,} rows",
                        tuple(samples),
                        unit="MiB",
                        goal=GOAL,
                    )
                )
    return figures


def _measured(directory: str, version: str, streams: str, count: int) -> float:
    done = subprocess.run(
        [sys.executable, "-m", __name__, directory, version, streams, str(count)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _peak() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _main(directory: str, version: str, streams: str, count: str) -> None:
    import pyarrow.csv  # type: ignore[import-untyped]  # noqa: F401

    import aiocollect

    names = streams.split(",")
    before = _peak()
    rows = sum(
        batch.num_rows
        for batch in aiocollect.read(
            directory, MODEL, version=version, streams=names if len(names) > 1 else names[0]
        )
    )
    if rows != int(count):
        raise SystemExit(f"{rows} rows of {count}")
    print(_peak() - before)


if __name__ == "__main__":
    _main(*sys.argv[1:])
