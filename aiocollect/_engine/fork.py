"""Forks: how a pipeline starts in a child process.

Servers create their pipeline before they fork their workers. Rows, sockets and ids stay with the
parent; the child's pipeline starts empty, with its own writer id.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["watch_forks"]


class Forked(Protocol):
    """What must start again in a child process."""

    def begin_in_child(self) -> None:
        """Forget everything that belongs to the parent."""


_watched: weakref.WeakSet[Forked] = weakref.WeakSet()


def watch_forks(one: Forked) -> None:
    """Call its ``begin_in_child`` in every child that is forked from now on."""
    _watched.add(one)


def _in_child() -> None:
    for one in list(_watched):
        one.begin_in_child()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_in_child)
