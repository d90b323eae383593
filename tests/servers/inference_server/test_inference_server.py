"""The documented scoring file under Azure ML's own server, in a process of its own: what it has
answered with 200 before SIGTERM is stored, once and in order."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.external_servers import environment, files_of, free_port

ROOT = Path(__file__).parents[3]
SCORING_FILE = ROOT / "examples" / "azureml_v1_scoring.py"
PYTHON = ROOT / ".venv-inference" / "bin" / "python"
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
    return [
        [[float(cell) for name, cell in row.items() if not name.startswith("$")] for row in rows]
        for rows in files_of(store, identifier)
    ]


@pytest.mark.parametrize("preload", ["false", "true"], ids=["", "preload"])
@pytest.mark.parametrize("workers", [1, 2])
def test_the_documented_scoring_file(workers: int, preload: str, tmp_path: Path) -> None:
    """Each worker stores its rows when SIGTERM ends it, forked before or after init()."""
    store, log, port = tmp_path / "modeldata", tmp_path / "log", free_port()
    variables = environment(
        store,
        "AZUREML_",
        WORKER_COUNT=str(workers),
        WORKER_PRELOAD=preload,
        AML_APP_INSIGHTS_ENABLED="false",
    )
    command: list[str | Path] = [
        PYTHON,
        "-c",
        AZMLINFSRV,
        "--entry_script",
        SCORING_FILE,
        "--port",
        str(port),
    ]
    answered = []
    with (
        log.open("wb") as said,
        subprocess.Popen(
            command, cwd=tmp_path, env=variables, stdout=said, stderr=subprocess.STDOUT
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
