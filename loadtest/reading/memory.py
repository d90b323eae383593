"""Peak memory of a process that iterates over one stream: of two kinds, and of two sizes.

Each measurement is a process of its own (python -m loadtest.reading.memory …), which says how far
its resident memory rose above what it was when everything had been imported. Linux alone.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

from loadtest.rows.measure import Figure

from .files import MODEL, write_stream

__all__ = ["run"]

GOAL = 256.0
TIMES = 5


def run(rows: int, rounds: int) -> list[Figure]:
    """MiB above the start, of iterating over so many rows, and over five times as many."""
    figures = []
    for kind, count in (("quoted", rows), ("numbers", rows), ("numbers", TIMES * rows)):
        with tempfile.TemporaryDirectory(prefix="bench-") as directory:
            write_stream(directory, kind, count)
            samples = [_measured(directory, kind, count) for _ in range(min(rounds, 3))]
        figures.append(
            Figure(
                f"peak memory of iterating, {kind}, {count:,} rows",
                tuple(samples),
                unit="MiB",
                goal=GOAL,
            )
        )
    return figures


def _measured(directory: str, kind: str, count: int) -> float:
    done = subprocess.run(
        [sys.executable, "-m", __name__, directory, kind, str(count)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _peak() -> float:
    # Not getrusage(): what it says on Linux begins with the peak of the process that started ours.
    with open("/proc/self/status", encoding="ascii") as status:
        (line,) = [line for line in status if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 2**10


def _main(directory: str, kind: str, count: str) -> None:
    import pyarrow.csv  # type: ignore[import-untyped]  # noqa: F401

    import aiocollect

    before = _peak()
    dataset = aiocollect.read(directory, MODEL, version=kind, streams="inputs")
    rows = sum(batch.num_rows for batch in dataset)
    if rows != int(count):
        raise SystemExit(f"{rows} rows of {count}")
    print(_peak() - before)


if __name__ == "__main__":
    _main(*sys.argv[1:])
