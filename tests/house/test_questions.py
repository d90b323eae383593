"""What a newcomer asks is answered within two clicks: docs/questions.md leads to each answer."""

from __future__ import annotations

import re

from aiocollect.remedies import known
from tests.house.pages import ROOT, headings, read

# question, page, heading; "" where the whole page is the answer.
ROWS = re.findall(
    r"^\| ([^|]+[?.]) \| \[[^\]]+\]\(([\w./-]+)(?:#([\w-]+))?\) \|$",
    read("docs/questions.md"),
    re.MULTILINE,
)


def test_there_are_thirty() -> None:
    """At least; each once, and each row of the page is one."""
    questions = [question for question, _, _ in ROWS]
    assert len(set(questions)) == len(questions) >= 30
    assert len(questions) == len(
        re.findall(r"^\| .* \| \[", read("docs/questions.md"), re.MULTILINE)
    )


def test_each_leads_to_its_answer() -> None:
    """A page that is there, and a heading of it; no two to the same place."""
    places = []
    for question, target, anchor in ROWS:
        page = (ROOT / "docs" / target).resolve()
        assert page.is_file(), question
        assert not anchor or anchor in headings(page.read_text(encoding="utf-8")), question
        places.append((page, anchor))
    assert len(set(places)) == len(places)


def test_they_are_the_first_thing_on_the_site() -> None:
    """And in the index, where a reader of GitHub finds them."""
    links = re.findall(r"\]\(([\w./-]+)\)", read("docs/index.md"))
    assert "questions.md" in links[:2]


def test_the_codes_that_are_met_first() -> None:
    """Each is one that we know, so that `aiocollect explain` says more."""
    page = read("docs/how-to/nothing-arrives.md")
    table = page.partition("| code |")[2].partition("\n\n")[0]
    codes = re.findall(r"^\| `(\w+)`", table, re.MULTILINE)
    assert len(codes) >= 6
    assert [code for code in codes if not known(code)] == []
