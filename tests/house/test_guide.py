"""The examples of docs/how-to/guide.md run one after the other, as a reader would try them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.house.examples import blocks
from tests.house.pages import ROOT

BEFORE = """
import aiocollect
from aiocollect import Pipeline
pipeline = on_a_thread = Pipeline.from_env(host="thread")
"""
AFTER = """
assert aiocollect.flush(10).complete
assert on_a_thread.close().complete
"""


def test_the_examples_run(tmp_path: Path) -> None:
    """All but the one that reads a file of another day; no row of theirs is refused."""
    found = [block for block in blocks("docs/how-to/guide.md") if not block.startswith("pandas.")]
    assert len(found) == 4
    code = BEFORE + "\n".join(found) + AFTER
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={"AIOCOLLECT_STORE": f"file://{tmp_path}", "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    stored = [file.read_text().count("\n") - 1 for file in tmp_path.rglob("data.csv")]
    assert sorted(stored) == [1, 2, 2]
