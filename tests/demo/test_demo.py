"""The whole demo, as a user runs it: in a process of its own, from another folder."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """``aiocollect`` with these arguments, in ``folder``."""
    return subprocess.run(
        [sys.executable, "-m", "aiocollect.cli", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON object in the last line of stdout."""
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


@pytest.mark.timeout(110)
def test_the_demo_ends_by_itself_with_a_good_verdict(tmp_path: Path) -> None:
    """Every answered row is stored once, over a restart under load; the last line says so."""
    done = run("demo", "--seconds", "4", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    found = result(done)
    assert found["verdict"] == "good"
    assert [found[name] for name in ("lost", "doubled", "torn", "wrong")] == [0, 0, 0, 0]
    rows = found["answered"]["rows"]
    assert rows > 0
    assert found["stored"] == {"inputs": rows, "predictions": rows}
    # Two servers, one after the other, each with rows of its own, and each with all of them stored.
    first, second = (server["report"] for server in found["servers"])
    for report in (first, second):
        assert report["accepted"] == report["stored"] > 0
    assert first["accepted"] + second["accepted"] == 2 * rows + found["unclaimed"]
    # What it says about its load adds up.
    load = found["load"]
    assert load["scheduled"] == 2400 == load["sent"] + load["unsent"]
    assert load["sent"] == load["answered"] + load["failed"]
    assert load["answered"] == found["answered"]["requests"]
    # The files are where it says, and hold what it says.
    stored = 0
    for path in found["files"]:
        with Path(found["paths"]["store"], path).open(encoding="utf-8", newline="") as file:
            header, *lines = csv.reader(file)
        assert header[-1] == "$aml_dc_row"
        stored += len(lines)
    assert stored == 2 * rows + found["unclaimed"]
    # For people: the columns, the restart, the verdict, the path, what to try next.
    for words in ("requests/s", "SIGTERM under load", "Verdict: good", "data.csv", "Try next"):
        assert words in done.stdout


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("store", "words"),
    [
        # Before anything is started.
        ("file://host/x", "URL of a directory has three slashes"),
        ("gopher://user:s3cret@host/x", "unknown scheme gopher://"),
        ("modeldata", "is neither a URL nor a path"),
        ("'./modeldata'", "--env-file"),
        # So does the auditor.
        ("AccountName=a;AccountKey=s3cret", "a connection string needs a container"),
        # The discard service's port, where nobody listens.
        ("azurite://127.0.0.1:9/modeldata", "the store does not answer"),
    ],
)
def test_a_bad_store_is_named_and_nothing_hangs(store: str, words: str, tmp_path: Path) -> None:
    """A store that cannot be is said in one sentence, without its secret; the exit code is 1."""
    done = run("demo", "--json", "--store", store, folder=tmp_path)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stdout + done.stderr
    assert result(done)["verdict"] == "failed"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("demo", "--seconds", "1"), "1 is not between 2 and 3600"),
        (("demo", "--seconds", "nan"), "nan is not between"),
        (("demo", "--rate", "many"), "'many' is not a number"),
        ((), "required: COMMAND"),
    ],
)
def test_a_bad_command_line_is_refused(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    """A bad value gives one sentence that names it, and exit code 2; nothing is started."""
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    """``aiocollect --version`` says the package's version, and what runs the scoring path."""
    import aiocollect
    from aiocollect.stats import CORE

    done = run("--version", folder=tmp_path)
    line = f"aiocollect {aiocollect.__version__}, core: {CORE}\n"
    assert (done.returncode, done.stdout) == (0, line)
