"""docs/how-to/reading.md: its code runs as it stands, on files that a pipeline has written."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aiocollect import Pipeline
from aiocollect.reading.api import read as read_function
from tests.house.examples import blocks
from tests.house.pages import read

PAGE = read("docs/how-to/reading.md")


def test_the_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other, as they are read."""

    async def main() -> None:
        async with Pipeline("./modeldata") as pipeline:
            model = pipeline.model("churn", version="10", inputs=["age"], predictions=["p"])
            model.collect(
                inputs=[[41], [7]],
                predictions=[[0.5], [0.1]],
                at=datetime(2026, 11, 3, tzinfo=UTC),
            )
            model.collect(inputs=[[1]], predictions=[[0.2]])

    monkeypatch.chdir(tmp_path)
    asyncio.run(main())
    names: dict[str, Any] = {}
    for code in blocks("docs/how-to/reading.md"):
        exec(compile(code, "docs/how-to/reading.md", "exec"), names)
    assert capsys.readouterr().out.split("\n")[0] == "2"
    assert asyncio.run(names["rows_of_today"]()) == 1
    assert names["again"].to_arrow()["age"].to_pylist() == [41, 7]


def test_each_option_is_on_the_page() -> None:
    """But those that it has in common with a Pipeline."""
    options = set(read_function.__kwdefaults__ or {})
    shared = {"version", "container", "credential", "workspace", "service", "store_options"}
    table = PAGE.partition("| option |")[2].partition("\n\n")[0]
    told = {
        name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert told == options - shared
