"""Worker processes that end without the interpreter's own end: a collector first made in one of
them has its rows stored, whatever started it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import os, sys
import {package} as processes
import {package}.pool

def collect(number):
    from aiocollect import ModelDataCollector

    collector = ModelDataCollector("m", feature_names=["n"])
    assert collector.collect([float(number)]) is not None
    {more}
    return number

def flush(pid, code):
    import aiocollect

    aiocollect.flush(20)

def by_process():
    context = processes.get_context({method!r})
    some = [context.Process(target=collect, args=(number,)) for number in range(4)]
    for one in some:
        one.start()
    for one in some:
        one.join()

def by_pool():
    context = processes.get_context({method!r})
    with {pool}(2, maxtasksperchild=1{options}) as pool:
        pool.map(collect, range(4), chunksize=1)
        pool.close()
        pool.join()

def by_executor():
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(2, mp_context=processes.get_context({method!r})) as pool:
        list(pool.map(collect, range(4)))

if __name__ == "__main__":
    {way}()
"""


DEFAULTS = {"package": "multiprocessing", "more": "pass", "options": "", "pool": "context.Pool"}


def numbers(directory: Path) -> list[float]:
    found = []
    for path in directory.rglob("*.csv"):
        found += [float(line.partition(",")[0]) for line in path.read_text().splitlines()[1:]]
    return sorted(found)


def run(tmp_path: Path, **given: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(**{**DEFAULTS, **given}))
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AIOCOLLECT_", "AML_"))}
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**clean, "PYTHONPATH": str(ROOT), "AIOCOLLECT_STORE": f"file://{tmp_path}/rows"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "aiocollect:" not in done.stderr, done.stderr
    assert numbers(tmp_path / "rows") == [0.0, 1.0, 2.0, 3.0], done.stderr


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize("way", ["by_process", "by_pool", "by_executor"])
def test_workers_of_multiprocessing(tmp_path: Path, method: str, way: str) -> None:
    """Each way to start them, and each way to have them work."""
    run(tmp_path, method=method, way=way)


@pytest.mark.skipif(importlib.util.find_spec("billiard") is None, reason="billiard is missing")
def test_a_process_of_billiard(tmp_path: Path) -> None:
    """It has finalizers of its own, which store the rows."""
    run(tmp_path, package="billiard", method="fork", way="by_process")


@pytest.mark.skipif(importlib.util.find_spec("billiard") is None, reason="billiard is missing")
def test_a_pool_of_billiard(tmp_path: Path) -> None:
    """Its workers, which Celery's prefork recycles, end by os._exit: aiocollect.flush() at their
    end, as docs/how-to/servers.md has it, stores the rows."""
    given = {"pool": "processes.pool.Pool", "options": ", on_process_exit=flush"}
    run(tmp_path, package="billiard", method="fork", way="by_pool", **given)


def test_a_worker_that_ends_at_once(tmp_path: Path) -> None:
    """By os._exit nothing is run: aiocollect.flush() before it stores the rows."""
    more = "import aiocollect; aiocollect.flush(20); os._exit(0)"
    run(tmp_path, method="fork", way="by_process", more=more)
