"""Processes that end with nobody to close the pipeline: stored, or said on stderr."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# What each script begins with: a store that answers, and one that never does.
BEGIN = """
import asyncio, sys, threading
import aiocollect
from aiocollect import MemoryStore, ModelDataCollector, Pipeline
from aiocollect.testing import Fault, FaultKind
DOWN = MemoryStore(faults=lambda *_: Fault(FaultKind.NOT_SENT))
"""

# Each accepts 100 rows, and ends.
HUNDRED = "for n in range(100): assert c.collect([float(n)])"
ENDS = {
    "a loop that has ended": f"""
p = Pipeline(store); c = p.collector("m", feature_names=["n"])
async def main():
    {HUNDRED}
    await asyncio.sleep(0)
asyncio.run(main())
""",
    "no loop at all": f"""
p = Pipeline(store); c = p.collector("m", feature_names=["n"])
{HUNDRED}
""",
    "a thread of its own": f"""
p = Pipeline(store, host="thread"); c = p.collector("m", feature_names=["n"])
{HUNDRED}
""",
    "nobody has it any more": f"""
def work():
    c = Pipeline(store, host="thread").collector("m", feature_names=["n"])
    {HUNDRED}
work()
import gc; gc.collect()
""",
    "sys.exit in a thread pool's process": f"""
from concurrent.futures import ThreadPoolExecutor
p = Pipeline(store, host="thread"); c = p.collector("m", feature_names=["n"])
def work():
    {HUNDRED}
ThreadPoolExecutor(1).submit(work).result()
sys.exit(0)
""",
    "started, and never left": f"""
p = Pipeline(store); c = p.collector("m", feature_names=["n"])
async def main():
    await p.start()
    {HUNDRED}
    await asyncio.sleep(0.01)
asyncio.run(main())
""",
    "a server without lifespan": """
from fastapi import FastAPI
from fastapi.testclient import TestClient
p = Pipeline(store); c = p.collector("m", feature_names=["n"])
app = FastAPI(lifespan=p.lifespan)
@app.get("/")
async def score():
    for n in range(10): assert c.collect([float(n)])
    return 1
client = TestClient(app)
for _ in range(10): assert client.get("/").status_code == 200
""",
}


def run(script: str, directory: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The script, in a process whose working directory is ``directory``."""
    file = directory / "script.py"
    file.write_text(script)
    return subprocess.run(
        [sys.executable, str(file)],
        cwd=directory,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def rows(directory: Path) -> list[str]:
    """All lines of rows under the directory."""
    found: list[str] = []
    for path in sorted(directory.rglob("data*.csv")):
        found += path.read_text().splitlines()[1:]
    return found


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_what_nobody_closes_is_stored(end: str, tmp_path: Path) -> None:
    """All of it, once, without a word."""
    done = run(f"{BEGIN}\nstore = './out'\n{end}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(rows(tmp_path)) == len(set(rows(tmp_path))) == 100


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_what_cannot_be_stored_is_said(end: str, tmp_path: Path) -> None:
    """In one line on stderr: how many rows of how many are gone, and why."""
    end = end.replace("Pipeline(store", "Pipeline(store, close_timeout=0.2")
    done = run(f"{BEGIN}\nstore = DOWN\n{end}", tmp_path)
    assert done.returncode == 0
    lines = [line for line in done.stderr.splitlines() if "not stored at exit" in line]
    assert len(lines) == 1
    assert "aiocollect: 100 rows were not stored at exit: accepted 100 rows: stored 0" in lines[0]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("up", [True, False])
def test_a_spool_at_the_end(up: bool, tmp_path: Path) -> None:
    """The default pipeline with a spool, ended within its linger: stored; or, where the store does
    not answer, in the spool, which the next process brings home."""
    script = (
        "import aiocollect\n"
        "c = aiocollect.ModelDataCollector('m', feature_names=['n'])\n"
        "for n in range(100): assert c.collect([float(n)])\n"
    )
    out = tmp_path / "out"
    variables = {
        "AIOCOLLECT_STORE": str(out),
        "AIOCOLLECT_SPOOL": str(tmp_path / "spool"),
        "AIOCOLLECT_CLOSE_TIMEOUT": "1",
    }
    if not up:
        out.write_text("a file, where the directory should be")
    done = run(script, tmp_path, **variables)
    assert done.returncode == 0
    assert "internal error" not in done.stderr
    assert "Traceback" not in done.stderr
    if not up:
        assert "in the spool for the next process 100" in done.stderr
        out.unlink()
        assert run(script, tmp_path, **variables).returncode == 0
        again = (
            "import asyncio\nfrom aiocollect import Pipeline\n"
            "async def main():\n"
            "    async with Pipeline.from_env() as p: await p.replay(10.0)\n"
            "asyncio.run(main())\n"
        )
        done = run(again, tmp_path, **variables)
        assert (done.returncode, done.stderr) == (0, "")
    assert len(rows(out)) == len(set(rows(out))) == (100 if up else 200)


IN_THE_END = {
    "an exit handler of before": """
import atexit
def last():
    p = Pipeline("./out", host=host); c = p.collector("m", feature_names=["n"])
    for n in range(5): assert c.collect([float(n)])
atexit.register(last)
""",
    "an exit handler of before the import": """
c = Pipeline("./out", host=host).collector("m", feature_names=["n"])
lasts.append(lambda: [c.collect([[float(n)] for n in range(5)])])
""",
    "a finalizer": """
import weakref
c = Pipeline("./out", host=host).collector("m", feature_names=["n"])
class X: pass
x = X()
weakref.finalize(x, c.collect, [[float(n)] for n in range(5)])
""",
    "an import in an exit handler": """
for name in [name for name in sys.modules if name.startswith("aiocollect")]: del sys.modules[name]
def last():
    from aiocollect import Pipeline
    c = Pipeline("./out", host=host).collector("m", feature_names=["n"])
    assert c.collect([[float(n)] for n in range(5)])
lasts.append(last)
""",
}


@pytest.mark.parametrize("host", ["loop", "thread"])
@pytest.mark.parametrize("script", IN_THE_END.values(), ids=IN_THE_END)
def test_rows_of_exit_handlers(script: str, host: str, tmp_path: Path) -> None:
    """Whatever collects while the interpreter runs its exit handlers has its rows stored."""
    begin = "import atexit\nlasts = []\natexit.register(lambda: [last() for last in lasts])\n"
    done = run(f"{begin}{BEGIN}\nhost = {host!r}\n{script}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(rows(tmp_path)) == len(set(rows(tmp_path))) == 5


@pytest.mark.parametrize("host", ["loop", "thread"])
def test_rows_of_the_interpreters_last_moments(host: str, tmp_path: Path) -> None:
    """A __del__ that runs when modules are taken apart: nothing hangs, and it is said."""
    script = f"""
c = Pipeline("./out", host={host!r}).collector("m", feature_names=["n"])
class X:
    def __del__(self): c.collect([1.0])
x = X()
"""
    done = run(f"{BEGIN}{script}", tmp_path)
    assert done.returncode == 0
    assert done.stderr.count("are not stored") == 1


def test_a_loop_that_stands_still_in_another_thread(tmp_path: Path) -> None:
    """The process ends all the same, within the deadline, and says what is gone."""
    script = """
import time
p = Pipeline(DOWN, close_timeout=0.1)
c = p.collector("m", feature_names=["n"])
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
async def collect():
    for n in range(5): assert c.collect([float(n)])
asyncio.run_coroutine_threadsafe(collect(), loop).result()
asleep = threading.Event()
loop.call_soon_threadsafe(lambda: (asleep.set(), time.sleep(100)))
asleep.wait()
"""
    done = run(f"{BEGIN}{script}", tmp_path)
    assert done.returncode == 0
    assert "5 rows were not stored at exit: accepted 5 rows: stored 0" in done.stderr


def test_a_workers_thread_that_goes_on(tmp_path: Path) -> None:
    """A thread of a worker of multiprocessing collects after the worker's finalizers have run."""
    script = """
import multiprocessing, time
def late():
    time.sleep(0.5)
    c = Pipeline("./out", host="thread").collector("m", feature_names=["n"])
    assert c.collect([[float(n)] for n in range(5)])
def work():
    threading.Thread(target=late).start()
if __name__ == "__main__":
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
"""
    done = run(f"{BEGIN}{script}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(rows(tmp_path)) == 5


def test_many_pipelines_end_in_the_time_of_one(tmp_path: Path) -> None:
    """Thirty whose store does not answer: each is told, and they share the time for closing (else
    this test takes half a minute)."""
    script = """
ps = [Pipeline(DOWN, close_timeout=1.0) for _ in range(30)]
for p in ps: assert p.collector("m", feature_names=["n"]).collect([1.0])
"""
    done = run(f"{BEGIN}{script}", tmp_path)
    assert done.returncode == 0
    assert done.stderr.count("1 rows were not stored at exit") == 30
