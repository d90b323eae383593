"""What the first rows must not do beside their work: a fork may cut it in two."""

from __future__ import annotations

import subprocess
import sys

import pytest

from testkit.emulator import Emulator

pytestmark = pytest.mark.azurite

SCRIPT = """
import asyncio, gc, sys
from aiocollect import Pipeline

pipeline = Pipeline(sys.argv[1], container=sys.argv[2], host=sys.argv[3], linger=0.01)
inputs = pipeline.collector("m", feature_names=["a", "b"])
known, started = set(sys.modules), []
sys.addaudithook(lambda event, _: started.append(event) if event == "subprocess.Popen" else None)

async def main():
    inputs.collect([1, "x"])
    await pipeline.flush()
    inputs.collect([[2.5, None]])
    report = await pipeline.aclose()
    assert report.stored == 2, report

asyncio.run(main())
assert not started, started
assert set(sys.modules) == known, set(sys.modules) - known
"""


@pytest.mark.parametrize("host", ["thread", "loop"])
def test_the_first_rows_import_nothing(azurite: Emulator, host: str) -> None:
    """Nothing is imported, and no process started, once a pipeline is made: either would stall the
    host, under locks that a child forked meanwhile would find taken for ever."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, azurite.connection_string, f"first-{host}", host],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
