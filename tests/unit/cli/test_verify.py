"""aiocollect verify: its words and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiocollect import Pipeline
from aiocollect.cli import main

KEY = "a secret that nobody guesses"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A directory with a day of one model."""
    with Pipeline(tmp_path, host="thread", linger=0.01) as pipeline:
        model = pipeline.model("churn", version="10", inputs=["a"], predictions=["p"])
        model.collect(inputs=[[1.0], [2.0]], predictions=[[0.5], [0.5]])
    return tmp_path


def part(store: Path) -> Path:
    (path,) = store.rglob("churn/10/inputs/**/data.csv")
    return path


def test_proven_is_0(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each stream and day, and one for all."""
    assert main(["verify", "churn/10", "--store", str(store)]) == 0
    out = capsys.readouterr().out
    assert "churn/10/inputs" in out
    assert "proven: every accepted row is stored" in out
    assert main(["verify", "--store", str(store), "--json"]) == 0
    days = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(day["stream"], day["state"], day["stored"]) for day in days] == [
        ("inputs", "proven", 2),
        ("predictions", "proven", 2),
    ]


def test_damaged_is_1(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was found, and what to do about it."""
    path = part(store)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\n2", b"\n3"))
    assert main(["verify", "churn/10/inputs", "--store", str(store)]) == 1
    out = capsys.readouterr().out
    assert "- altered:" in out
    assert "restore the blob from a backup" in out
    assert out.splitlines()[-1].startswith("damaged:")


def test_nothing_is_3(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No such name, with what there is; or no such day."""
    for name, words in (
        ("chrun", "there is no model 'chrun'; did you mean 'churn'?"),
        ("churn/9", "there is no version '9'; there are 10"),
        ("churn/10/imputs", "there is no stream 'imputs'; did you mean 'inputs'?"),
    ):
        assert main(["verify", name, "--store", str(store)]) == 3
        assert words in capsys.readouterr().err
    assert main(["verify", "churn/10", "--store", str(store), "--day", "2001-01-01"]) == 3
    assert "nothing in the store has this name and time" in capsys.readouterr().err


def test_a_day_that_is_none(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said, with the form that a day has; and a day is not a span."""
    assert main(["verify", "--store", str(store), "--day", "yesterday"]) != 0
    assert "use YYYY-MM-DD" in capsys.readouterr().err
    assert main(["verify", "--store", str(store), "--day", "2026-01-01", "--since", "1d"]) != 0


def test_the_key_comes_from_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not from the command line, which others can see."""
    with Pipeline(tmp_path, host="thread", linger=0.01, log_key=KEY) as pipeline:
        pipeline.collector("m", version="1", feature_names=["a"]).collect(1.0)
    assert main(["verify", "--store", str(tmp_path)]) == 1
    assert "check it with log_key=" in capsys.readouterr().out
    monkeypatch.setenv("AIOCOLLECT_LOG_KEY", KEY)
    assert main(["verify", "--store", str(tmp_path)]) == 0
