"""The README's example does what the README shows."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.house.examples import blocks
from tests.house.pages import read

TEXT = read("README.md")
[EXAMPLE] = blocks("README.md")
[LINES] = re.findall(r"^```\n(age,.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


async def predict(rows: list[list[float]]) -> list[float]:
    """Stands for the reader's model."""
    return [min(1.0, age / 100) for age, _ in rows]


def test_the_example_stores_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines of the file are those of the README, but for id and time."""
    monkeypatch.setenv("AIOCOLLECT_STORE", f"file://{tmp_path}")
    names: dict[str, Any] = {"predict": predict}
    exec(compile(EXAMPLE, "README.md", "exec"), names)
    shown = list(csv.reader(LINES.splitlines()))
    rows = [[float(cell) for cell in row[:2]] for row in shown[1:]]
    with TestClient(names["app"]) as client:
        answer = client.post("/score", json=rows).json()
    [file] = tmp_path.glob("**/churn/10/inputs/*/*/*/data.csv")
    stored = list(csv.reader(file.read_text().splitlines()))
    assert stored[0] == shown[0]
    assert [(*row[:2], row[4]) for row in stored] == [(*row[:2], row[4]) for row in shown]
    assert {row[2] for row in stored[1:]} == {answer["id"]}
    # Time and id of what is shown belong to one another: the id carries the milliseconds.
    assert re.fullmatch(r"[0-9a-f-]{36}", shown[1][2])
    assert [len(cell) for cell in shown[1]] == [len(cell) for cell in stored[1]]


def test_the_path_that_is_shown() -> None:
    """It is the layout's, with the date of the rows that are shown."""
    day = LINES.splitlines()[1].split(",")[3][:10].replace("-", "/")
    assert f"churn/10/inputs/{day}/data.csv" in TEXT
