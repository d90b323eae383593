"""collect() from a signal handler or finalizer that strikes while the pipeline starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# A profile function is called where a signal handler could be: at each call and return. It strikes
# once in each life, in the first at the first of them, in the next one at the second, and so on.
SCRIPT = """
import asyncio, faulthandler, sys
from aiocollect import Pipeline

faulthandler.dump_traceback_later(20, exit=True)
root, host, by = sys.argv[1:]

async def live(life):
    pipeline = Pipeline(f"{root}/{life}", host=host, linger=0.01)
    inputs = pipeline.collector("m", feature_names=["n"])
    events, struck = 0, []

    def strike(frame, event, what):
        nonlocal events
        if "/_engine/" in frame.f_code.co_filename:
            events += 1
            if events == life:
                sys.setprofile(None)
                struck.append(inputs.collect([1]))
                sys.setprofile(strike)

    if by == "start":
        begun = pipeline.start()
        sys.setprofile(strike)
        await begun
    else:
        sys.setprofile(strike)
    accepted = inputs.collect([0])
    sys.setprofile(None)
    report = await pipeline.aclose()
    assert accepted is not None and None not in struck, struck
    assert report.stored == 1 + len(struck), report
    return bool(struck)

life = 1
while asyncio.run(live(life)):
    life += 1
print(life)
"""


@pytest.mark.parametrize("host", ["thread", "loop"])
@pytest.mark.parametrize("by", ["start", "collect"])
def test_while_it_starts(tmp_path: Path, host: str, by: str) -> None:
    """While start() or the first call binds the pipeline to its loop, a call that interrupts it
    waits for nothing, and its row is stored like the others."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), host, by],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lives = int(done.stdout)
    assert lives > 40
    stored = [path.read_text().count("\n") for path in tmp_path.rglob("data.csv")]
    assert sum(stored) == 3 * (lives - 1) + 2  # and the headers
