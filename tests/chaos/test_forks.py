"""The gate's share of the forks: at every moment of a first call, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_fork_at_every_moment() -> None:
    """Wherever another thread is stopped, the child of a fork records and stores its own rows, and
    the parent's rows stay the parent's."""
    command = [sys.executable, "-m", "tests.zoo.lives", "tests.chaos.forks", "--seeds=200"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
