"""The interpreter's end, at which no thread can be started any more: so it is from Python 3.12 on,
and so it is made here for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from .test_nobody_closes import rows, run

SCRIPT = """
import asyncio, atexit, threading
from aiocollect import Pipeline

def refuse(*_):
    raise RuntimeError("can't create new thread at interpreter shutdown")

def record():
    collector = Pipeline("./out", host="{host}", {spool}).collector("m", feature_names=["n"])
    for number in range(10): assert collector.collect([float(number)])

async def inside():
    record()
    await asyncio.sleep(0)

if "{when}" == "late": atexit.register(record)
atexit.register(setattr, threading.Thread, "start", refuse)  # runs first
if "{when}" == "before": record()
if "{when}" == "inside": asyncio.run(inside())
"""


@pytest.mark.parametrize("host", ["loop", "thread"])
@pytest.mark.parametrize("when", ["before", "inside", "late"])
@pytest.mark.parametrize("spool", ["", "spool='./spool'"])
def test_stored_without_a_word(host: str, when: str, spool: str, tmp_path: Path) -> None:
    """Rows from before that end, from a loop that has ended, and from an exit handler: stored, and
    nothing is said of rows that may be lost."""
    done = run(SCRIPT.format(host=host, when=when, spool=spool), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    found = sorted(line.partition(",")[0] for line in rows(tmp_path / "out"))
    assert found == [f"{number}.0" for number in range(10)]
