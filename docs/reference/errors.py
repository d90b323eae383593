"""Writes errors.md: what each code means, what to do, and what becomes of the rows meanwhile.

    python docs/reference/errors.py

The meanings are those of aiocollect/remedies/__init__.py; what becomes of rows is the table of
tests/service/answers.py, which a test holds against a server that gives each of these answers.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))

from aiocollect.remedies import CODES, NAMES, Remedy, explain
from aiocollect.remedies.families import FAMILIES
from tests.service.answers import (
    AGAIN,
    ANSWERS,
    BACK,
    HALVED,
    HELD,
    MADE,
    NEXT,
    OPERATIONS,
    OWN,
    THERE,
    Answer,
)

PAGE: Final = Path(__file__).with_name("errors.md")

OPENING: Final = """# Errors, and what to do

Every code that the log, `stats().held`, a `Held` or `Retrying` event, a refusal or a dead letter
can show: what it means, and what to do. Replace words in capitals with your own. No answer of a
store loses a row: rows wait in memory (and in the spool, if there is one) until the store takes
them. In a terminal: `aiocollect explain CODE`.

This page is made by `python docs/reference/errors.py`, from `aiocollect/remedies/` and from a table
that a test compares with a stand-in of the service: each answer, at each operation, through a
pipeline.

## What becomes of the rows

| word | |
|---|---|
"""

WORDS: Final = {
    HELD: "the path waits and is tried again less and less often; one alarm (`Held`, the log, "
    "`stats().held`, `healthy()` is False) with code and remedy, until it works (`Resumed`)",
    AGAIN: "nothing is decided: the same bytes go to the same position again, after a growing "
    "wait; `Retrying` after the third time",
    BACK: "what is in the blob at the position of the append decides: if it is ours, it is stored; "
    "if it is another writer's, ours goes after it; if there is nothing, the same again",
    NEXT: "read back if there is a doubt, then on to `data_1.csv`, `data_2.csv`, …; a blob that "
    "was deleted is counted (`BlobReplaced`), and its open rows go to the next part",
    OWN: "without the right to read, rows go to `data-WRITER.csv`, one file for each writer",
    HALVED: "the block is split between rows until it fits; a single row that is too large "
    "for the service becomes a dead letter",
    MADE: "the blob is created",
    THERE: "the blob exists: it is opened and looked at",
}

OPERATION: Final = {
    "open": "looking at the blob",
    "create": "creating it",
    "append": "appending",
    "doubt": "appending, when the outcome of an earlier attempt is unknown",
    "read": "reading back",
}

COUNTED: Final = (
    "Without an answer nothing is decided: the same again. If no token or SAS can be had, or a "
    "certificate is not trusted, the path is held. Keys under which rows are counted as refused, "
    "dropped or dead letters are here too."
)

NAMED: Final = (
    "Hooks get events (`aiocollect.events`), and callers get errors (`aiocollect.errors`). What "
    "happened has a code besides: look that up first."
)


def filled(text: str) -> str:
    """A paragraph on lines of 100."""
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def treatment(answer: Answer) -> str:
    """One word where it is the same at each operation; else each operation's."""
    words = answer.treatment
    if len(set(words)) == 1:
        return words[0]
    groups: dict[str, list[str]] = {}
    for operation, word in zip(OPERATIONS, words, strict=True):
        groups.setdefault(word, []).append(operation)
    return "; ".join(f"{', '.join(names)}: {word}" for word, names in groups.items())


def service() -> Iterator[str]:
    """The service's codes, by status."""
    for answer in sorted(ANSWERS, key=lambda answer: (answer.status, answer.code)):
        if answer.code and answer.code != "InventedLater":
            remedy = explain(answer.code)
            cells = (
                f"`{answer.code}`",
                str(answer.status),
                remedy.meaning,
                remedy.remedy,
                treatment(answer),
            )
            yield f"| {' | '.join(cells)} |"


def between() -> Iterator[str]:
    """Answers without a code of the service."""
    for answer in ANSWERS:
        if not answer.code:
            code = "ProxyAuthentication" if answer.status == 407 else f"HTTP{answer.status}"
            remedy = explain(code)
            cells = (f"`{code}`", remedy.meaning, remedy.remedy, treatment(answer))
            yield f"| {' | '.join(cells)} |"


def others() -> Iterator[str]:
    """Our own codes, and codes of the service that its documentation does not list."""
    listed = {answer.code for answer in ANSWERS} | {"ProxyAuthentication"}
    rows: dict[tuple[str, str], list[str]] = {}
    for remedy in CODES.values():
        if remedy.code not in listed:
            rows.setdefault((remedy.meaning, remedy.remedy), []).append(remedy.code)
    for (meaning, action), codes in rows.items():
        yield f"| {', '.join(f'`{code}`' for code in codes)} | {meaning} | {action} |"
    for row in FAMILIES:
        remedy = Remedy(*row)
        yield f"| `{remedy.code}…` | {remedy.meaning} | {remedy.remedy} |"
    remedy = explain("")
    yield f"| any other | {remedy.meaning} | {remedy.remedy} |"


def names() -> Iterator[str]:
    """Events, then errors."""
    for remedy in NAMES.values():
        yield f"| `{remedy.code}` | {remedy.meaning} | {remedy.remedy} |"


def page() -> str:
    """The page's text."""
    head = "| code | status | what it means | what to do | rows |\n|---|---|---|---|---|"
    parts = [
        OPENING + "\n".join(f"| **{word}** | {text} |" for word, text in WORDS.items()),
        filled(
            "The operations: "
            + ", ".join(f"*{name}* ({text})" for name, text in OPERATION.items())
            + ". An unknown code of the service is held if its status is a refusal."
        ),
        "## Codes of the service",
        head + "\n" + "\n".join(service()),
        "## Answers without a code: from something between us and the service",
        head.replace(" status |", "").replace("|---", "", 1) + "\n" + "\n".join(between()),
        "## Connections, identities, files, and what is counted",
        filled(COUNTED),
        "| code | what it means | what to do |\n|---|---|---|\n" + "\n".join(others()),
        "## Names of events and errors",
        filled(NAMED),
        "| name | what it means | what to do |\n|---|---|---|\n" + "\n".join(names()),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
