"""What operators put into the environment and the file system of real processes: a gateway, and a
script with the default pipeline; each starts, or ends and says why."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[2])
GATEWAY = ["-m", "aiocollect.cli", "gateway", "--port", "0"]
SCRIPT = (
    "from aiocollect import ModelDataCollector as C; C('m', feature_names=['a']).collect([1.0])"
)
MISTAKES = [
    '"azure://acme/modeldata"',
    "'./modeldata'",
    "${STORAGE}",
    "$(STORAGE)",
    "None",
    "~/modeldata",
    "modeldata",
    "DefaultEndpointsProtocol=https",
    "AccountName=acme",
    "\ufeff/modeldata",
    "./modeldata ",
    "C:\\modeldata",
    "s3://bucket/modeldata",
]
LINKS = {
    "AIOCOLLECT_SERVICE_HOST": "10.0.0.11",
    "AIOCOLLECT_SERVICE_PORT": "80",
    "AIOCOLLECT_SERVICE_PORT_HTTP": "80",
    "AIOCOLLECT_PORT": "tcp://10.0.0.11:80",
    "AIOCOLLECT_PORT_80_TCP": "tcp://10.0.0.11:80",
    "AIOCOLLECT_PORT_80_TCP_PROTO": "tcp",
    "AIOCOLLECT_PORT_80_TCP_PORT": "80",
    "AIOCOLLECT_PORT_80_TCP_ADDR": "10.0.0.11",
    "AIOCOLLECT_GATEWAY_SERVICE_HOST": "10.0.0.12",
    "AIOCOLLECT_GATEWAY_PORT": "tcp://10.0.0.12:80",
    "AIOCOLLECT_GATEWAY_TOKEN": "a-token-of-some-length",
}


def environment(more: dict[str, str]) -> dict[str, str]:
    return {"PATH": "/bin", "PYTHONPATH": ROOT, "HOME": "/nowhere", **more}


def ended(
    arguments: list[str], more: dict[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    """A process that ends by itself; one that goes on is no end."""
    try:
        return subprocess.run(
            [sys.executable, *arguments],
            env=environment(more),
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.fail(f"the process goes on with {more}")


@contextmanager
def started(more: dict[str, str], cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """A gateway that listens, ended by SIGTERM."""
    with subprocess.Popen(
        [sys.executable, *GATEWAY],
        env=environment(more),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert re.match("listening on http://127.0.0.1:", line), line
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("store", MISTAKES)
def test_no_address(tmp_path: Path, store: str) -> None:
    """Neither process makes a directory of it; both name the variable."""
    for arguments in (GATEWAY, ["-c", SCRIPT]):
        found = ended(arguments, {"AIOCOLLECT_STORE": store}, tmp_path)
        assert list(tmp_path.iterdir()) == [], f"a directory was made of {store!r}"
        assert found.returncode == 1
        assert "AIOCOLLECT_STORE" in found.stderr


def test_variables_of_others(tmp_path: Path) -> None:
    """Those that Kubernetes makes for services of our name, and the gateway's own."""
    store = {"AIOCOLLECT_STORE": str(tmp_path / "store")}
    with started({**store, **LINKS}, tmp_path):
        pass
    assert ended(["-c", SCRIPT], {**store, **LINKS}, tmp_path).stderr == ""


@pytest.mark.parametrize("name", ["AIOCOLLECT_LINGRE", "AIOCOLECT_STORE", "AIOCOLLECT_SPOOL_"])
def test_a_misspelled_variable(tmp_path: Path, name: str) -> None:
    """Neither process ignores it."""
    more = {"AIOCOLLECT_STORE": str(tmp_path / "store"), name: "1"}
    for arguments in (GATEWAY, ["-c", SCRIPT]):
        found = ended(arguments, more, tmp_path)
        assert found.returncode == 1, f"{name} was ignored"
        assert "did you mean AIOCOLLECT_" in found.stderr


FILES = """
import asyncio, os, sys
from aiocollect import Pipeline
settings, dead, store, kind = sys.argv[1:]

class Odd:
    content_type, extension = "text/plain", "csv"
    def header(self, schema):
        return b"a\\n"
    def encode(self, pieces, schema):
        return [b"%f\\n" % row[0] for piece in pieces for row in piece.rows]

def replace(path):
    if os.path.lexists(path):
        os.unlink(path)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        os.symlink(path + ".other", path)
    else:
        size = 2**25 if path == settings else 2**27
        os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), size)

async def live():
    open(settings, "w").write("{}")
    options = {"settings_file": settings, "dead_letters": dead, "linger": 0.1, "format": Odd()}
    async with Pipeline(store, **options) as pipeline:
        stream = pipeline.collector("m", feature_names=["a"])
        await asyncio.sleep(0.2)
        replace(settings), replace(dead)
        for n in range(30):  # three seconds: the settings file is looked at more than once
            stream.collect([float(n)])
            stream.collect(["no number"])
            await asyncio.sleep(0.1)
        report = await pipeline.flush(20)
        print(report.stored, report.dead_lettered)

asyncio.run(live())
"""


@pytest.mark.parametrize("kind", ["pipe", "link", "huge"])
def test_no_files(tmp_path: Path, kind: str) -> None:
    """Settings file and dead letters become something else under a running process: it goes on,
    stores, and ends; nothing is written through a link."""
    other = tmp_path / "dead.other"
    other.write_text("keep me")
    os.chmod(other, 0o666)
    names = [str(tmp_path / name) for name in ("settings", "dead", "store")]
    found = ended(["-c", FILES, *names, kind], {}, tmp_path)
    assert (found.returncode, found.stdout) == (0, "30 {'encode': 30}\n"), found.stderr
    assert other.read_text() == "keep me"
    assert "dead letters were not written to the dead-letter file" in found.stderr
    said = {"pipe": "cannot be read: it is a pipe", "huge": "cannot be read: it is larger than"}
    # Of links: Kubernetes mounts its config maps so. This one leads nowhere: it is gone.
    assert said.get(kind, "the settings file was removed") in found.stderr
