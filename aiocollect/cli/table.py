"""Tables on a terminal. What a terminal would obey is shown as an escape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["escaped", "print_table", "shown"]

# Of a cell: two of them and an id stand side by side in a terminal of 120 columns.
_WIDEST = 40


def print_table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Names and rows, each column as wide as it must be."""
    table = [list(map(shown, names)), *([shown(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def shown(cell: Any) -> str:
    """A cell as a terminal can show it; missing is nothing."""
    text = escaped("" if cell is None else str(cell))
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def escaped(text: str) -> str:
    """The text, without anything that a terminal would obey."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()
