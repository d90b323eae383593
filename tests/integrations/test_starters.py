"""What ``aiocollect init`` writes runs as it is: each is started, asked and looked at by the lines
in its own docstring, and ends in order at SIGTERM with every row in the store."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aiocollect.cli.main import main
from aiocollect.typing import METADATA
from tests.support.external_servers import environment, free_port

pytestmark = [pytest.mark.slow, pytest.mark.children]

SERVERS = ("fastapi", "aiohttp", "flask")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """As a newcomer has it: nothing is set, and the environment's commands are found."""
    bare = environment(tmp_path)
    del bare["AIOCOLLECT_STORE"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{bare['PATH']}"
    return {**bare, "PATH": path, "PYTHONUNBUFFERED": "1"}


def written(path: Path, kind: str, *more: str) -> dict[str, str]:
    """Write the program to ``path``; the lines of its docstring by their first word."""
    assert main(["init", kind, "--out", str(path), *more]) == 0
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40
    return dict(re.findall(r"^(\w+): +(.+)$", text.split('"""')[1], re.MULTILINE))


def run(line: str, directory: Path, environ: dict[str, str]) -> str:
    """What a line of the docstring prints, typed into a shell."""
    done = subprocess.run(
        ["sh", "-c", line], cwd=directory, env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def tail(
    lines: dict[str, str], directory: Path, environ: dict[str, str]
) -> set[tuple[str, float, float]]:
    """Id, age and plan of each row that the line of the docstring shows."""
    shown = csv.DictReader(run(lines["Rows"], directory, environ).splitlines())
    rows = [(row[METADATA[0]], float(row["age"]), float(row["plan"])) for row in shown]
    assert len(rows) == len(set(rows))
    return set(rows)


@contextmanager
def started(line: str, directory: Path, environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The program, until the end of the block; it is killed where it still runs."""
    with subprocess.Popen(
        shlex.split(line),
        cwd=directory,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def listening(process: subprocess.Popen[str]) -> None:
    """Wait until the server says that it listens."""
    said = ""
    assert process.stdout is not None
    while not re.search(r"http://127\.0\.0\.1:\d+", said):
        line = process.stdout.readline()
        assert line, said
        said += line


@pytest.mark.parametrize("kind", SERVERS)
def test_a_server(kind: str, tmp_path: Path, environ: dict[str, str]) -> None:
    """Started, asked and watched by its own lines; after SIGTERM, every row is in ``tail``."""
    lines = written(tmp_path / "server.py", kind, "--port", str(free_port()))
    assert lines.keys() == {"Needs", "Start", "Score", "Watch", "Rows"}
    with started(lines["Start"], tmp_path, environ) as process:
        listening(process)
        first, second = (json.loads(run(lines["Score"], tmp_path, environ)) for _ in range(2))
        assert first["p"] == second["p"] == [0.35]
        assert first["id"] != second["id"]
        if lines["Watch"].startswith("http"):
            assert "<title>" in run(f"curl -sf {lines['Watch']}", tmp_path, environ)
        else:
            # The page reads the files of the workers.
            assert lines["Watch"] == "aiocollect ui ./status"
            while not list((tmp_path / "status").glob("*.json")):
                time.sleep(0.02)
        process.terminate()
        said = process.communicate(timeout=60)[0]
    assert "aiocollect:" not in said  # what it says of rows lost at exit
    assert "Traceback" not in said
    assert tail(lines, tmp_path, environ) == {
        (first["id"], 35.0, 2.5),
        (second["id"], 35.0, 2.5),
    }


def test_a_script(tmp_path: Path, environ: dict[str, str]) -> None:
    """By its own lines: it scores what stands on its stdin, and reports."""
    lines = written(tmp_path / "score.py", "script")
    assert run(lines["Start"], tmp_path, environ) == "[0.35]\n"
    assert [row[1:] for row in tail(lines, tmp_path, environ)] == [(35.0, 2.5)]


def test_sigterm_ends_a_script_in_order(tmp_path: Path, environ: dict[str, str]) -> None:
    """While it waits for more: what was scored is stored."""
    lines = written(tmp_path / "score.py", "script")
    with started(lines["Start"].partition("| ")[2], tmp_path, environ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("[[35, 2.5], [200, 1]]\n")
        process.stdin.flush()
        assert process.stdout.readline() == "[0.35, 1.0]\n"
        process.terminate()
        assert process.wait(timeout=60) == 1
    rows = {row[1:] for row in tail(lines, tmp_path, environ)}
    assert rows == {(35.0, 2.5), (200.0, 1.0)}


def test_it_needs_what_it_says(tmp_path: Path) -> None:
    """``Needs`` names each package that the program imports or is started with."""
    known = {*sys.stdlib_module_names, "aiocollect", "aiohttp"}
    for kind in (*SERVERS, "script"):
        path = tmp_path / f"{kind}_program.py"
        lines = written(path, kind)
        imported = set(re.findall(r"^(?:from|import) (\w+)", path.read_text(), re.MULTILINE))
        started_with = {shlex.split(lines["Start"])[0]} - {"python", "echo"}
        needs = set(shlex.split(lines["Needs"])) - {"pip", "install", "aiocollect[read]"}
        assert needs == (imported | started_with) - known


def test_printed_it_is_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On stdout the program alone; where it does not go to a terminal, its lines on stderr."""
    path = tmp_path / "server.py"
    written(path, "fastapi")
    capsys.readouterr()
    assert main(["init", "fastapi"]) == 0
    said = capsys.readouterr()
    assert said.out == path.read_text()
    assert "Start: python server.py\n" in said.err
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert main(["init", "fastapi"]) == 0
    assert capsys.readouterr() == (path.read_text(), "")


def test_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object: the program, its lines by their words, and what is not installed."""
    lines = written(tmp_path / "server.py", "aiohttp")
    capsys.readouterr()
    assert main(["init", "aiohttp", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {
        **{word.lower(): line for word, line in lines.items()},
        "missing": [],
        "file": None,
        "program": (tmp_path / "server.py").read_text(),
    }


def test_another_name(tmp_path: Path) -> None:
    """It stands in the lines too, as a file and as a module."""
    assert written(tmp_path / "risk.py", "aiohttp")["Start"] == "python risk.py"
    assert written(tmp_path / "my_app.py", "flask")["Start"].endswith(" my_app:app")
    assert written(tmp_path / "batch.py", "script")["Start"].endswith(" | python batch.py")


@pytest.mark.parametrize(
    ("out", "more", "why"),
    [
        ("server.txt", (), "server.txt cannot be imported; use a name such as server.py"),
        ("my-server.py", (), "my-server.py cannot be imported; use a name such as server.py"),
        ("fastapi.py", (), "fastapi.py would hide the package fastapi from Python; use a name"),
        ("uvicorn.py", (), "uvicorn.py would hide the package uvicorn from Python; use a name"),
        ("there.py", (), "there.py exists, and is not overwritten; use another name"),
        ("no/such.py", (), "such.py (No such file or directory); use another --out"),
        ("server.py", ("--port", "0"), "port 0 is out of range; use 1 to 65535"),
    ],
)
def test_what_is_refused(
    out: str, more: tuple[str, ...], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do about it; nothing is written."""
    (tmp_path / "there.py").write_text("mine")
    assert main(["init", "fastapi", "--out", str(tmp_path / out), *more]) == 1
    assert why in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["there.py"]
    assert (tmp_path / "there.py").read_text() == "mine"


def test_it_says_what_is_not_installed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the line that installs it."""
    for name in ("flask", "gunicorn"):
        monkeypatch.setitem(sys.modules, name, None)
    assert main(["init", "flask"]) == 0
    said = "aiocollect: not installed here: flask, gunicorn; pip install flask gunicorn"
    assert said in capsys.readouterr().err
