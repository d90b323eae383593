"""aiocollect ls, head and cat: rows on stdout, everything else on stderr."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiocollect import Pipeline
from aiocollect.cli import main

DAY = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Twelve rows of a model, one of another; the environment names it."""

    async def write() -> None:
        async with Pipeline(tmp_path / "data") as pipeline:
            churn = pipeline.model("churn", version="10", inputs=["n", "text"], predictions=["p"])
            churn.collect(
                inputs=[[n, 'a,"\n\x1b[31m' if n == 1 else None] for n in range(12)],
                predictions=[[n / 4] for n in range(12)],
                at=DAY,
            )
            pipeline.model("fraud", inputs=["x"]).collect(inputs=[[1]], at=DAY)

    asyncio.run(write())
    url = f"file://{tmp_path}/data"
    monkeypatch.setenv("AIOCOLLECT_STORE", url)
    return url


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    assert main(arguments) == code
    out, err = capsys.readouterr()
    return out, err


def test_ls(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Streams by their names; as JSON for others; 3 for nothing."""
    out, err = said(capsys, "ls")
    lines = [line.split() for line in out.splitlines()]
    assert [line[0] for line in lines] == [
        *("stream", "churn/10/inputs", "churn/10/predictions", "fraud/default/inputs")
    ]
    assert lines[1][1] == "1"
    assert lines[1][3:5] == ["2026-01-31", "2026-02-01"]
    assert (lines[1][5], lines[1][-1]) == ("-", "ago")
    assert not err
    out, _ = said(capsys, "ls", "churn/10/inputs", "--json", "--store", store)
    (info,) = map(json.loads, out.splitlines())
    assert (info["model"], info["version"], info["stream"]) == ("churn", "10", "inputs")
    assert info["bytes"] > 100
    assert datetime.fromisoformat(info["changed"]) <= datetime.now(UTC)
    assert info["compacted"] is None
    for name, words in (
        ("nobody", "nothing in the store has the name nobody; there are churn, fraud"),
        ("chrun", "the name chrun; did you mean 'churn'?"),
        ("churn/10/input", "did you mean 'churn/10/inputs'?"),
    ):
        out, err = said(capsys, "ls", name, code=3)
        assert not out
        assert words in err
    _, err = said(capsys, "ls", "--service", "other", code=3)
    assert "there is nothing under this workspace, service and layout" in err


def test_head(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten rows as a table, joined; nothing in it that a terminal obeys."""
    out, err = said(capsys, "head", "churn", "--columns", "n,text,p")
    lines = out.splitlines()
    assert lines[0].split() == ["n", "text", "p"]
    assert len(lines) == 11
    assert lines[2].split() == ["1", r'a,"\n\x1b[31m', "0.25"]
    assert "\x1b" not in out
    assert not err
    out, _ = said(capsys, "head", "churn/10/predictions", "-n", "2", "--json", "--columns", "p")
    assert [json.loads(line) for line in out.splitlines()] == [{"p": 0.0}, {"p": 0.25}]


def test_cat(store: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """All rows as CSV that is like ours."""
    assert main(["cat", "churn/10/inputs"]) == 0
    out, _ = capsysbinary.readouterr()
    rows = list(csv.reader(io.StringIO(out.decode(), newline="")))
    assert len(rows) == 13
    assert rows[0][:2] == ["n", "text"]
    assert rows[2][:2] == ["1", 'a,"\n\x1b[31m']
    assert main(["cat", "churn", "--since", "2026-02-01"]) == 0
    _, err = capsysbinary.readouterr()
    assert b"there is nothing from 2026-02-01" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("head", "chrun"), "did you mean 'churn'?"),
        (("head", "churn/11"), "no version '11'"),
        (("cat", "churn/10/input"), "did you mean 'inputs'?"),
        (("cat", "a/b/c/d"), "is not a name"),
        (("cat", "churn", "--since", "soon"), "start must be a date"),
        (("head", "churn", "--columns", "q"), "columns names 'q'"),
        (("ls", "--store", "nowhere"), "neither a URL nor a path"),
        (("ls", "--layout", "weekly"), "layout='weekly' is not valid"),
        (("stats", "chrun"), "did you mean 'churn'?"),
        (("stats", "churn", "--against", "7d"), "--against 7d is not a span"),
    ],
)
def test_what_is_wrong_is_said(
    store: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    """On stderr, with what there is; 1."""
    out, err = said(capsys, *arguments, code=1)
    assert not out
    assert words in err


def test_stats(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows per day and what they lack; as JSON for others; 3 for nothing. No cell is shown."""
    out, err = said(capsys, "stats", "churn/10")
    lines = out.splitlines()
    assert lines[0] == "2026-01-31 to 2026-01-31: 12 rows, 100.0% paired"
    assert lines[2].split() == ["2026-01-31", "12", "100.0%"]
    table = {line.split()[0]: line.split()[1:] for line in lines[4:]}
    assert table["n"] == ["int64", "0.0%", "0.0%", "12"]
    assert table["text"] == ["string", "91.7%", "1"]
    assert "a," not in out
    assert not err
    out, _ = said(capsys, "stats", "churn/10", "--json")
    found = json.loads(out)
    assert found["rows"] == 12
    assert found["days"] == [
        {"day": "2026-01-31", "rows": 12, "paired_share": 1.0, "labelled_share": None}
    ]
    assert found["columns"][0]["now"] == {
        "type": "int64", "missing_share": 0.0, "nan_share": 0.0, "different": 12
    }  # fmt: skip
    _, err = said(capsys, "stats", "churn/10", "--since", "2026-02-01", code=3)
    assert "there are no rows in this span" in err


def test_stats_against_a_baseline(
    store: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Each column beside itself; a new category is named where its name is asked for."""

    async def write() -> None:
        async with Pipeline(tmp_path / "data") as pipeline:
            churn = pipeline.model("churn", version="10", inputs=["n", "text"], predictions=["p"])
            for day, cells in ((-7, ["x", "y"]), (0, ["x", "new\x1b"])):
                churn.collect(
                    inputs=[[n + 9 * (day == 0), cells[n % 2]] for n in range(12)],
                    predictions=[[n / 4] for n in range(12)],
                    at=DAY + timedelta(days=30 + day),
                )

    asyncio.run(write())
    span = ("--since", "2026-03-01", "--against", "2026-02-01..2026-03-01")
    out, err = said(capsys, "stats", "churn/10", *span)
    assert "against 2026-02-23 to 2026-02-23: 12 rows, 100.0% paired" in out
    lines = out.partition("new categories")[2].splitlines()[1:]
    rows = {line.split()[0]: line for line in lines}
    assert list(rows) == ["text", "n", "p"] or list(rows) == ["n", "text", "p"]
    assert "1 (50.0%)" in rows["text"]
    assert "new" not in rows["text"]
    assert " 0.000 " in rows["p"]
    assert "with fewer than 200 rows" in err
    out, _ = said(capsys, "stats", "churn/10", *span, "--values")
    assert r"1 (50.0%): new\x1b" in out
    out, _ = said(capsys, "stats", "churn/10", *span, "--json")
    found = json.loads(out)
    columns = {one["column"]: one for one in found["columns"]}
    assert found["against"]["rows"] == 12
    assert columns["p"]["psi"] == 0.0
    assert columns["text"]["new_categories"] == 1
    assert "new" not in columns["text"]
    _, err = said(capsys, "stats", "churn", "--against", "2020-01-01..2020-02-01", code=3)
    assert "there are no rows to compare with" in err


def test_a_reader_that_has_enough_is_no_error(store: str) -> None:
    """aiocollect cat | head."""
    command = f"{sys.executable} -m aiocollect.cli cat churn/10/inputs | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("n,text,")
    assert not done.stderr
