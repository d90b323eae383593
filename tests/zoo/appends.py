"""Bugs of the append rule and of what the service answers: lanes, stores, verdicts."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["APPENDS"]

APPENDS: Final[list[Mutant]] = []
