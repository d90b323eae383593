"""The simulation is worth its time: it catches bugs that are put in on purpose."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]


def simulate(root: Path, seeds: int) -> subprocess.CompletedProcess[str]:
    """Run the simulation of the package copy at ``root``, up to its first failure."""
    command = [sys.executable, "-m", "tests.simulation", f"--seeds={seeds}", "--stop-at=1"]
    return subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=240, check=False
    )


def copy_package(root: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "node_modules")
    shutil.copytree(ROOT / "aiocollect", root / "aiocollect", ignore=ignored)
    shutil.copytree(ROOT / "tests" / "simulation", root / "tests" / "simulation", ignore=ignored)
    (root / "tests" / "__init__.py").touch()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_the_simulation_catches(mutant: Mutant, tmp_path: Path) -> None:
    """With the bug put in, a life fails, and the oracle says what went wrong."""
    copy_package(tmp_path)
    file = tmp_path / "aiocollect" / mutant.file
    source = file.read_text()
    assert source.count(mutant.old) == 1, "the mutant no longer fits the code: mend it"
    file.write_text(source.replace(mutant.old, mutant.new))
    run = simulate(tmp_path, 300)
    assert run.returncode == 1, run.stdout + run.stderr
    assert f"{mutant.finding}:" in run.stdout, run.stdout + run.stderr


def test_the_copy_without_a_bug_passes(tmp_path: Path) -> None:
    """The control: the same copy, unchanged, has nothing to report."""
    copy_package(tmp_path)
    run = simulate(tmp_path, 50)
    assert run.returncode == 0, run.stdout + run.stderr
