"""The examples do what they say: every row they score stands in the directory."""

from __future__ import annotations

import asyncio
import csv
import importlib
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from fastapi.testclient import TestClient as FastAPIClient

from aiocollect import Pipeline
from examples.aiohttp_server import make_app
from examples.batch_script import main


def tables(directory: Path) -> dict[str, list[dict[str, str]]]:
    """The stored rows by identifier."""
    found = {}
    for path in directory.rglob("data.csv"):
        with path.open(newline="") as file:
            found[path.parts[-5]] = list(csv.DictReader(file))
    return found


def test_fastapi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inputs and predictions of an answer stand under the id that the client was given."""
    monkeypatch.setenv("AIOCOLLECT_STORE", f"file://{tmp_path}")
    server: Any = importlib.import_module("examples.fastapi_server")
    with FastAPIClient(server.app) as client:
        assert client.get("/healthz").status_code == 200
        answer = client.post("/score", json=[[41, 2], [90, 1]]).json()
    stored = tables(tmp_path)
    assert [row["age"] for row in stored["inputs"]] == ["41.0", "90.0"]
    assert [float(row["p"]) for row in stored["predictions"]] == answer["p"] == [0.41, 0.9]
    ids = {row["$aml_dc_correlation_id"] for rows in stored.values() for row in rows}
    assert ids == {answer["id"]}


@pytest.mark.asyncio
async def test_aiohttp(tmp_path: Path) -> None:
    """What was scored before the server stopped is stored."""
    async with TestClient(TestServer(make_app(Pipeline(tmp_path)))) as client:
        for number in range(5):
            response = await client.post("/score", json=[[number, 0.5]])
            assert (await response.json())["id"]
    assert [row["feat1"] for row in tables(tmp_path)["inputs"]] == list("01234")


def test_batch(tmp_path: Path) -> None:
    """All rows of both streams, in order."""
    assert asyncio.run(main(str(tmp_path))) == 20_000
    stored = tables(tmp_path)
    assert [len(stored[name]) for name in ("inputs", "predictions")] == [10_000, 10_000]
    assert [row["$aml_dc_row"] for row in stored["inputs"]] == [str(n % 500) for n in range(10_000)]
