"""The examples with a middleware, each a real server in a process of its own: what it answered
before SIGTERM is stored once, under the id that the request has brought."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import aiocollect
from tests.support.external_servers import ask, external_server

EXAMPLES = Path(__file__).parents[2] / "examples"
ID, ROW = "$aml_dc_correlation_id", "$aml_dc_row"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
# Headers of a request, and the id that its rows must have; None: one of ours.
BROUGHT: list[tuple[dict[str, str], str | None]] = [
    ({"X-Request-ID": "first-1"}, "first-1"),
    ({"x-ms-request-id": "second:2"}, "second:2"),
    ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE),
    ({"x-request-id": "a", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, "a"),
    ({"x-request-id": "=cmd|' /C calc'!A0"}, None),
    ({}, None),
]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that the examples are told to record to."""
    for name in [name for name in os.environ if name.startswith(("AIOCOLLECT_", "AML_"))]:
        monkeypatch.delenv(name)
    directory = tmp_path / "modeldata"
    monkeypatch.setenv("AIOCOLLECT_STORE", f"file://{directory}")
    # Found by the name alone, as if installed: the package that this test imports.
    monkeypatch.setenv("PYTHONPATH", str(Path(aiocollect.__file__).parents[1]))
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    monkeypatch.setenv("PORT", "0")
    return directory


@contextmanager
def serving(directory: Path, example: str, *command: str, ends: int = 0) -> Iterator[int]:
    """A copy of the example, served at the port given, until SIGTERM ends it with ``ends``."""
    shutil.copy(EXAMPLES / example, directory)
    with external_server(sys.executable, *command, directory=directory) as server:
        yield server.port
        assert server.stop() == ends, server.output
        assert "aiocollect:" not in server.output  # what it says of rows lost at exit


Answer = tuple[list[list[float]], str | None, dict[str, Any]]


def scored(port: int) -> list[Answer]:
    """Score once with each kind of header: what was sent, the id brought, and the answer."""
    answers = []
    for number, (headers, wanted) in enumerate(BROUGHT):
        rows = [[float(number), 1.5], [90.0, float(number)]]
        # A server of Flask tells JSON by its type.
        kind = {"Content-Type": "application/json"}
        status, body = ask(port, "/score", body=json.dumps(rows), headers={**headers, **kind})
        assert status == 200, body
        answers.append((rows, wanted, json.loads(body)))
    return answers


def stored(store: Path, identifier: str) -> list[dict[str, str]]:
    """All rows of an identifier; none may be there twice."""
    found: list[dict[str, str]] = []
    for path in store.rglob("*.csv"):
        if path.parts[-5] == identifier:
            with path.open(newline="") as file:
                found += csv.DictReader(file)
    keys = [(cells[ID], cells[ROW]) for cells in found]
    assert len(keys) == len(set(keys)), "doubled"
    return found


def audit(store: Path, answers: list[Answer]) -> None:
    """Stored is what was sent and answered, under the ids brought, and nothing else."""
    inputs, predictions = {}, {}
    for rows, wanted, answer in answers:
        assert answer["id"]
        # One of ours is a UUID of version 8.
        assert answer["id"] == wanted or (wanted is None and answer["id"][14] == "8"), answer
        for place, (row, p) in enumerate(zip(rows, answer["p"], strict=True)):
            inputs[answer["id"], str(place)] = row
            predictions[answer["id"], str(place)] = [p]
    for identifier, expected in (("inputs", inputs), ("predictions", predictions)):
        found = {
            (cells[ID], cells[ROW]): [
                float(cell) for name, cell in cells.items() if not name.startswith("$aml_")
            ]
            for cells in stored(store, identifier)
        }
        assert found == expected


def test_starlette(tmp_path: Path, store: Path) -> None:
    """Under uvicorn; and each request is a row, with status, bodies up to the cap, and exception,
    under the id that its inputs have."""
    command = ("-m", "uvicorn", "starlette_middleware:app", "--port", "0")
    # It ends itself by the signal that it got, once all is done.
    with serving(tmp_path, "starlette_middleware.py", *command, ends=-signal.SIGTERM) as port:
        answers = scored(port)
        assert ask(port, "/healthz") == (200, b"")
        counted = "".join(f"{number}\n" for number in range(10_000))
        headers = {"User-Agent": "test", "Authorization": "Bearer s3cret", "x-request-id": "long"}
        assert ask(port, "/count?token=s3cret", headers=headers) == (200, counted.encode())
        assert ask(port, "/score", body="no json", headers={"x-request-id": "bad"})[0] == 500
    audit(store, answers)
    rows = {cells[ID]: cells for cells in stored(store, "requests")}
    assert rows.keys() == {answer["id"] for *_, answer in answers} | {"long", "bad"}
    for sent, _, answer in answers:
        cells = rows[answer["id"]]
        assert (cells["method"], cells["path"], cells["status"]) == ("POST", "/score", "200")
        assert (json.loads(cells["request"]), json.loads(cells["response"])) == (sent, answer)
        assert cells["exception"] == ""
        assert float(cells["latency_ms"]) >= 0
    long, bad = rows["long"], rows["bad"]
    assert (long["response"], long["response_bytes"]) == (counted[:1024], str(len(counted)))
    assert json.loads(long["headers"]) == {"user-agent": "test"}
    assert (bad["exception"], bad["request"], bad["status"]) == ("JSONDecodeError", "no json", "")
    for path in store.rglob("*.csv"):
        assert "s3cret" not in path.read_text()


def test_aiohttp(tmp_path: Path, store: Path) -> None:
    """Under its own runner."""
    with serving(tmp_path, "aiohttp_middleware.py", "aiohttp_middleware.py") as port:
        answers = scored(port)
        assert ask(port, "/healthz")[0] == 200
    audit(store, answers)


@pytest.mark.parametrize("options", [(), ("--preload",)], ids=["", "preload"])
def test_flask(options: tuple[str, ...], tmp_path: Path, store: Path) -> None:
    """Under gunicorn with two workers, forked before or after the pipeline was made."""
    command = ("-m", "gunicorn", "--workers", "2", "--bind", "127.0.0.1:0", *options)
    with serving(tmp_path, "flask_server.py", *command, "flask_server:app") as port:
        answers = scored(port)
        assert ask(port, "/healthz")[0] == 200
    audit(store, answers)
