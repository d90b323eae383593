"""``aiocollect explain``: what a code means, and what to do; from the table of aiocollect.remedies.

A code is what a log line, the page, ``held`` in stats() or a dead letter shows; or it is the name
of an event or of an error. A whole log line will do: each code in it is explained.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import Any, Final

from aiocollect import ConfigError
from aiocollect.cli.names import near
from aiocollect.remedies import CODES, NAMES, Remedy, look_up

__all__ = ["add_explain"]

PAGE: Final = "docs/reference/errors.md"
# Of a text that a message repeats.
LONGEST: Final = 60
_words = re.compile(r"[\w…]+(?:\.\w+)*").findall


def add_explain(commands: Any) -> None:
    """Add the command to the parser's ``commands``."""
    command = commands.add_parser(
        "explain",
        help="say what a code means, and what to do",
        description=(
            "Says what a code means, and what to do: a code of a log line, of the page, of the "
            "blob service, of a held path or a dead letter, or the name of an event or an error. "
            "A whole log line in quotes is accepted too. Without a code, lists all. Exits with 1 "
            "if nothing is known of it."
        ),
    )
    command.add_argument("code", metavar="CODE", nargs="*", help="such as AuthorizationFailure")
    command.add_argument("--json", action="store_true", help="print JSON, one object per line")
    command.set_defaults(run=_explain)


def _explain(options: argparse.Namespace) -> int:
    if not options.code:
        for remedy in (*CODES.values(), *NAMES.values()):
            print(_json(remedy) if options.json else f"{remedy.code}: {remedy.meaning}")
        return 0
    found = {remedy.code: remedy for text in options.code for remedy in _remedies_in(text)}
    for number, remedy in enumerate(found.values()):
        if options.json:
            print(_json(remedy))
            continue
        print("\n" if number else "", remedy.code, sep="")
        print(f"  means  {remedy.meaning}")
        print(f"  do     {remedy.remedy}")
    if not options.json:
        print(f"all codes: {PAGE}", file=sys.stderr)
    return 0


def _remedies_in(text: str) -> list[Remedy]:
    """The remedies of the codes in a text. Of a sentence only words that can be nothing else than
    a code: "closed" and "type" seldom are. Raises ConfigError if there is none."""
    words = _words(text)
    if len(words) > 1:
        words = [word for word in words if not word.islower() and word != "Closed"]
    found = [remedy for remedy in map(look_up, words) if remedy is not None]
    if found:
        return found
    near_one = near(text, (*CODES, *NAMES))
    hint = f"did you mean {near_one!r}?" if near_one else f"all codes are in {PAGE}"
    shown = text if text.isprintable() and len(text) <= LONGEST else "this text"
    raise ConfigError(f"{shown!r} is not a code that aiocollect knows; {hint}")


def _json(remedy: Remedy) -> str:
    return json.dumps(
        {
            "code": remedy.code,
            "kind": "code" if remedy.code not in NAMES else "name",
            "meaning": remedy.meaning,
            "remedy": remedy.remedy,
            "docs": PAGE,
        },
        ensure_ascii=False,
    )
