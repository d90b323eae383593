"""What compaction costs and brings, on a day of this machine's making, local.

``python -m loadtest.reading.compacting [MB]``: the rate of compact() against pyarrow's parser on
the same file with types told; the size of the files against the parts; reading them against reading
the parts; the peak memory of the process that compacts. Medians of interleaved runs, ratios alone.
"""

from __future__ import annotations

import asyncio
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.csv as pacsv  # type: ignore[import-untyped]

import aiocollect
from aiocollect.stores.local import LocalStore

FOLDER = "default/default/default/default/m/1/inputs/2026/01/31/data.csv"
ID, TIME, ROW = "$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_row"
ROUNDS = 3
FLOATS = 6


def rows(count: int, first: int) -> bytes:
    """Floats, a category, an integer, and text now and then, as a pipeline writes them."""
    rng = random.Random(first)
    begin = datetime(2026, 1, 31, tzinfo=UTC)
    lines = []
    for number in range(first, first + count):
        moment = begin + timedelta(microseconds=number * 10_000)
        milliseconds = int(moment.timestamp() * 1000)
        id_ = f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-8000-ac00-0000aa{number:06x}"
        floats = ",".join(f"{rng.random() * 100:.14}" for _ in range(FLOATS))
        plan = rng.choice(('"basic"', '"plus, more"', '"pro"', ""))
        age = rng.randrange(18, 90)
        text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f")
        lines.append(f"{floats},{plan},{age},{id_},{text},0\n")
    return "".join(lines).encode()


async def written(folder: Path, size: int) -> int:
    """A part of so many bytes; returns its rows."""
    names = [f"x{at}" for at in range(FLOATS)]
    header = ",".join([*names, "plan", "age", ID, TIME, ROW]) + "\n"
    store = LocalStore(folder)
    await store.create(FOLDER, content_type="text/csv")
    length = (await store.append(FOLDER, header.encode(), offset=0)).length
    count = 0
    while length < size:
        length = (await store.append(FOLDER, rows(5_000, count), offset=length)).length
        count += 5_000
    await store.aclose()
    return count


def timed(work: Callable[[], object]) -> float:
    """Seconds of the process's clock."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def parse(path: Path) -> None:
    """pyarrow's own parser, told the types."""
    pacsv.read_csv(
        path,
        pacsv.ReadOptions(use_threads=False),
        pacsv.ParseOptions(newlines_in_values=True),
        pacsv.ConvertOptions(column_types={TIME: pa.timestamp("us"), "age": pa.int64()}),
    )


def peak(folder: Path, target: Path) -> int:
    """The largest resident size of a process that compacts, in bytes."""
    code = f"import aiocollect; aiocollect.compact({str(folder)!r}, {str(target)!r})"
    subprocess.run([sys.executable, "-c", code], check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def main(size: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        count = asyncio.run(written(folder, size))
        part = folder / FOLDER
        memory = peak(folder, Path(name) / "first")
        parses: list[float] = []
        compacts: list[float] = []
        plain: list[float] = []
        compacted: list[float] = []
        for at in range(ROUNDS):
            lake = Path(name) / f"lake{at}"
            parses.append(timed(partial(parse, part)))
            compacts.append(timed(partial(aiocollect.compact, folder, lake)))
            ways: dict[str, list[float]] = {str(Path(name) / "none"): plain, str(lake): compacted}
            for target, times in ways.items():
                dataset = aiocollect.read(folder, "m", streams="inputs", compacted=target)
                times.append(timed(dataset.to_arrow))
        files = sum(one.stat().st_size for one in lake.rglob("*.parquet"))
    median = statistics.median
    print(f"{count:,} rows, {size / 2**20:.0f} MiB")
    print(f"rate of compact() / rate of pyarrow.csv: {median(parses) / median(compacts):.2f}")
    print(f"size of the files / of the parts:        {files / size:.2f}")
    print(f"time to read parts / to read files:      {median(plain) / median(compacted):.1f}")
    print(f"peak memory of compact():                {memory / 2**20:.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) * 2**20 if len(sys.argv) > 1 else 100 * 2**20)
