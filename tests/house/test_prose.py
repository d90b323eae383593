"""The pages can be read: their lines are short, their words plain, and the first ones not long."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.pages import PAGES, ROOT, SCRIPTS, name_of, prose_of, read, without_code

WIDTH = 100
# Words that no reader knows from elsewhere, or that mean nothing to somebody in a hurry.
FOREIGN = ("anew", "of ours", "that is none", "by turns", "is told by", "was mended", "stranger's")


def long_lines(text: str) -> list[str]:
    """Those that are too long, but for tables and lines that a URL or a link makes long."""
    return [
        line
        for line in text.splitlines()
        if len(line) > WIDTH and not line.startswith("|") and not re.search(r"https?://", line)
    ]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_lines_of_pages(page: Path) -> None:
    """A change of one word shows one line, not a paragraph."""
    assert long_lines(without_code(page.read_text(encoding="utf-8"))) == []


def test_lines_of_docstrings_and_comments() -> None:
    """In each Python file, wherever it is; ruff says so of code."""
    found = {
        name_of(path): long_lines("\n".join(prose_of(path.read_text(encoding="utf-8"))))
        for path in SCRIPTS
    }
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert len(found) > 300


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_plain_words(page: Path) -> None:
    """Pages are written for people who do not know the house, in any country."""
    text = " ".join(without_code(page.read_text(encoding="utf-8")).split())
    assert re.findall(rf"\b(?:{'|'.join(FOREIGN)})\b", text, re.IGNORECASE) == []


def test_the_readme_is_short() -> None:
    """One screen and a half."""
    assert len(read("README.md").splitlines()) <= 90


def test_the_map_is_a_map() -> None:
    """Words of ARCHITECTURE.md, the picture and the diagram left aside."""
    assert len(without_code(read("ARCHITECTURE.md")).split()) <= 1300


def test_each_page_is_in_the_index() -> None:
    """Once, with what it is for."""
    index = re.findall(r"^\| \[[^\]]+\]\(([^)#]+)\) \|", read("docs/index.md"), re.MULTILINE)
    assert len(set(index)) == len(index)
    listed = {(ROOT / "docs" / target).resolve() for target in index}
    pages = {page for page in PAGES if "loadtest" not in page.relative_to(ROOT).parts}
    assert pages - listed == {ROOT / "docs" / "index.md"}


def words_of_the_glossary() -> list[str]:
    """Each word that it explains, without what tells two of them apart."""
    rows = re.findall(r"^\| (\*\*.*?) \|", read("docs/reference/glossary.md"), re.MULTILINE)
    return [word for row in rows for word in re.findall(r"\*\*([^*]+)\*\*(?! \()", row)]


def test_one_word_one_meaning() -> None:
    """No word of the glossary has two entries."""
    words = words_of_the_glossary()
    assert len(words) > 60
    assert sorted(set(words)) == sorted(words)


def test_the_words_are_those_of_the_code() -> None:
    """The package uses each of them: a glossary of words that went is a glossary of nothing."""
    package = (path.read_text(encoding="utf-8") for path in (ROOT / "aiocollect").rglob("*.py"))
    used = re.sub(r"[\s#_-]+", " ", " ".join(package).lower())
    words = [word.lower().replace("-", " ") for word in words_of_the_glossary()]
    assert [word for word in words if word not in used] == []
