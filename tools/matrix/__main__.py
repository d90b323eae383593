"""``make matrix``: each cell in an environment of its own, one after the other, and its row in
docs/explanation/matrix.md. Exits with 1 if a test failed, or if no Python was at hand.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from tools.matrix.cells import CELLS, ROOT, Cell, suites
from tools.matrix.environments import NotAtHandError, python_of, versions_of
from tools.matrix.page import Ran, counts_in, with_rows

PAGE = ROOT / "docs/explanation/matrix.md"


def main(arguments: Sequence[str]) -> int:
    """The entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.matrix", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="no processes, no slow tests")
    parser.add_argument("--jobs", type=int, default=1, help="of pytest in a cell")
    parser.add_argument("--only", nargs="*", metavar="CELL", help=", ".join(c.name for c in CELLS))
    asked = parser.parse_args(arguments)
    unknown = set(asked.only or ()) - {cell.name for cell in CELLS}
    if unknown:
        parser.error(f"there is no cell {', '.join(sorted(unknown))}")
    failed = ran = 0
    for cell in CELLS:
        if asked.only and cell.name not in asked.only:
            continue
        try:
            found = run(cell, fast=asked.fast, jobs=asked.jobs)
        except NotAtHandError:
            print(f"{cell.name}: no Python {cell.python} on this machine, left out", flush=True)
            continue
        PAGE.write_text(with_rows(PAGE.read_text(), {cell: found}), encoding="utf-8")
        print(f"{cell.name}: {found.passed} passed, {found.failed} failed", flush=True)
        ran, failed = ran + 1, failed + found.failed
    if not ran:
        print("no cell was run: none of these Pythons is at hand", file=sys.stderr)
    return 0 if ran and not failed else 1


def run(cell: Cell, *, fast: bool, jobs: int) -> Ran:
    """Its suites, whose words go to build/matrix/<cell>.txt. Raises NotAtHandError."""
    python = python_of(cell)
    log = ROOT / f"build/matrix/{cell.name}.txt"
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *suites(cell, fast=fast)]
    # What the core is, is not left to chance.
    env = {**os.environ, "AIOCOLLECT_NATIVE": "1" if cell.core == "native" else "0"}
    env["PATH"] = f"{os.path.dirname(python)}{os.pathsep}{env['PATH']}"
    if jobs > 1:
        command += ["-n", str(jobs)]
    with open(log, "w", encoding="utf-8") as file:
        subprocess.run(command, cwd=ROOT, env=env, stdout=file, stderr=file, check=False)
    exact, versions = versions_of(python)
    day = datetime.fromtimestamp(time.time(), UTC).date().isoformat()
    told = "twice" if cell.core == "python" else "fast" if fast else "whole"
    return Ran(exact, day, _revision(), *counts_in(log.read_text()), told, versions)


def _revision() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
