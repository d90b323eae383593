"""The whole demo, as a user runs it: in a process of its own, from another folder."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import urllib.request
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


def ask(address: str, path: str, *, name: str | None = None) -> bytes:
    """GET of the page, or the POST of its button."""
    where, _, token = address.partition("?token=")
    request = urllib.request.Request(where + path, headers={"Authorization": f"Bearer {token}"})
    if name is not None:
        request.data = json.dumps({"name": name}).encode()
        request.add_header("Content-Type", "application/json")
        request.add_header("Sec-Fetch-Site", "same-origin")
    with urllib.request.urlopen(request, timeout=30) as answer:
        found = answer.read()
    assert isinstance(found, bytes)
    return found


@pytest.mark.timeout(110)
def test_the_demo_ends_by_itself_with_a_good_verdict(tmp_path: Path) -> None:
    """Every answered row is stored once, over faults and a restart under load: whether a person
    presses the buttons of the page or the script does. The commands that it names work."""
    command = [sys.executable, "-m", "aiocollect.cli", "demo", "--seconds", "4", "--json"]
    with (tmp_path / "errors").open("w") as errors:
        process = subprocess.Popen(
            [*command, "--no-browser"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    before = [process.stdout.readline() for _ in range(2)]
    address = before[1].split()[1]
    # Our own press, as the page makes it. The server may not even be there yet.
    assert ask(address, "faults", name="down") == b"done"
    assert b"showFaults" in ask(address, "live/faults.js")
    shown = json.loads(ask(address, "status.json"))["faults"]
    assert [one["name"] for one in shown["buttons"] if one["by"] == "you"] == ["down"]
    with process:
        output = process.stdout.read()
    assert process.returncode == 0, output + (tmp_path / "errors").read_text()
    assert "second  requests/s" in output.splitlines()[2]  # four lines, and the first picture
    found = json.loads(output.splitlines()[-1])
    assert found["verdict"] == "good"
    assert [found[name] for name in ("lost", "doubled", "torn", "wrong")] == [0, 0, 0, 0]
    others = dict.fromkeys(("lose", "slow", "restart"), "the script")
    assert found["pressed"] == {"down": "you", **others}
    rows, stored = found["answered"]["rows"], found["stored"]
    assert stored["churn/inputs"] == stored["churn/predictions"] > 0
    assert stored["churn/inputs"] + stored["tumour/predictions"] == rows
    # Two servers, one after the other, each with all of its rows stored.
    assert len(found["restarts"]) == 1
    first, second = (server["report"] for server in found["servers"])
    for report in (first, second):
        assert report["accepted"] == report["stored"] > 0
    collected = sum(stored.values()) + found["unclaimed"]
    assert first["accepted"] + second["accepted"] == collected
    # What it says about its load adds up.
    load = found["load"]
    assert load["scheduled"] == 2400 == load["sent"] + load["unsent"]
    assert load["sent"] == load["answered"] + load["failed"]
    assert load["answered"] == found["answered"]["requests"]
    # The files are where it says, and hold what it says; three days before have rows too.
    lines, days = 0, set()
    for path in found["files"]:
        with Path(found["paths"]["store"], path).open(encoding="utf-8", newline="") as file:
            header, *cells = csv.reader(file)
        assert header[-1] == "$aml_dc_row"
        days.add(tuple(Path(path).parts[-4:-1]))
        lines += sum(not row[-3].startswith("earlier-") for row in cells)
    assert lines == collected
    assert len(days) >= 4
    # For people: the faults, the restart, the verdict, what to try next.
    for words in ("store is down", "SIGTERM", "Verdict: good", "Try next"):
        assert words in output
    assert len(found["next"]) == 3
    for line in found["next"]:
        tried(line, tmp_path)


def tried(line: str, folder: Path) -> None:
    """A command that the demo names works from another folder as it stands, in a shell."""
    serves = " ui " in line
    if serves:
        line = f"exec {line} --no-browser"
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        line, shell=True, cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    if serves:
        assert process.stdout is not None
        address = process.stdout.readline()
        process.terminate()
        assert address.startswith("http://127.0.0.1:"), process.communicate()
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, line + output + errors
    assert serves or output


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
