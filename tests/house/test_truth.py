"""What the pages say of one another and of the code is true: where two say different things, or a
number has moved on, a reader believes the wrong one."""

from __future__ import annotations

import argparse
import ast
import json
import pkgutil
import re
from functools import cache
from pathlib import Path

import pytest

import aiocollect
from aiocollect._config.env import _OPTIONS, _STORE_OPTIONS
from aiocollect.cli import main as _main  # noqa: F401 - its package is looked at
from aiocollect.cli.main import _parser
from aiocollect.gateway import GatewayOptions
from tests.house.pages import (
    PAGES,
    ROOT,
    SCRIPTS,
    headings,
    name_of,
    prose_of,
    read,
    without_code,
)
from tests.zoo.peers import PEERS

# Sentences that were true once.
STALE = (
    "not part of this package yet",
    "not built yet",
    "belongs to one loop",
    "to your readiness",
    "never waits, takes no lock",
    "Five rooms",
)


# Names that look like imports: of a metric, and of a span.
IN_OPENTELEMETRY = {"aiocollect.rows_accepted", "aiocollect.append"}
# Options of servers, of the SDK, and of a SAS.
OF_OTHERS = {
    "lifespan",
    "logging_body",
    "route_handlers",
    "se",
    "sp",
    "spr",
    "sr",
    "wait_for_flush",
}
# Files of other projects, or of a reader.
ELSEWHERE = {"TROUBLESHOOTING.md", "score.py", "server.py"}
# Shown as what is refused.
MISSPELLED = {"AIOCOLLECT_GATEWAY_TOKN"}


def commands() -> dict[str, argparse.ArgumentParser]:
    """The command line's verbs with their parsers."""
    return dict(_parser()[1])


@cache
def parameters() -> set[str]:
    """Of every function of the package, and the fields of its classes."""
    found = set()
    for path in (ROOT / "aiocollect").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found |= {argument.arg for argument in [*node.args.args, *node.args.kwonlyargs]}
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_stale_sentence(page: Path) -> None:
    """None of them is left, on whatever page."""
    if page.name == "CHANGELOG.md":
        return
    text = " ".join(page.read_text(encoding="utf-8").split())
    assert [sentence for sentence in STALE if sentence in text] == []


def test_no_stale_docstring() -> None:
    """Nor in the package's own words."""
    for path in Path(aiocollect.__file__).parent.rglob("*.py"):
        text = " ".join(path.read_text(encoding="utf-8").split())
        assert [sentence for sentence in STALE if sentence in text] == [], path


def test_health_is_no_probe() -> None:
    """A readiness probe on it would take the scoring server out because its records wait."""
    guide = " ".join(read("docs/how-to/guide.md").split())
    assert "Use it for an alert, not for a readiness probe" in guide
    assert "for an alert, not for a probe" in read("docs/how-to/servers.md")


def test_the_rights_are_the_same_everywhere() -> None:
    """SECURITY.md asks for what deploy/role.json gives."""
    role = json.loads(read("deploy/role.json"))["DataActions"]
    ours = {action.rpartition("containers/blobs/")[2] for action in role}
    paragraph = read("SECURITY.md").partition("Better than a SAS")[2].partition("An account key")[0]
    assert set(re.findall(r"containers/blobs/([\w/]+)", paragraph)) == ours


def test_the_commands_are_named() -> None:
    """Each in the command line's own docstring; and what pages call for is there."""
    words = " ".join((aiocollect.cli.__doc__ or "").split())
    assert all(f"{verb}``" in words for verb in commands())
    for page in PAGES:
        for verb in re.findall(r"`aiocollect ([a-z]+)", page.read_text(encoding="utf-8")):
            assert verb in commands(), f"{page.name}: aiocollect {verb}"


def test_the_verbs_are_in_the_makefile() -> None:
    """What a page tells to make can be made."""
    verbs = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
    for page in PAGES:
        said = re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.M)
        assert set(said) <= verbs, page.name


def test_the_numbers_of_the_zoo() -> None:
    """How many bugs of others it has."""
    peers = sum(not mutant.waiting for mutant in PEERS)
    assert f"bugs, {peers} of them real ones of others" in read("docs/explanation/reliability.md")
    assert f"bugs, {peers} of them real ones of other projects" in read("docs/explanation/tests.md")


def test_each_suite_has_one_row() -> None:
    """In docs/explanation/tests.md: each folder of tests, and no other."""
    table = read("docs/explanation/tests.md").partition("| suite |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    suites = [name for row in rows for name in re.findall(r"`(tests/\w+)`", row)]
    assert sorted(set(suites)) == sorted(suites)
    folders = {name_of(path.parent) for path in (ROOT / "tests").glob("*/**/test_*.py")}
    assert set(suites) == {"/".join(Path(folder).parts[:2]) for folder in folders}


def test_each_room_has_its_suites() -> None:
    """docs/explanation/tests.md says for each folder of the package what covers it."""
    table = read("docs/explanation/tests.md").partition("| room |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`(\w+)/`", row)}
    rooms = {path.parent.name for path in (ROOT / "aiocollect").glob("*/__init__.py")}
    assert named == rooms


def test_the_demo_names_its_parts() -> None:
    """Each module, and no other."""
    import aiocollect.demo

    folder = Path(aiocollect.demo.__file__).parent
    parts = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert set(re.findall(r"``(\w+)``", aiocollect.demo.__doc__ or "")) == parts


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages(page: Path) -> None:
    """Lead somewhere, and to a heading that is there."""
    text = page.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", text):
        there = (page.parent / target) if target else page
        assert there.exists(), target
        if anchor:
            assert anchor in headings(there.read_text(encoding="utf-8")), f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pictures_in_html(page: Path) -> None:
    """Each form of a picture is there, and in the folder that the site has too."""
    for source in re.findall(r' (?:src|srcset)="([^"]+)"', page.read_text(encoding="utf-8")):
        file = (page.parent / source).resolve()
        assert file.is_file(), source
        assert file.parent == ROOT / "docs/images", source


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_files_that_are_named(page: Path) -> None:
    """Are there: from the root, from the package, or in the one room that has such a file."""
    if page.name == "CHANGELOG.md":
        return
    rooms = (ROOT, ROOT / "aiocollect", page.parent)
    named = set(
        re.findall(
            r"`([\w/]+\.py|_(?!aiocollect)\w+/|(?:tests|docs|loadtest|examples)/[\w/]+)`",
            page.read_text(),
        )
    )
    for name in named:
        found = any((room / name).exists() for room in rooms)
        assert found or ("/" not in name and list((ROOT / "aiocollect").rglob(name))), name


def test_the_files_that_docstrings_name() -> None:
    """ "See ring.py" leads to a file, and so does docs/reference/errors.md; in comments, too."""
    there = {name_of(path) for path in SCRIPTS} | {name_of(page) for page in PAGES}
    ends = {"/".join(name.split("/")[-n:]) for name in there for n in range(1, 8)}
    for path in SCRIPTS:
        for line in prose_of(path.read_text(encoding="utf-8")):
            for name in re.findall(
                r"(?<![\w./'\"-])((?:[\w-]+/)*[\w-]+\.(?:py|md))\b(?!['\"])", line
            ):
                assert name in ends or name in ELSEWHERE, f"{name_of(path)}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_options_that_are_named(page: Path) -> None:
    """`name=…` on a page is a parameter or a field of something in the package."""
    text = without_code(page.read_text(encoding="utf-8"))
    named = set(re.findall(r"`(?:\w+\()?([a-z]\w+)=", text))
    if page.name != "CHANGELOG.md":
        assert named - parameters() <= OF_OTHERS


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_options_of_commands(page: Path) -> None:
    """`aiocollect VERB … --option` is an option of the verb."""
    text = page.read_text(encoding="utf-8")
    for verb, rest in re.findall(r"aiocollect ([a-z]+)\b([^`\n]*)", text):
        for option in re.findall(r"(?<!\w)(--[a-z][\w-]*)", rest.partition("|")[0]):
            known = commands()[verb]._option_string_actions
            assert option in known, f"aiocollect {verb} {option}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_names_that_are_imported(page: Path) -> None:
    """What a page calls by its full name is there."""
    if page.name == "CHANGELOG.md":
        return
    for name in set(re.findall(r"`(aiocollect(?:\.\w+)+)`", without_code(page.read_text()))):
        if name not in IN_OPENTELEMETRY:
            pkgutil.resolve_name(name)


def test_variables_are_known() -> None:
    """Each variable that a page names is one that something reads."""
    package = "".join(path.read_text() for path in (ROOT / "aiocollect").rglob("*.py"))
    package += "".join(path.read_text() for path in (ROOT / "tests" / "contract").glob("*.py"))
    options = {f"AIOCOLLECT_{name.upper()}" for name in _OPTIONS | _STORE_OPTIONS}
    for page in PAGES:
        for name in set(re.findall(r"\bAIOCOLLECT_[A-Z_]*[A-Z]\b", page.read_text())):
            assert name in options | MISSPELLED or name in package, f"{page.name}: {name}"


def test_the_gateways_options_are_on_its_page() -> None:
    """Each option of its command, and its variable."""
    page = read("docs/how-to/gateway.md")
    for option in ("--store", "--host", "--port", "--token-file", "--max-body-bytes"):
        assert option in page
    assert "--trust-ids" in page
    assert GatewayOptions().trust_ids is False
