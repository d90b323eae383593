"""``aiocollect doctor``: lines, JSON and exit codes; on a directory, which it leaves as it was."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from aiocollect.cli import main

SECRET = "c2VjcmV0c2VjcmV0"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of this machine are not the test's."""
    for name in list(os.environ):
        if name.startswith(("AIOCOLLECT_", "AML_")):
            monkeypatch.delenv(name)


def test_a_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All is well, the verdict is last, and nothing is left: not even the directories."""
    store = tmp_path / "new" / "modeldata"
    assert main(["doctor", "--store", str(store)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("ready")
    assert any("create yes, append yes, read yes, list yes, delete yes" in line for line in lines)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_with_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is there stays, and what was made is gone."""
    there = tmp_path / "default" / "default" / "default" / "default" / "churn"
    there.mkdir(parents=True)
    (there / "data.csv").write_text("a\n1\n")
    before = sorted(tmp_path.rglob("*"))
    assert main(["doctor", "--store", str(tmp_path), "--quiet"]) == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object with each check, its state, text and remedy."""
    assert main(["doctor", "--store", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["exit_code"] == 0
    assert found["store"] == str(tmp_path)
    assert {"check", "state", "text", "remedy", "code", "group"} == set(found["checks"][0])


def test_without_writing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says so, and does not say that rows can be stored."""
    assert main(["doctor", "--store", str(tmp_path), "--no-write"]) == 0
    said = capsys.readouterr().out
    assert "nothing was written (--no-write)" in said
    assert "rows can be stored" not in said


@pytest.mark.parametrize(
    ("variables", "code", "words"),
    [
        ({}, 78, "AIOCOLLECT_STORE is not set"),
        ({"AIOCOLLECT_STROE": "/data"}, 78, "rename it to AIOCOLLECT_STORE"),
        ({"AIOCOLLECT_STORE": "'/data'"}, 78, "write it without quotes"),
        ({"AIOCOLLECT_STORE": "/etc/hostname/x"}, 1, "cannot be used as a file"),
        ({"AIOCOLLECT_STORE": f"AccountName=acme;AccountKey={SECRET}"}, 78, "container"),
        ({"AIOCOLLECT_STORE": f"azure://acme/{SECRET}?sig={SECRET}"}, 78, "does not accept"),
        ({"AIOCOLLECT_ENABLED": "false"}, 78, "unset AIOCOLLECT_ENABLED"),
    ],
)
def test_broken_environments(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    code: int,
    words: str,
) -> None:
    """Each is a line with what to do, never a traceback, and never a secret."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["doctor", "--timeout", "20"]) == code
    said = capsys.readouterr()
    assert words in said.out
    assert said.out.splitlines()[-1].startswith("not ready: ")
    assert SECRET not in said.out + said.err
    assert said.err == ""


@pytest.mark.parametrize("timeout", ["soon", "0", "1e9", "nan"])
def test_a_wrong_limit(timeout: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The command line is wrong: 2, as everywhere."""
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--timeout", timeout])
    assert ended.value.code == 2
    assert "timeout" in capsys.readouterr().err
