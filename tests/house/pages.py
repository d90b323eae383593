"""The project's pages and scripts, and what is prose in them."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "loadtest").rglob("README.md"),
    ]
)

# Every Python file of the project.
SCRIPTS = sorted(
    path
    for folder in ("aiocollect", "docs", "examples", "loadtest", "testkit", "tests", "tools")
    for path in (ROOT / folder).rglob("*.py")
    if not {".venv", "node_modules"} & set(path.relative_to(ROOT).parts)
)


def read(name: str | Path) -> str:
    """The text of a file, by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    """How a test calls it."""
    return str(page.relative_to(ROOT))


def without_code(text: str) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def headings(text: str) -> set[str]:
    """The anchors of a page, as GitHub makes them from its headings."""
    found = re.findall(r"^#+ (.*)$", without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def prose_of(source: str) -> Iterator[str]:
    """The lines of the docstrings and comments of a script."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not re.match("# (type:|noqa)", token.string):
            yield token.line.rstrip("\n")
        elif token.type == tokenize.STRING and token.line.lstrip().startswith(('"""', 'r"""')):
            yield from token.line.rstrip("\n").splitlines()
