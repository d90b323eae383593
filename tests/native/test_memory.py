"""Nothing is left behind by a pipeline's life, and no allocation that fails costs a row."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def run(module: str) -> str:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", module],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.children
def test_a_life_leaves_nothing_behind() -> None:
    """No stream, object or page, whatever became of its calls. In a process of its own: what a
    test session keeps is not ours."""
    run("tests.native.memory")


@pytest.mark.children
def test_each_allocation_may_fail() -> None:
    """Of those of Python; where they are the core's own: make sanitize."""
    assert "Python: every allocation failed once" in run("tests.native.no_memory")
