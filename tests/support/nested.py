"""Nested cells, for the tests of the encoders."""

from __future__ import annotations

from typing import Any


def deep(levels: int) -> Any:
    """A value nested so many times."""
    cell: Any = 1
    for _ in range(levels):
        cell = (cell,)
    return cell
