"""Where no event loop runs: a pipeline on a thread of its own, and the default one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aiocollect import ConfigError, Pipeline, PipelineClosed


def lines(directory: Path) -> list[str]:
    """All rows under the directory, without headers."""
    found: list[str] = []
    for path in sorted(directory.rglob("*.csv")):
        found += path.read_text().splitlines()[1:]
    return found


def test_a_thread_of_its_own(tmp_path: Path) -> None:
    """collect() from threads without a loop; close() stores everything and ends the thread."""
    pipeline = Pipeline(tmp_path, host="thread")
    collector = pipeline.collector("m", feature_names=["a", "b"])
    assert not any(thread.name == "aiocollect" for thread in threading.enumerate())

    def score(worker: int) -> None:
        for number in range(200):
            assert collector.collect([worker, number])
        assert collector.collect_wait([worker, -1], timeout=10)

    workers = [threading.Thread(target=score, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    report = pipeline.close()
    assert (report.accepted, report.stored) == (804, 804)
    assert len(set(lines(tmp_path))) == 804
    assert pipeline.close() == report
    for thread in threading.enumerate():
        if thread.name == "aiocollect":
            thread.join(10)
            assert not thread.is_alive()


def test_from_an_event_loop_too(tmp_path: Path) -> None:
    """On a thread of its own it serves the caller's loop: acollect(), flush() and aclose() wait
    there, and close() is refused, since it would block it."""

    async def main() -> None:
        async with Pipeline(tmp_path, host="thread") as pipeline:
            collector = pipeline.collector("m", feature_names=["a"])
            assert await collector.acollect(1.0)
            assert (await pipeline.flush()).stored == 1
            with pytest.raises(ConfigError, match="await aclose"):
                pipeline.close()
        assert (await pipeline.aclose()).complete

    asyncio.run(main())


class ClosesMeanwhile:
    """A value that takes so long to read that the pipeline is closed in the meantime."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline

    def __array__(self, dtype: object = None, copy: object = None) -> Any:
        thread = threading.Thread(target=self.pipeline.close)
        thread.start()
        thread.join()
        return np.array([[1.0]])


@pytest.mark.slow
@pytest.mark.parametrize("way", ["collect", "collect_wait", "acollect"])
def test_closed_while_a_value_is_read(tmp_path: Path, way: str) -> None:
    """The call is refused as closed: at once, not for ever, and by no other error."""
    for _ in range(10):
        pipeline = Pipeline(tmp_path, host="thread")
        collector = pipeline.collector("m", feature_names=["x"])
        collector.collect([1.0])
        value = ClosesMeanwhile(pipeline)
        if way == "collect":
            assert collector.collect(value) is None
        elif way == "collect_wait":
            with pytest.raises(PipelineClosed):
                collector.collect_wait(value, timeout=20)
        else:
            with pytest.raises(PipelineClosed):
                asyncio.run(collector.acollect(value))
        assert pipeline.close().stored == 1


def test_the_first_calls_of_many_threads_wait_for_room(tmp_path: Path) -> None:
    """Also where they fill the budget before the pipeline's thread has come up."""
    for _ in range(5):
        pipeline = Pipeline(
            tmp_path, host="thread", max_memory_bytes=300_000, max_batch_bytes=65_536
        )
        collector = pipeline.collector("m", feature_names=["x"])
        failed: list[Exception] = []

        def work(collector: Any = collector, failed: list[Exception] = failed) -> None:
            try:
                for _ in range(10):
                    collector.collect_wait([["q" * 500]] * 15, timeout=30)
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert pipeline.close().stored == 6 * 10 * 15


def test_close_without_any_loop(tmp_path: Path) -> None:
    """A pipeline for the caller's loop, in a script that never ran one: close() runs one."""
    pipeline = Pipeline(tmp_path)
    collector = pipeline.collector("m", feature_names=["a"])
    assert collector.collect(1.0)
    assert not pipeline.healthy(), "nobody carries the row away"
    assert pipeline.close().stored == 1
    assert len(lines(tmp_path)) == 1


SCRIPT = """
import os, sys
from aiocollect import ModelDataCollector

inputs = ModelDataCollector("m", identifier="inputs", feature_names=["a", "b"])

def run(data):
    return inputs.collect(data)

{body}
"""


def run_script(
    body: str, directory: Path | None, **environ: str
) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AIOCOLLECT", "AML_"))}
    if directory is not None:
        environ["AIOCOLLECT_STORE"] = str(directory)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT.format(body=body)],
        env={**clean, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("end", ["", "sys.exit(3)", "raise KeyboardInterrupt"])
def test_a_scoring_file_is_flushed_at_exit(tmp_path: Path, end: str) -> None:
    """init()/run() scripts close nothing: the interpreter's end stores what was accepted."""
    found = run_script(f"ids = [run([n, 2.0]) for n in range(500)]\n{end}", tmp_path)
    assert len(lines(tmp_path)) == 500, found.stderr
    assert "aiocollect" not in found.stderr


@pytest.mark.slow
def test_without_a_store_it_is_off(tmp_path: Path) -> None:
    """Said once; never a directory by guess, and no thread."""
    body = "import threading; assert [run([1, 2]) for _ in range(9)] == [None] * 9\n"
    body += "ModelDataCollector('n'); print(threading.active_count(), os.listdir('.'))"
    found = run_script(f"os.chdir({str(tmp_path)!r})\n{body}", None)
    assert found.stdout == "1 []\n", found.stderr
    assert found.stderr.count("AIOCOLLECT_STORE is not set") == 1


@pytest.mark.slow
def test_an_exit_that_cannot_store_says_so() -> None:
    """One line on stderr, with the number of rows."""
    found = run_script(
        "run([1, 2]); run([3, 4])",
        None,
        AIOCOLLECT_STORE="azurite://127.0.0.1:9/modeldata",
        AIOCOLLECT_CLOSE_TIMEOUT="0.5",
    )
    (line,) = [line for line in found.stderr.splitlines() if "at exit" in line]
    assert line.startswith("aiocollect: 2 rows were not stored at exit")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_workers_of_multiprocessing_are_flushed(tmp_path: Path) -> None:
    """They end without atexit; multiprocessing's own finalizers flush what they have recorded."""
    body = """
import multiprocessing, warnings
warnings.simplefilter("ignore", DeprecationWarning)
run([0, 0])
workers = [
    multiprocessing.get_context("fork").Process(target=lambda: [run([1, 2]) for _ in range(10)])
    for _ in range(3)
]
for worker in workers: worker.start()
for worker in workers: worker.join()
"""
    found = run_script(body, tmp_path)
    assert found.returncode == 0, found.stderr
    assert len(lines(tmp_path)) == 31, found.stderr


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_forked_workers_record_for_themselves(tmp_path: Path) -> None:
    """A preloading server: the parent has recorded already, and forks; each worker records its own
    rows on a thread of its own, flushed at its exit."""
    body = """
import warnings; warnings.simplefilter("ignore", DeprecationWarning)
run([0, 0])
children = []
for worker in range(3):
    pid = os.fork()
    if pid == 0:
        for number in range(50):
            assert run([worker + 1, number])
        sys.exit(0)
    children.append(pid)
assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
run([9, 9])
"""
    found = run_script(body, tmp_path)
    assert found.returncode == 0, found.stderr
    cells = sorted(line.split(",")[:2] for line in lines(tmp_path))
    wanted = [["0", "0"], ["9", "9"]]
    wanted += [[str(w + 1), str(n)] for w in range(3) for n in range(50)]
    assert cells == sorted(wanted)
