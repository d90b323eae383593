"""The canary of the test run catches what it is there for, and our own emissions hold none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from aiocollect.stores.azure.target import EMULATOR_KEY
from tests.support.canary import CELL
from tests.support.leaks import SECRET

pytestmark = pytest.mark.slow  # Real sockets and processes.


LEAKS = f"""
import logging, sys, warnings
import pytest

SAS = "https://a.blob.core.windows.net/c?sv=1&sig={SECRET}%3D"
KEY = {EMULATOR_KEY!r}
QUOTED = {quote(EMULATOR_KEY, "")!r}
CELL = {CELL!r} + "1"
log = logging.getLogger("somebody")

def test_leaks_message(): log.debug("at " + SAS)
def test_leaks_argument(): log.info("key %s", KEY)
def test_leaks_argument_in_no_text(): log.info("%(a)s", {{"a": 1, "b": QUOTED}})
def test_leaks_misfit(): log.debug(CELL + " %s %s", 1)
def test_leaks_traceback():
    try:
        raise ValueError(CELL)
    except ValueError:
        log.exception("went wrong")
def test_leaks_stdout(): print(SAS)
def test_leaks_stderr(): print("Authorization: Bearer abcdefghij.klm", file=sys.stderr)
@pytest.fixture
def ending():
    yield
    log.debug(CELL)
def test_leaks_teardown(ending): pass
def test_leaks_token(): print("eyJhbGciOiJub25l.eyJhdWQiOiJodHRwcz")
def test_sound(): log.debug("/c?sv=1&sig=REDACTED"); print("nothing"); log.debug("sig=%s", 1)
"""


def run_pytest(tmp_path: Path, text: str, *options: str) -> tuple[int, list[str], str]:
    """The exit code, the names of the tests that failed, and the output, of a run of its own."""
    file = tmp_path / "test_leaks.py"
    file.write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
    ]
    ran = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "-c", str(tmp_path / "pytest.ini"), *options, file],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        # None of the plugins is needed, and they take most of the time.
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    failed = {line.split("::")[1].split(" ")[0] for line in ran.stdout.splitlines() if "::" in line}
    return ran.returncode, sorted(failed), ran.stdout


@pytest.mark.slow
def test_the_canary_catches_a_leak(tmp_path: Path) -> None:
    """Each way to leak fails its test, and only that; without the canary none fails."""
    _, failed, text = run_pytest(tmp_path, LEAKS)
    wanted = sorted(
        line.split("(")[0][4:] for line in LEAKS.splitlines() if "def test_leaks" in line
    )
    assert failed == wanted, text
    assert len(wanted) == 9
    assert "a secret or a cell has leaked" in text
    code, failed, _ = run_pytest(tmp_path, LEAKS, "--no-canary", "-p", "no:logging")
    assert (code, failed) == (0, [])


@pytest.mark.slow
def test_the_canary_catches_a_warning(tmp_path: Path) -> None:
    """A warning comes after its test's result; so it fails the run."""
    warn = f"import warnings\ndef test_one():\n    warnings.warn('key {EMULATOR_KEY}')\n"
    code, _, text = run_pytest(tmp_path, warn)
    assert code == 1
    assert "a secret or a cell has leaked: warning" in text
    code, _, _ = run_pytest(tmp_path, warn.replace(EMULATOR_KEY, "none"))
    assert code == 0
