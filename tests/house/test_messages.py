"""Messages read like plain English: phrases that a native speaker would not use stay out.

Looked at are all texts of the package that users can meet: what is raised, logged, printed, shown
as help, answered by the gateway, or put into an event. Docstrings are not: see the review of each
change for these. The list grows by what somebody stumbles over; it holds no grammar.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

PACKAGE: Final = Path(__file__).parents[2] / "aiocollect"

# What is wrong, and what to write.
PHRASES: Final = {
    r"(?<!\bthere )\b(is|are|be) no\b(?! longer| more)": "is not a …",
    r"(?<!\bthere )\b(is|are|be) none\b": "is not …, is out of range, is missing",
    r"\b(none )?of (ours|our own|one's own)\b": "aiocollect's, this process's",
    r"\b(some|no)body\b|\bwhoever\b": "another client, another user",
    r"\banew\b": "again",
    r"\bbehind (it|the|its|them)\b": "after",
    r"\bmend\b": "correct",
    r"\bfor good\b": "permanently",
    r"\bfor ever\b": "forever",
    r"\b(stands?|standing|stood) (still|already|before|for|in|at|between|on)\b": "is, has stopped",
    r"\b(tells?|told) (of|that|its|by)\b": "reports",
    r"\b(goes|going|go|trying|tried) on\b": "continues, is retried",
    r"\btried again\b": "retried",
    r"\bis not known; take\b|[;,] take\b": "is not valid; use",
    r"[;,:] give\b(?! (its|it|each) )": "use, set, pass",
    r"\bgoes? with\b": "is for, requires",
    r"\bsound\b": "valid",
    r"\bour bug\b": "internal error",
    r", where \S+ are (allowed|the least|wanted)\b": "and the limit is",
    r"\b(has|have) not\b(?! \w+(ed|wn|ne)\b)": "does not have",
    r"\bbut for\b": "except for",
    r"\b(somewhat|mostly) (because|over|as)\b": "usually",
    r"\b(shelf|keeper|trail|strangers?)\b": "backlog, syncer, progress, other processes",
    r"\b(next|other|another|this|earlier|ended) (life|lives)\b": "process",
    r"\bforbids? to\b": "forbids …ing",
    r"\bmeanwhile\b": "since",
    r"\bin the way\b|\bon the way out\b": "blocks",
    r"\bcan be had\b|\bcannot be had\b": "can be read, was issued",
}

# Quoted from the libraries that the drop-ins stand in for, and kept to the letter.
QUOTED: Final = ("drop the data",)


def texts_of(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each string that is neither a docstring nor a single word; what is put into
    an f-string shows as {}."""
    tree = ast.parse(source)
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            skipped.add(node.value)
        if isinstance(node, ast.JoinedStr):
            skipped.update(part for part in node.values if isinstance(part, ast.Constant))
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            text = "".join(map(str, parts))
        else:
            continue
        if " " in text.strip() and not text.startswith("<"):  # a repr is for developers
            yield node.lineno, text


def wrong(text: str) -> list[str]:
    """What is wrong with a text, and what to write."""
    if any(quote in text for quote in QUOTED):
        return []
    return [f"/{found}/: {say}" for found, say in PHRASES.items() if re.search(found, text)]


def test_messages_are_plain_english() -> None:
    """None has a phrase of the list."""
    found = [
        f"{file.relative_to(PACKAGE)}:{line}: {text!r}: {problem}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for line, text in texts_of(file.read_text(encoding="utf-8"))
        for problem in wrong(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "port=70000 is none; take 0 (any free one) to 65535",
        "the config map {} is no JSON; write it anew",
        "{} was deleted or replaced by somebody else; going on behind it",
        "it is tried on; mend the store of your own by the Protocol",
        "'many' is no number",
        "the pipeline's event loop stands still in another thread; run or close it",
        "credential= is missing: nobody may append without one; give a key",
        "model takes 201 bytes in a path, where 200 are allowed; use a shorter name",
        "an immutability policy forbids to append",
        "{} rows of {} stay in the spool, for the next life",
        "columns={} is not known; take 'ids' or 'aml'",
        "file locks of POSIX, which this Python has not; leave it out",
    ],
)
def test_the_list_finds_what_was_once_said(text: str) -> None:
    """The control: messages of before, each by a phrase of its own."""
    assert wrong(text)


def test_what_is_looked_at() -> None:
    """Texts in calls, in f-strings and beside others; no docstring, no word, no repr."""
    source = '''
"""A docstring."""
def f(x):
    """Another one."""
    raise ValueError(f"{x} is no " "number")
print("two words", "word", f"<Repr of {1}>")
'''
    assert sorted(texts_of(source)) == [(5, "{} is no number"), (6, "two words")]
