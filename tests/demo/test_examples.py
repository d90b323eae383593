"""The examples do what they say. Each runs as a copy of its own, next to the installed package, as
whoever copied it would run it; then the stored files are audited."""

from __future__ import annotations

import csv
import http.client
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import aiocollect

EXAMPLES = Path(__file__).parents[2] / "examples"
ID, ROW = "$aml_dc_correlation_id", "$aml_dc_row"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The directory that the examples are told to record to."""
    return tmp_path / "modeldata"


@pytest.fixture
def copied(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[Path, list[str]]]:
    """Copies an example into a directory where nothing else is; gives that, and how to run it."""
    for name in [name for name in os.environ if name.startswith(("AIOCOLLECT_", "AML_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AIOCOLLECT_STORE", f"file://{store}")
    # Found by the name alone, as if installed: the package that this test imports.
    monkeypatch.setenv("PYTHONPATH", str(Path(aiocollect.__file__).parents[1]))
    monkeypatch.setenv("PORT", "0")

    def copy(name: str) -> tuple[Path, list[str]]:
        directory = tmp_path / "alone"
        directory.mkdir()
        shutil.copy(EXAMPLES / name, directory)
        return directory, [sys.executable, "-u", "-W", "error", name]

    return copy


def run(directory: Path, command: list[str]) -> str:
    """What a script says that ends by itself, with success and without a complaint."""
    ended = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


@contextmanager
def serving(directory: Path, command: list[str]) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A server on a port of its choice, ended by SIGTERM with success."""
    with (
        (directory / "log").open("w+") as log,
        subprocess.Popen(
            command, cwd=directory, stdout=subprocess.PIPE, stderr=log, text=True
        ) as server,
    ):
        try:
            assert server.stdout is not None
            found = None
            while not found:
                line = server.stdout.readline()
                assert line, (directory / "log").read_text()
                found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            yield int(found[1]), server
            server.send_signal(signal.SIGTERM)
            assert server.wait(30) == 0
            log.seek(0)
            assert "Traceback" not in log.read()
        finally:
            server.kill()


def post(port: int, rows: list[list[float]]) -> dict[str, Any]:
    """A server's answer. Raises OSError or HTTPException where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/score", json.dumps(rows))
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    assert response.status == 200, body
    answer: dict[str, Any] = json.loads(body)
    return answer


Cells = dict[str, str]


def stored(store: Path, identifier: str) -> dict[tuple[str, int], Cells]:
    """The features of all rows of an identifier by id and row; none may be there twice."""
    found: dict[tuple[str, int], Cells] = {}
    for path in store.rglob("data.csv"):
        if path.parts[-5] == identifier:
            with path.open(newline="") as file:
                for cells in csv.DictReader(file):
                    key = cells[ID], int(cells[ROW])
                    assert key not in found, f"doubled: {key}"
                    found[key] = {n: c for n, c in cells.items() if not n.startswith("$aml_")}
    return found


def audit(store: Path, answers: list[tuple[list[list[float]], dict[str, Any]]]) -> int:
    """Every row of every answer is stored as it was sent and answered, and no row is without its
    pair; returns how many rows there are."""
    inputs, predictions = stored(store, "inputs"), stored(store, "predictions")
    assert inputs.keys() == predictions.keys()
    for rows, answer in answers:
        for number, (sent, p) in enumerate(zip(rows, answer["p"], strict=True)):
            cells = inputs[answer["id"], number]
            assert list(cells) == ["age", "plan"]
            assert [float(cell) for cell in cells.values()] == sent
            assert float(predictions[answer["id"], number]["p"]) == p == min(1, sent[0] / 100)
    return len(inputs)


def test_fastapi(
    copied: Callable[[str], tuple[Path, list[str]]], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own shutdown stores what it answered."""
    directory, _ = copied("fastapi_server.py")
    monkeypatch.syspath_prepend(directory)
    server: Any = importlib.import_module("fastapi_server")
    rows = [[[age, 2.0], [90, 1.0]] for age in range(20)]
    with TestClient(server.app) as client:
        assert client.get("/healthz").status_code == 200
        answers = [(some, client.post("/score", json=some).json()) for some in rows]
    assert audit(store, answers) == 40
    assert not server.pipeline.healthy()


def test_aiohttp(copied: Callable[[str], tuple[Path, list[str]]], store: Path) -> None:
    """So does aiohttp's, at SIGTERM."""
    with serving(*copied("aiohttp_server.py")) as (port, _):
        answers = [(rows, post(port, rows)) for rows in ([[n, 1.5]] for n in range(20))]
    assert audit(store, answers) == 20


def test_thread_pool(copied: Callable[[str], tuple[Path, list[str]]], store: Path) -> None:
    """SIGTERM under load: whatever was answered is stored, once, and the server ends by itself."""
    answers: list[tuple[list[list[float]], dict[str, Any]]] = []
    enough, refused = threading.Event(), threading.Event()

    def client(port: int, number: float) -> None:
        for age in range(100_000):
            rows: list[list[float]] = [[age, number], [age + 0.5, number]]
            try:
                answers.append((rows, post(port, rows)))
            except (OSError, http.client.HTTPException):
                assert enough.is_set(), "refused before SIGTERM"
                refused.set()
                return
            if len(answers) >= 200:
                enough.set()

    with serving(*copied("thread_pool_server.py")) as (port, server):
        clients = [threading.Thread(target=client, args=(port, number)) for number in range(4)]
        for one in clients:
            one.start()
        assert enough.wait(60)
        server.send_signal(signal.SIGTERM)
        for one in clients:
            one.join()
        assert refused.is_set()
        assert server.stdout is not None
        report = server.stdout.read()
    rows = audit(store, answers)
    assert rows >= 2 * len(answers) >= 400
    assert f"accepted {2 * rows} rows: stored {2 * rows}\n" in report


# The user's program: a host that imports the scoring file, and calls it from its threads.
HOST = """
import json
from concurrent.futures import ThreadPoolExecutor

import scoring_file

def call(number):
    rows = [[number, 1.0], [number, 2.5]]
    return rows, scoring_file.run(json.dumps({"data": rows}))

scoring_file.init()
with ThreadPoolExecutor(8) as pool:
    print(json.dumps(list(pool.map(call, range(400)))))
"""


def test_scoring_file(copied: Callable[[str], tuple[Path, list[str]]], store: Path) -> None:
    """Called from eight threads by a host that closes nothing: the interpreter's end stores it."""
    directory, command = copied("scoring_file.py")
    answers = json.loads(run(directory, [*command[:-1], "-c", HOST]))
    assert len({answer["id"] for _, answer in answers}) == 400
    assert audit(store, answers) == 800
    assert "'p': [0.41, 0.9]" in run(directory, command)
    assert len(stored(store, "inputs")) == len(stored(store, "predictions")) == 802


def test_raw_and_processed(copied: Callable[[str], tuple[Path, list[str]]], store: Path) -> None:
    """Before and after preprocessing: the same rows under the same id."""
    correlation_id = run(*copied("raw_and_processed.py")).splitlines()[0]
    wanted = {
        "raw": [{"age": "41", "plan": "gold"}, {"age": "90", "plan": "basic"}],
        "processed": [
            {"decades": "4.1", "basic": "0.0", "gold": "1.0"},
            {"decades": "9.0", "basic": "1.0", "gold": "0.0"},
        ],
        "predictions": [{"p": "0.41"}, {"p": "0.9"}],
    }
    for identifier, rows in wanted.items():
        assert stored(store, identifier) == {(correlation_id, n): c for n, c in enumerate(rows)}


def test_batch(copied: Callable[[str], tuple[Path, list[str]]], store: Path) -> None:
    """All rows of both streams, each score that of its row."""
    directory, command = copied("batch_script.py")
    assert "accepted 20000 rows: stored 20000\n" in run(directory, [*command, str(store)])
    inputs, predictions = stored(store, "inputs"), stored(store, "predictions")
    assert inputs.keys() == predictions.keys()
    assert len(inputs) == 10_000
    for key, cells in inputs.items():
        x, y, z = (float(cell) for cell in cells.values())
        assert float(predictions[key]["score"]) == pytest.approx(0.2 * x - 0.5 * y + 0.1 * z)


# In place of the exporter, which is not installed here, and would want an account.
_STAND_IN = """
import runpy, sys, types
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter

def exporter(connection_string):
    assert connection_string == "InstrumentationKey=1"
    return ConsoleMetricExporter()

found = types.ModuleType("azure.monitor.opentelemetry.exporter")
found.AzureMonitorMetricExporter = exporter
for name in ("azure.monitor", "azure.monitor.opentelemetry"):
    sys.modules[name] = types.ModuleType(name)
sys.modules[found.__name__] = found
runpy.run_path("azure_monitor.py", run_name="__main__")
"""


def test_azure_monitor(
    copied: Callable[[str], tuple[Path, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a stand-in for the exporter: what is exported at the end counts all rows as stored."""
    monkeypatch.setenv("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=1")
    directory, _ = copied("azure_monitor.py")
    exported = json.loads(run(directory, [sys.executable, "-W", "error", "-c", _STAND_IN]))
    metrics = exported["resource_metrics"][0]["scope_metrics"][0]["metrics"]
    values = {one["name"]: one["data"]["data_points"] for one in metrics}
    assert [point["value"] for point in values["aiocollect.rows_stored"]] == [6]
