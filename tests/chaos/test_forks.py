"""The gate's share of the forks: at every moment of a first call, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .forks import ENDS, MOMENTS, case_of

ROOT = Path(__file__).resolve().parents[2]


def test_a_fork_at_every_moment() -> None:
    """Wherever another thread is stopped, the child of a fork records and stores its own rows, and
    the parent's rows stay the parent's; also where the child ends at once, or is killed."""
    seeds = 2 * MOMENTS
    cases = [case_of(seed) for seed in range(seeds)]
    assert {moment for moment, _ in cases} == set(range(1, MOMENTS + 1))
    assert {end for _, end in cases} == set(ENDS)
    command = [sys.executable, "-m", "tests.zoo.lives", "tests.chaos.forks", f"--seeds={seeds}"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
