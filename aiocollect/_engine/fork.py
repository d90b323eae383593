"""Forks: what a pipeline is in a child process.

Servers make their pipeline before they fork their workers. Rows, sockets and ids stay the parent's;
the child's pipeline begins with nothing, under a writer id of its own.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["watch_forks"]


class Forked(Protocol):
    """What can begin anew."""

    def begin_in_child(self) -> None:
        """Forget what is the parent's."""


_watched: weakref.WeakSet[Forked] = weakref.WeakSet()


def watch_forks(one: Forked) -> None:
    """Have ``begin_in_child`` called in every child that is forked from now on."""
    _watched.add(one)


def _in_child() -> None:
    for one in list(_watched):
        one.begin_in_child()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_in_child)
