"""Ray Serve with two replicas on one shared path: what was answered before SIGTERM is stored, no
row is lost, none doubled."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.external_servers import PACKAGE, environment, files_of, free_port

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHON = ROOT / ".venv-ray" / "bin" / "python"
ID, ROW = "$aml_dc_correlation_id", "$aml_dc_row"
REQUESTS = 300

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not PYTHON.exists(), reason="Ray is not installed: make ray"),
]


def ask(port: int, number: int) -> tuple[int, dict[str, object]]:
    """Score two rows, under an id of the request's own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        body = json.dumps([[number, 1], [number, 2]])
        connection.request("POST", "/", body, {"x-request-id": f"r{number}"})
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if response.status == 200 else {}
    finally:
        connection.close()


def stored(store: Path, identifier: str) -> tuple[int, list[tuple[str, str, list[float]]]]:
    """How many files an identifier has, and all of their rows."""
    files = files_of(store, identifier)
    rows = [
        (
            cells[ID],
            cells[ROW],
            [float(cell) for name, cell in cells.items() if not name.startswith("$")],
        )
        for file in files
        for cells in file
    ]
    return len(files), rows


def test_two_replicas_share_a_file(tmp_path: Path) -> None:
    """Each answers some requests; their rows are in one file, each once."""
    store, port = tmp_path / "modeldata", free_port()
    variables = environment(
        store,
        "RAY_",
        # Longer than the run: what is stored was stored by the end of the replicas.
        AIOCOLLECT_LINGER="60",
        PYTHONPATH=f"{PACKAGE}:{tmp_path}",
        RAY_USAGE_STATS_ENABLED="0",
    )
    shutil.copy(ROOT / "examples" / "ray_app.py", tmp_path)
    log = tmp_path / "log"
    command: list[str | Path] = [PYTHON, HERE / "serve_app.py", str(port)]
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as server,
    ):
        try:
            assert server.stdout is not None
            assert any("serving" in line for line in server.stdout), log.read_text()[-9000:]
            with ThreadPoolExecutor(4) as threads:
                answers = list(threads.map(lambda number: ask(port, number), range(REQUESTS)))
            server.send_signal(signal.SIGTERM)
            assert any("ended" in line for line in server.stdout), log.read_text()[-9000:]
            assert server.wait(120) == 0, log.read_text()[-9000:]
        finally:
            server.kill()
    assert [status for status, _ in answers] == [200] * REQUESTS
    assert len({answer["replica"] for _, answer in answers}) == 2
    inputs = [
        (f"r{number}", str(row), [float(number), row + 1.0])
        for number in range(REQUESTS)
        for row in range(2)
    ]
    predictions = [(key, row, [min(1.0, cells[0] / 100)]) for key, row, cells in inputs]
    for identifier, expected in (("inputs", inputs), ("predictions", predictions)):
        files, rows = stored(store, identifier)
        assert files == 1
        assert sorted(rows) == sorted(expected)
