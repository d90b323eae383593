"""Bugs at the edges: gateway, options, settings file, command line."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["EDGES"]

EDGES: Final[list[Mutant]] = []
