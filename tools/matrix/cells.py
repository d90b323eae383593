"""The cells: which Python, which versions of what we depend on, which core, and what runs there.

The Pythons are those that pyproject.toml promises; the workflows name the same (a test compares).
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final, Literal, NamedTuple

__all__ = ["CELLS", "LOCKS", "ROOT", "Cell", "promised", "suites"]

ROOT: Final = Path(__file__).resolve().parents[2]

Core = Literal["native", "python"]
Versions = Literal["locked", "oldest", "newest"]

# What an environment is installed from. The newest are what PyPI has on the day, so without hashes.
LOCKS: Final[dict[Versions, str]] = {
    "locked": "requirements-dev.txt",
    "oldest": "tools/matrix/oldest.txt",
    "newest": "pyproject.toml",
}

# The rooms whole. tests/house is about texts and the syntax tree, and left to the gate.
_ROOMS: Final = (
    *("tests/unit", "tests/behaviour", "tests/compat", "tests/golden", "tests/native"),
    *("tests/property", "tests/service"),
)
# What a native core stands in for, as in `make test`: the rest runs the same code on either.
_TWICE: Final = (
    *(f"tests/unit/{room}" for room in ("core", "delivery", "encoders", "engine", "layouts")),
    *("tests/unit/spool", "tests/behaviour", "tests/golden"),
    *("tests/property/test_csv_roundtrip.py", "tests/property/test_encoders.py"),
)
# Where interpreters differ most beside their speed: signals, forks, exits, threads, real servers.
_PROCESSES: Final = ("tests/chaos", "tests/integrations", "tests/simulation")


class Cell(NamedTuple):
    """One environment, and one run of suites in it."""

    python: str
    versions: Versions
    core: Core

    @property
    def name(self) -> str:
        """As --only takes it."""
        return f"{self.python}-{self.versions}-{self.core}"


def promised(project: str) -> list[str]:
    """The Pythons that the classifiers of a pyproject.toml name."""
    classifiers = tomllib.loads(project)["project"]["classifiers"]
    return re.findall(r":: (3\.\d+)", "\n".join(classifiers))


_PYTHONS: Final = promised((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# The oldest versions have wheels for the oldest Python, the newest for the newest.
CELLS: Final = (
    *(Cell(python, "locked", core) for python in _PYTHONS for core in ("native", "python")),
    Cell(_PYTHONS[0], "oldest", "native"),
    Cell(_PYTHONS[-1], "newest", "native"),
)


def suites(cell: Cell, *, fast: bool) -> list[str]:
    """pytest's arguments. ``fast``: without processes, and without tests that are marked slow."""
    if cell.core == "python":
        return [*_TWICE, "-m", "not slow"]
    return [*_ROOMS, "-m", "not slow"] if fast else [*_ROOMS, *_PROCESSES]
