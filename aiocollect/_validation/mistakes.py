"""Slips: what happens to a value on its way from an operator into a process. Pure.

Env files keep quotes, shells and orchestrators leave a variable unreplaced, templates write None,
editors begin with a byte order mark. None of these is ever intended.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["mistake_in"]

# The last but one is UTF-8's mark read as latin-1, the last one as it appears in os.environ.
_MARKS: Final = ("\ufeff", "\ufffe", "\xef\xbb\xbf", "\udcef\udcbb\udcbf")
_QUOTES: Final = tuple("\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb")
# What templates and serialisers write for a missing value.
_WORDS: Final = frozenset(
    {
        *("none", "null", "nil", "undefined", "nan"),
    }
)
_UNREPLACED: Final = re.compile(
    # ${X}, $(X), $X, {{ x }}, %(x)s; <account>, from documentation; a reference to a key vault.
    r"\$[{(A-Za-z_]|\{\{|\}\}|%\([A-Za-z_]\w*\)s|<[^<>]*>|^@Microsoft\.KeyVault"
    # %X% of Windows, but not %20 of a URL.
    r"|^%[A-Za-z_]\w*%"
)


def mistake_in(text: str) -> str | None:
    """What is wrong with the text of an address, a path or a name, and the remedy, as the end of a
    sentence; None if nothing is. It never shows the text."""
    if text.startswith(_MARKS):
        return "begins with a byte order mark; save the file without one"
    if text != text.strip():
        return "begins or ends with white space or a line end; remove it"
    if text.startswith(_QUOTES) or text.endswith(_QUOTES):
        return (
            "is in quotes, which docker's --env-file and similar tools keep; write it without "
            "quotes"
        )
    if not text.isprintable():
        return "contains invisible characters; type it again"
    if _UNREPLACED.search(text):
        return (
            "contains a variable or placeholder that was not replaced, such as ${NAME}, "
            "$(NAME) or <name>; replace it where this value is made"
        )
    if text.lower() in _WORDS:
        return (
            f"is the word {text.lower()}, which means that nothing was set; unset it, or set a "
            "value"
        )
    if text.startswith("~"):
        return "begins with ~, which only a shell expands; write the whole path"
    return None
