"""docs/explanation/matrix.md: a row for each cell, of the day that it was run last. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from tools.matrix.cells import CELLS, Cell

__all__ = ["BEGIN", "END", "Ran", "counts_in", "with_rows"]

BEGIN: Final = "<!-- rows: begin -->"
END: Final = "<!-- rows: end -->"
_HEAD: Final = """\
| cell | Python | run | passed | failed | skipped | suites | versions |
|---|---|---|---:|---:|---:|---|---|"""


class Ran(NamedTuple):
    """What came of a cell. ``day`` and ``revision``: of when, and of what."""

    python: str
    day: str
    revision: str
    passed: int
    failed: int
    skipped: int
    suites: str
    versions: Mapping[str, str]


def counts_in(output: str) -> tuple[int, int, int]:
    """Passed, failed (with errors) and skipped, as pytest's last line has them. Raises ValueError
    where there is no such line: the run did not come to its end."""
    lines = re.findall(
        r"^.*\b\d+ (?:passed|failed|errors?|skipped)\b.* in [\d.]+s.*$", output, re.M
    )
    if not lines:
        raise ValueError("pytest did not come to its end")
    found = {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", lines[-1])}
    failed = found.get("failed", 0) + found.get("error", 0) + found.get("errors", 0)
    return found.get("passed", 0), failed, found.get("skipped", 0)


def _row(cell: Cell, ran: Ran) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in ran.versions.items())
    return (
        f"| {cell.name} | {ran.python} | {ran.day}, {ran.revision} | {ran.passed:,} | {ran.failed} "
        f"| {ran.skipped} | {ran.suites} | {versions} |"
    )


def with_rows(page: str, ran: Mapping[Cell, Ran]) -> str:
    """The page with the rows of these cells; the others keep the rows that they have."""
    before, _, rest = page.partition(BEGIN)
    old, _, after = rest.partition(END)
    kept = {row.split(" | ")[0].strip("| "): row for row in old.splitlines() if row[:3] == "| 3"}
    kept |= {cell.name: _row(cell, one) for cell, one in ran.items()}
    rows = [kept.get(cell.name, f"| {cell.name} | | not run yet | | | | | |") for cell in CELLS]
    return "\n".join([f"{before}{BEGIN}", "", _HEAD, *rows, "", f"{END}{after}"])
