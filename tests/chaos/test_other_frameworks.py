"""Hosts that run no asyncio: trio, and servers on green threads, each in a process of its own.

What they store is read from the directory; nothing of the package's own word is believed.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.external_servers import ask, external_server

ROOT = Path(__file__).resolve().parents[2]

TRIO = """
import sys, trio
from aiocollect import Pipeline

async def main():
    pipeline = Pipeline(sys.argv[1], host="thread", linger=0.05)
    async with pipeline:
        collector = pipeline.collector("m", feature_names=["n"])
        for number in range(20):
            collector.collect([float(number)])
        async with trio.open_nursery() as nursery:
            for number in range(20, 40):
                nursery.start_soon(collector.acollect, [float(number)])
        report = await pipeline.flush(20)
        assert (report.accepted, report.stored) == (40, 40), report
        receipt = collector.collect_receipt([40.0])
        await receipt
        with trio.move_on_after(0):
            await collector.acollect([41.0])
        await collector.acollect_pieces([[float(n)] for n in range(42, 59)], piece_rows=5)
        collector.collect([59.0])
    report = await pipeline.aclose()
    print(report.accepted, report.stored)

trio.run(main)
"""

HAND = """
import sys
from aiocollect import Pipeline

def run(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as end:
        return end.value

pipeline = Pipeline(sys.argv[1], host="thread", linger=0.05)
collector = pipeline.collector("m", feature_names=["n"])
run(pipeline.start())
for number in range(60):
    run(collector.acollect([float(number)]))
run(pipeline.flush(20))
report = run(pipeline.aclose())
print(report.accepted, report.stored)
"""

APP = """
import json, os
from aiocollect import Pipeline

pipeline = Pipeline(os.environ["STORE"], host="thread", linger=60)
collector = pipeline.collector("m", feature_names=["n"])

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        async with pipeline:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    number = float(scope["path"].rpartition("/")[2])
    await collector.acollect([number])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
"""

WSGI = """
import os
from aiocollect import ConfigError, Pipeline

try:
    pipeline = Pipeline(os.environ["STORE"], host="thread", linger=0.05)
    said = b""
except ConfigError as error:
    said = str(error).encode()

def app(environ, start):
    start("200 OK", [])
    return [said]
"""


def numbers(directory: Path) -> list[float]:
    """What was stored, in order of value."""
    found = []
    for path in directory.rglob("*.csv"):
        found += [float(line.partition(",")[0]) for line in path.read_text().splitlines()[1:]]
    return sorted(found)


def environment(directory: Path) -> dict[str, str]:
    import os

    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AIOCOLLECT_", "AML_"))}
    return {**clean, "PYTHONPATH": str(ROOT), "STORE": str(directory), "PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize(("script", "package"), [(TRIO, "trio"), (HAND, "asyncio")])
def test_no_loop_of_asyncio_runs(tmp_path: Path, script: str, package: str) -> None:
    """start, acollect, receipts, pieces, flush and aclose, where their caller is driven by trio, or
    by nobody: each row is stored once, but for the one whose waiting was cancelled."""
    pytest.importorskip(package)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(tmp_path / "rows")],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = numbers(tmp_path / "rows")
    assert done.stdout.split() == [str(len(found))] * 2
    wanted = [float(number) for number in range(60)]
    assert [n for n in found if n != 41.0] == [n for n in wanted if n != 41.0]
    assert found.count(41.0) <= 1


def test_hypercorn_on_trio(tmp_path: Path) -> None:
    """What it answered before SIGTERM is stored by its lifespan's end."""
    pytest.importorskip("hypercorn")
    (tmp_path / "served.py").write_text(APP)
    command = (sys.executable, "-m", "hypercorn", "-k", "trio", "-b", "127.0.0.1:0", "served:app")
    variables = environment(tmp_path / "rows")
    with external_server(*command, directory=tmp_path, environment=variables) as server:
        for number in range(60):
            assert ask(server.port, f"/{number}") == (200, b"ok")
        server.stop()
    rows = numbers(tmp_path / "rows")
    assert rows == [float(number) for number in range(60)], server.output


@pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")
def test_gunicorn_on_green_threads(tmp_path: Path) -> None:
    """It is said when the pipeline is made; the worker answers, and ends at SIGTERM."""
    (tmp_path / "served.py").write_text(WSGI)
    command = (sys.executable, "-m", "gunicorn", "-k", "gevent", "-b", "127.0.0.1:0", "served:app")
    variables = environment(tmp_path / "rows")
    with external_server(*command, directory=tmp_path, environment=variables) as server:
        _, body = ask(server.port, "/")
        answer = body.decode()
        assert "real threads" in answer
        assert "gthread" in answer
        assert server.stop() == 0, server.output


GREEN = """
import os, sys
import gevent.monkey

EARLY
from aiocollect import ConfigError, Pipeline

try:
    pipeline = Pipeline(os.environ["STORE"], host="thread", linger=0.05)
except ConfigError as error:
    sys.exit(str(error))
LATE
collector = pipeline.collector("m", feature_names=["n"])
for number in range(1000):
    assert collector.collect([float(number)])
print(pipeline.stats().held, pipeline.healthy())
assert pipeline.close().stored == 1000
"""


def green(directory: Path, early: str, late: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", GREEN.replace("EARLY", early).replace("LATE", late)],
        env=environment(directory),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")
@pytest.mark.parametrize("patched", ["", "thread=False", "queue=False"])
def test_the_remedy_for_green_threads_works(tmp_path: Path, patched: str) -> None:
    """Whatever of threads and their queues is green: refused, and what the message says helps."""
    done = green(tmp_path / "rows", f"gevent.monkey.patch_all({patched})")
    remedy = re.search(r"gevent\.monkey\.patch_all\(.*?\)", done.stderr)
    assert done.returncode == 1
    assert remedy is not None
    done = green(tmp_path / "rows", remedy[0])
    assert (done.returncode, done.stdout, done.stderr) == (0, "{} True\n", "")
    assert numbers(tmp_path / "rows") == [float(number) for number in range(1000)]


@pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")
def test_green_threads_that_come_late(tmp_path: Path) -> None:
    """Patched after the pipeline was made: one line says it, held and healthy() too, and the rows
    are stored at the close."""
    done = green(tmp_path / "rows", "", "gevent.monkey.patch_all()")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("rows stay in memory until the process ends") == 1
    assert "patch before the pipeline is made" in done.stderr
    assert done.stdout == "{'host': 'GreenThreads'} False\n"
    assert numbers(tmp_path / "rows") == [float(number) for number in range(1000)]
