"""The parts of the core that threads share, without Python, under the thread sanitizer.

The arena with a lock in place of the GIL, and what is written for Pythons without one: a ring and a
budget on atomics. Records must be whole, in order and none too many; no more must be accepted than
there is room for.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tools.build_native import SOURCES, CannotBuildError, tools_of

pytestmark = pytest.mark.slow
FLAGS = ("-std=c++17", "-O1", "-g", "-fsanitize=thread", "-pthread", "-Wall", "-Wextra", "-Werror")


@pytest.fixture(scope="module")
def rings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        compiler, _ = tools_of()
    except CannotBuildError as error:
        pytest.skip(f"the native core cannot be built here: {error}")
    made = tmp_path_factory.mktemp("rings") / "rings"
    source = Path(__file__).with_name("rings.cpp")
    done = subprocess.run(
        [*compiler, *FLAGS, f"-I{SOURCES}", str(source), "-o", str(made)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "fsanitize" in done.stderr or "ltsan" in done.stderr:
        pytest.skip(f"{compiler[0]} has no thread sanitizer")
    assert done.returncode == 0, done.stderr
    return made


def run(rings: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [rings, *map(str, arguments)],
        env={**os.environ, "TSAN_OPTIONS": "halt_on_error=1"},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("threads", [1, 2, 4, 8])
def test_threads_share_rings_and_budget(rings: Path, threads: int) -> None:
    """So many producers and one consumer: nothing is wrong, and no race is seen."""
    done = run(rings, threads, 5000)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_missing_lock_is_seen(rings: Path) -> None:
    """By the sanitizer, or because records are lost or torn."""
    done = run(rings, 4, 2000, "broken")
    assert done.returncode != 0
    assert "data race" in done.stderr or "a record" in done.stderr
