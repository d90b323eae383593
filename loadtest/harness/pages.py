"""Figures in the pages: a command writes its tables between two marks, with the day.

``<!-- NAME: COMMAND -->`` begins the place, ``<!-- /NAME -->`` ends it; all between is replaced.
"""

from __future__ import annotations

import re
import textwrap
import time
from pathlib import Path
from typing import Final

__all__ = ["PAGES", "write"]

_WIDTH: Final = 100
PAGES: Final = Path(__file__).resolve().parents[2] / "docs" / "explanation"


def write(page: Path, name: str, text: str, *, conditions: str) -> None:
    """Put a text into its place. Raises ValueError where the page has no such place."""
    old = page.read_text(encoding="utf-8")
    place = re.compile(
        rf"(<!-- {re.escape(name)}: [^\n]*-->\n).*?(<!-- /{re.escape(name)} -->)", re.S
    )
    today = time.strftime("%Y-%m-%d", time.gmtime())
    dated = "\n".join(map(_wrapped, f"{today}, {conditions}:\n\n{text.strip()}".split("\n")))
    new, count = place.subn(lambda found: f"{found[1]}\n{dated}\n\n{found[2]}", old)
    if count != 1:
        raise ValueError(f"{page.name} has {count} places for {name!r}; it must have one")
    page.write_text(new, encoding="utf-8")


def _wrapped(line: str) -> str:
    """Prose wraps, a table's row does not."""
    return line if line.startswith("|") else textwrap.fill(line, _WIDTH)
