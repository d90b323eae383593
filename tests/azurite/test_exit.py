"""The end of the interpreter: no thread can be started, and still a name must be resolved."""

from __future__ import annotations

import subprocess
import sys

import pytest

from testkit.emulator import Emulator, blob_bytes

SCRIPT = """
import asyncio, sys
from aiocollect import Pipeline

pipeline = Pipeline(sys.argv[1], container=sys.argv[2], host=sys.argv[3])
collector = pipeline.collector("m", feature_names=["n"])

async def main():
    for number in range(10):
        assert collector.collect([float(number)])

asyncio.run(main())
"""


@pytest.mark.parametrize("host", ["loop", "thread"])
def test_the_first_connection_at_exit(azurite: Emulator, container: str, host: str) -> None:
    """A program that ends at once after its first rows: all are stored, without a word."""
    address = azurite.connection_string.replace("127.0.0.1", "localhost")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, address, container, host],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    (data,) = blob_bytes(azurite.connection_string, container).values()
    assert len(data.splitlines()) == 11
