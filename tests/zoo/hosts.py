"""Bugs of a row's host: starts, ends, forks, loops, places among the senders, budgets."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["HOSTS"]

HOSTS: Final[list[Mutant]] = []
