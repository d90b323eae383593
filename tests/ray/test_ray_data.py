"""Ray Data reads a day through its splits, on one worker and on two: the same rows, each joined
with its own prediction; and compacts one, a model a worker. Whatever the size of the day, a worker
holds no more than so much of it. ``make ray MIB=2048`` takes a day of 2 GB.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.ray.day import write_day
from tests.support.external_servers import PACKAGE

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHON = ROOT / ".venv-ray" / "bin" / "python"
MIB = int(os.environ.get("AIOCOLLECT_RAY_MIB", "24"))
# What a compaction may take is a promise of ours (docs/how-to/compaction.md); a worker that reads
# has Ray, pyarrow, pandas and what it shares with others in its memory too.
MOST_GROWN = 256 * 2**20
MOST_READING = 768 * 2**20

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not PYTHON.exists(), reason="Ray is not installed: make ray"),
]


def run(script: str, *arguments: Any) -> dict[str, Any]:
    done = subprocess.run(
        [PYTHON, HERE / script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-9000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_two_workers_read_a_day(tmp_path: Path) -> None:
    """What was collected, whatever the number of workers; the times are shown, and decide
    nothing."""
    wrote = asyncio.run(write_day(tmp_path, MIB))
    one, two = (run("read_day.py", tmp_path, workers) for workers in (1, 2))
    for found in (one, two):
        for name in ("rows", "n", "quarters", "breaks"):
            assert found[name] == wrote[name], name
        assert found["right"] == wrote["rows"]
        assert found["peak"] <= MOST_READING
    print(
        f"\n{wrote['bytes'] / 1e6:.0f} MB in {wrote['files']} files, {one['splits']} splits: "
        f"{one['seconds']:.1f} s by one worker, {two['seconds']:.1f} s by two "
        f"({one['seconds'] / two['seconds']:.2f} x); the most that a worker held: "
        f"{one['peak'] / 2**20:.0f} and {two['peak'] / 2**20:.0f} MiB"
    )


def test_two_workers_compact_a_day(tmp_path: Path) -> None:
    """A model each; what is read from the files is what was collected."""
    store = tmp_path / "store"
    wrote = {
        model: asyncio.run(write_day(store, MIB // 2, model=model)) for model in ("day", "night")
    }
    seconds, grown = [], []
    for workers in (1, 2):
        made = run("compact_day.py", store, tmp_path / f"lake{workers}", workers)
        for model, total in wrote.items():
            found = made["models"][model]
            assert (found["rows"], found["files"]) == (2 * total["rows"], 2)
            assert found["grew"] <= MOST_GROWN
            grown.append(found["grew"])
        seconds.append(made["seconds"])
    for file in store.rglob("*.csv"):  # the files alone are left to read
        file.unlink()
    found = run("read_day.py", store, 2, tmp_path / "lake2")
    assert found["right"] == found["rows"] == wrote["day"]["rows"]
    assert found["n"] == wrote["day"]["n"]
    size = sum(total["bytes"] for total in wrote.values())
    print(
        f"\n{size / 1e6:.0f} MB compacted: {seconds[0]:.1f} s by one worker, "
        f"{seconds[1]:.1f} s by two ({seconds[0] / seconds[1]:.2f} x); a worker's memory grew by "
        f"{max(grown) / 2**20:.0f} MiB at most"
    )
