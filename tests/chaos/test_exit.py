"""Processes that simply end, with rows accepted a moment ago: what they were told yes to is stored.

The script says on stdout what was accepted; the oracle reads the files.
"""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, signal, sys
from aiocollect import ModelDataCollector

collector = ModelDataCollector("m", feature_names=["n"])
for n in range(300):
    if collector.collect([[n]]) is not None:
        print(n)
sys.stdout.flush()
end = sys.argv[1]
if end == "exit":
    sys.exit(3)
if end == "error":
    raise ValueError("the scoring file's own")
if end == "interrupt":
    os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.mark.parametrize("end", ["last line", "exit", "error", "interrupt"])
def test_a_process_that_ends(tmp_path: Path, end: str) -> None:
    """However a scoring file without a close comes to its end, its rows are stored, each once."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AIOCOLLECT", "AML_"))}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, end],
        env={**clean, "AIOCOLLECT_STORE": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    codes = {"last line": 0, "exit": 3, "error": 1, "interrupt": -signal.SIGINT}
    assert done.returncode == codes[end], done.stderr
    accepted = [int(line) for line in done.stdout.split()]
    assert len(accepted) == 300
    stored: list[int] = []
    for path in sorted(tmp_path.rglob("data*.csv")):
        _, *rows = csv.reader(path.read_text().splitlines())
        stored += [int(row[0]) for row in rows]
    assert not set(accepted) - set(stored), f"lost: {len(set(accepted) - set(stored))} rows"
    assert sorted(stored) == accepted, "doubled"
