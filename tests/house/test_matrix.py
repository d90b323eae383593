"""``make matrix``: its cells are what the package promises, and its page says what came of them."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tools.matrix.cells import CELLS, LOCKS, Cell, promised, suites
from tools.matrix.environments import NotAtHandError, interpreter
from tools.matrix.page import Ran, counts_in, with_rows

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PAGE = (ROOT / "docs/explanation/matrix.md").read_text()
WORKFLOW = (ROOT / ".github/workflows/test.yml").read_text()


def test_the_pythons_are_one_list() -> None:
    """Of the classifiers, the workflow, the wheels and the matrix; each with both cores."""
    named = promised((ROOT / "pyproject.toml").read_text())
    assert PROJECT["project"]["requires-python"] == f">={named[0]}"
    (in_workflow,) = re.findall(r"python: \[(.*)\]", WORKFLOW)
    assert re.findall(r'"(.+?)"', in_workflow) == named
    wheels = [f"cp{version.replace('.', '')}-*" for version in named]
    assert PROJECT["tool"]["cibuildwheel"]["build"] == wheels
    locked = [cell for cell in CELLS if cell.versions == "locked"]
    assert locked == [Cell(one, "locked", core) for one in named for core in ("native", "python")]
    assert {cell.versions for cell in CELLS} == set(LOCKS)


def test_the_oldest_are_the_floors() -> None:
    """What pyproject.toml allows at least is what is installed in that cell, by hash."""
    told = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["frames"]]
    told += PROJECT["project"]["optional-dependencies"]["read"]
    lock = (ROOT / LOCKS["oldest"]).read_text()
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\\n\s+--hash", lock, re.MULTILINE))
    floors = {}
    for text in told:
        requirement = Requirement(text)
        (floor,) = [one.version for one in requirement.specifier if one.operator == ">="]
        floors[requirement.name] = Version(floor)
    assert len(floors) == 8
    assert {name: Version(pins[name]) for name in floors} == floors


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: str(cell.name))
def test_the_suites_are_there(cell: Cell) -> None:
    """And the page has a row of it, without a failure."""
    for fast in (True, False):
        named = [one for one in suites(cell, fast=fast) if one.startswith("tests/")]
        assert len(named) > 5
        assert all((ROOT / one).exists() for one in named)
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {cell.name} |")]
    assert row.split("|")[5].strip() in ("", "0")


def test_the_page_is_as_it_would_be_written() -> None:
    """Rows that were not run again stay."""
    assert with_rows(PAGE, {}) == PAGE
    ran = Ran("3.11.7", "2026-01-31", "abc1234", 1234, 1, 2, "fast", {"aiohttp": "3.14"})
    cell = CELLS[0]
    row = f"| {cell.name} | 3.11.7 | 2026-01-31, abc1234 | 1,234 | 1 | 2 | fast | aiohttp 3.14 |"
    changed = with_rows(PAGE, {cell: ran})
    assert row in changed.splitlines()
    assert len(changed.splitlines()) == len(PAGE.splitlines())


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ("12 passed in 1.2s", (12, 0, 0)),
        ("1 failed, 3784 passed, 4 skipped, 427 deselected in 617.83s (0:10:17)", (3784, 1, 4)),
        ("= 2 passed, 1 error in 0.1s =", (2, 1, 0)),
    ],
)
def test_what_pytest_counted(said: str, counts: tuple[int, int, int]) -> None:
    assert counts_in(f"....\n{said}\n") == counts


def test_a_run_without_an_end_is_no_result() -> None:
    """Killed, or nothing collected: neither is a cell that passed."""
    with pytest.raises(ValueError, match="did not come to its end"):
        counts_in("....\n")


def test_a_python_that_is_not_here_is_told_from_one_that_is() -> None:
    assert interpreter(".".join(map(str, sys.version_info[:2])))
    with pytest.raises(NotAtHandError):
        interpreter("3.99")
