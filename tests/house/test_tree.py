"""Where tests stand: by the rooms of the package; and what may import what outside of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.pages import ROOT, read

LONGEST = 400
# What ships, what tests and measurements stand on, what measures, and the tests: each may import
# those before it.
ORDER = ("aiocollect", "testkit", "loadtest", "tests")
# Tools use the package and the kit, and nothing uses them but make and their tests.
OUTSIDE = (*ORDER, "tools")


def rooms() -> set[str]:
    """The package's folders, without the mark of what is private."""
    found = {path.parent.name.lstrip("_") for path in (ROOT / "aiocollect").glob("*/__init__.py")}
    return found - {""}


def modules(folder: str) -> Iterator[Path]:
    for path in (ROOT / folder).rglob("*.py"):
        if not {".venv", "node_modules"} & set(path.parts):
            yield path


def imported(path: Path) -> set[str]:
    """The top-level names that a module imports from this repository."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found & set(OUTSIDE)


def test_unit_tests_stand_in_rooms_of_the_package() -> None:
    """A folder of tests/unit has a room's name, and tests.md names it beside a room."""
    folders = {path.parent.name for path in (ROOT / "tests/unit").glob("*/__init__.py")}
    assert folders <= rooms()
    table = read("docs/explanation/tests.md").partition("| room |")[2].partition("\n\n")[0]
    assert {f"tests/unit/{folder}" for folder in folders} <= set(re.findall(r"[\w/]+", table))


def test_what_the_page_of_tests_names_is_there() -> None:
    """Each folder and file."""
    named = re.findall(
        r"`((?:tests|loadtest|testkit|tools)/[\w/.]+)`", read("docs/explanation/tests.md")
    )
    assert len(named) > 30
    assert not [path for path in named if not (ROOT / path).exists()]


def test_each_folder_of_tests_says_what_it_is_for() -> None:
    """In the docstring of its __init__."""
    for folder in {path.parent for path in modules("tests")}:
        first = folder / "__init__.py"
        assert first.exists(), folder
        assert ast.get_docstring(ast.parse(first.read_text())), first


@pytest.mark.parametrize("folder", ["aiocollect", "testkit", "loadtest", "tools"])
def test_nothing_imports_what_comes_after_it(folder: str) -> None:
    """The package imports neither; the kit no tests; measurements no tests; tools likewise."""
    after = set(ORDER[ORDER.index(folder) + 1 :]) if folder in ORDER else {"loadtest", "tests"}
    for path in modules(folder):
        assert not imported(path) & (after | {"tools"} - {folder}), path


@pytest.mark.parametrize("folder", ["testkit", "loadtest", "tests", "tools"])
def test_no_file_is_two(folder: str) -> None:
    """A file that has grown above this is about two things."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules(folder)
        if (lines := path.read_text(encoding="utf-8").count("\n")) > LONGEST
    }
    assert not long
