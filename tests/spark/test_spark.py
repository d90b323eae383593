"""Spark reads a day through its splits, without a jar: each row joined with its own prediction."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ray.day import write_day
from tests.support.external_servers import PACKAGE

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-spark" / "bin" / "python"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not PYTHON.exists(), reason="Spark is not installed: make spark"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17: install it"),
]


def test_spark_reads_a_day(tmp_path: Path) -> None:
    """What was collected, in partitions that are the splits."""
    wrote = asyncio.run(write_day(tmp_path, 24))
    done = subprocess.run(
        [PYTHON, HERE / "read_day.py", str(tmp_path)],
        env={
            **os.environ,
            "PYTHONPATH": str(PACKAGE),
            "PYSPARK_PYTHON": str(PYTHON),
            "PYSPARK_DRIVER_PYTHON": str(PYTHON),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-9000:]
    found = json.loads(done.stdout.splitlines()[-1])
    for name in ("rows", "n", "quarters", "breaks"):
        assert found[name] == wrote[name], name
    assert found["right"] == wrote["rows"]
    assert found["partitions"] == found["splits"] > 2
    assert found["few"] == 3
    assert found["types"]["n"] == "bigint"
    assert found["types"]["$aml_dc_scoring_timestamp"] == "timestamp"
    assert found["types"]["plan"] == "string"
