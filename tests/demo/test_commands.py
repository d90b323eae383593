"""What the demo says to try next fits where it ran."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aiocollect.demo.commands import next_commands
from aiocollect.demo.place import DemoPlace

SECRET = "https://account.blob.core.windows.net/modeldata?sv=2024&sig=s3cret"


def test_paths_are_absolute_and_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the lines work from any folder, whatever its name."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    commands = [
        one.command for one in next_commands(DemoPlace(None, None, folder=Path("a folder")))
    ]
    assert len(commands) == 3
    for command in commands:
        assert f"--store '{folder}/modeldata'" in command


def test_in_a_store_that_was_given_the_demo_has_a_workspace_of_its_own(tmp_path: Path) -> None:
    """Others' rows may be there, of models with the same names."""
    place = DemoPlace(str(tmp_path), None, folder=tmp_path)
    assert place.environment["AIOCOLLECT_WORKSPACE"] == "demo/demo/demo"
    for one in next_commands(place):
        assert "--workspace demo/demo/demo --service demo" in one.command


def test_a_secret_is_in_no_command_and_in_no_line(tmp_path: Path) -> None:
    """It reaches the server through its environment alone."""
    place = DemoPlace(SECRET, None, folder=tmp_path)
    assert "s3cret" not in place.where + repr(place) + str(next_commands(place))
    assert place.environment["AIOCOLLECT_STORE"] == SECRET


def test_a_store_that_ends_with_the_demo_is_read_by_no_command(tmp_path: Path) -> None:
    """The emulator that make demo starts ends with it."""
    address = "azurite://127.0.0.1:10000/modeldata"
    assert next_commands(DemoPlace(address, None, folder=tmp_path, stays=False)) == []
    assert len(next_commands(DemoPlace(address, None, folder=tmp_path))) == 3


def test_without_pyarrow_it_names_commands_that_need_none(tmp_path: Path) -> None:
    """They run in an interpreter that has no pyarrow: the environment of make demo."""
    script = f"""
import asyncio, shlex, sys
from pathlib import Path
sys.modules["pyarrow"] = None  # as where it is not installed
from aiocollect.cli import main
from aiocollect.demo import commands
from aiocollect.demo.history import record_earlier_days
from aiocollect.demo.place import DemoPlace
place = DemoPlace(None, None, folder=Path({str(tmp_path)!r}))
asyncio.run(record_earlier_days(place))
*named, install = commands.next_commands(place)
assert "pip install" in install.command
for one in named:
    words = shlex.split(one.command)
    assert main(words[next(k for k, word in enumerate(words) if word in ("ls", "verify")):]) == 0
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "proven: every" in done.stdout
    assert "churn/10/inputs" in done.stdout
