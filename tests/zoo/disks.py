"""Bugs of what outlives a process: spool, journals, adoption, replay."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["DISKS"]

DISKS: Final[list[Mutant]] = []
