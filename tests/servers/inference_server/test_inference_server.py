"""The documented scoring file under Azure ML's own server, in a process of its own: what it has
answered with 200 before SIGTERM is stored, once and in order."""

from __future__ import annotations

import csv
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

import aiocollect

HERE = Path(__file__).parent
PACKAGE = Path(aiocollect.__file__).parents[1]
PYTHON = Path(__file__).parents[3] / ".venv-inference" / "bin" / "python"
# What the command azmlinfsrv runs; it has no option for its address, and would listen everywhere.
AZMLINFSRV = """
from azureml_inference_server_http import amlserver
amlserver.DEFAULT_HOST = "127.0.0.1"
amlserver.run()
"""
REQUESTS = 50

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="azureml-inference-server-http is not installed: make inference"
)


def free_port() -> int:
    """One that nobody listens at now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def ask(port: int, path: str, body: str | None = None) -> tuple[int, bytes]:
    """Status and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        kind = {"Content-Type": "application/json"}
        connection.request("GET" if body is None else "POST", path, body, kind)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def until_alive(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Ask until it answers; the server has no other way to say that it has begun."""
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            if ask(port, "/")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def stored(store: Path, identifier: str) -> list[list[list[float]]]:
    """The rows of each of an identifier's files, in their order."""
    files = []
    for path in sorted(store.rglob("*.csv")):
        if path.parts[-5] == identifier:
            with path.open(newline="") as file:
                rows = list(csv.DictReader(file))
            files.append(
                [
                    [float(cell) for name, cell in row.items() if not name.startswith("$")]
                    for row in rows
                ]
            )
    return files


@pytest.mark.parametrize("preload", ["false", "true"], ids=["", "preload"])
@pytest.mark.parametrize("workers", [1, 2])
def test_the_documented_scoring_file(workers: int, preload: str, tmp_path: Path) -> None:
    """Each worker stores its rows when SIGTERM ends it, forked before or after init()."""
    store, log, port = tmp_path / "modeldata", tmp_path / "log", free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIOCOLLECT_", "AML_", "AZUREML_"))
    } | {
        "AIOCOLLECT_STORE": f"file://{store}",
        "PYTHONPATH": str(PACKAGE),
        "WORKER_COUNT": str(workers),
        "WORKER_PRELOAD": preload,
        "AML_APP_INSIGHTS_ENABLED": "false",
    }
    command: list[str | Path] = [
        PYTHON,
        "-c",
        AZMLINFSRV,
        "--entry_script",
        HERE / "score.py",
        "--port",
        str(port),
    ]
    answered = []
    with (
        log.open("wb") as said,
        subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=said, stderr=subprocess.STDOUT
        ) as server,
    ):
        try:
            until_alive(port, server, log)
            for number in range(REQUESTS):
                rows = [[number, 1.0, 2.0, 3.0, 4.0, 5.5], [float(number)] * 6]
                status, body = ask(port, "/score", json.dumps({"data": rows}))
                assert status == 200, log.read_text()
                answered.append((rows, json.loads(body)))
            # Refused by the scoring file, and so neither answered with 200 nor stored.
            assert ask(port, "/score", "{}")[0] == 500
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) == 0, log.read_text()
        finally:
            server.kill()
    # What is said of rows lost at exit begins its line.
    assert "\naiocollect:" not in log.read_text()
    inputs = [row for rows, _ in answered for row in rows]
    predictions = [row for _, rows in answered for row in rows]
    for identifier, expected in (("inputs", inputs), ("predictions", predictions)):
        files = stored(store, identifier)
        if workers == 1:
            assert files == [expected]
        assert sorted(row for rows in files for row in rows) == sorted(expected)
        if identifier == "predictions":
            # Without correlations each worker has a file of its own, in the order of the answers.
            for rows in files:
                places = [expected.index(row) for row in rows]
                assert places == sorted(places)
