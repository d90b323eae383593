"""Against another revision: the same benches, with either package on the path, taking turns.

Invariants: the revision is checked out into a worktree in a temporary directory, which is removed
whatever happens; of the revision only the package is used, so that both sides run these benches.

So what is compared (COMPARED in __main__.py) imports at run time only names that older revisions
have too; a type that is newer stands under TYPE_CHECKING.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from .measure import Figure
from .report import from_json

__all__ = ["BaseMissing", "against", "both_ways", "compare", "package_of"]

ROOT: Final = Path(__file__).resolve().parents[2]
CHILD_SECONDS: Final = 600


class BaseMissing(RuntimeError):
    """The revision cannot be had; the message says why."""


@contextlib.contextmanager
def package_of(revision: str, *, repository: Path = ROOT) -> Iterator[Path]:
    """A directory whose only content is the package as it was at ``revision``."""
    with tempfile.TemporaryDirectory(prefix="bench-base-") as directory:
        tree, path = Path(directory, "tree"), Path(directory, "path")
        try:
            _git(repository, "worktree", "add", "--detach", str(tree), revision)
            path.mkdir()
            (path / "aiocollect").symlink_to(tree / "aiocollect")
            _build_core(tree)
            yield path
        finally:
            with contextlib.suppress(BaseMissing):  # where it was not even made
                _git(repository, "worktree", "remove", "--force", str(tree))


def _build_core(tree: Path) -> None:
    """Revisions that have a native core are measured with it, as this tree is."""
    script = tree / "tools" / "build_native.py"
    if script.exists():
        subprocess.run([sys.executable, str(script)], cwd=tree, check=False)


def _git(repository: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BaseMissing(f"git {arguments[0]} {arguments[1]}: {done.stderr.strip()}")


def against(
    revision: str, names: Sequence[str], *, rounds: int, tell: Callable[[str], None]
) -> list[Figure]:
    """New by base, of the figures of these benches, over so many pairs of processes."""
    pairs: list[tuple[list[Figure], list[Figure]]] = []
    with package_of(revision) as base:
        for number in range(rounds):
            tell(f"pair {number + 1} of {rounds}")
            # Every other pair the other way around.
            if number % 2:
                old = _child(base, names)
                pairs.append((_child(ROOT, names), old))
            else:
                pairs.append((_child(ROOT, names), _child(base, names)))
    return compare(pairs)


def both_ways(names: Sequence[str], *, rounds: int, tell: Callable[[str], None]) -> list[Figure]:
    """The native core by the Python way, both of this tree, over so many pairs of processes."""
    pairs: list[tuple[list[Figure], list[Figure]]] = []
    for number in range(rounds):
        tell(f"pair {number + 1} of {rounds}")
        pairs.append((_child(ROOT, names, core="1"), _child(ROOT, names, core="0")))
    return compare(pairs)


def compare(pairs: Sequence[tuple[Sequence[Figure], Sequence[Figure]]]) -> list[Figure]:
    """For each figure that both sides have and is not 0: the quotients of the medians, new by base.

    Both are ratios within their own run already, so the machine's drift between them is gone.
    """
    quotients: dict[str, list[float]] = {}
    for new, base in pairs:
        medians = {figure.name: figure.median for figure in base}
        for figure in new:
            if medians.get(figure.name):
                quotients.setdefault(figure.name, []).append(figure.median / medians[figure.name])
    return [Figure(name, tuple(found), unit="x base") for name, found in quotients.items()]


def _child(package: Path, names: Sequence[str], *, core: str = "") -> list[Figure]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(package), str(ROOT)])}
    if core:
        environment["AIOCOLLECT_NATIVE"] = core
    # -P: the working directory has a package of the same name.
    command = [sys.executable, "-P", "-m", "loadtest.rows", "--json", *names]
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, timeout=CHILD_SECONDS, check=False
    )
    if done.returncode:
        raise BaseMissing(f"the benches ended with {done.returncode} on {package}")
    data: dict[str, Any] = json.loads(done.stdout)
    return from_json(data)
