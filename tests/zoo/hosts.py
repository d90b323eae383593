"""Bugs of a row's host: starts, ends, forks, loops, places among the senders, budgets."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["HOSTS"]

HOSTS: Final[list[Mutant]] = [
    Mutant(
        "the ring without its lock",
        "own: a tracer in Python lets other threads in between any two lines",
        "_engine/quick.py",
        "    with window.lock:\n",
        "    if True:\n",
        ("traced",),
        "lost",
    ),
    Mutant(
        "a call from inside of another one",
        "own: a re-entrant lock lets a signal handler in where half a call is written",
        "_engine/quick.py",
        "        if window.inside and window.nested():\n",
        "        if False:\n",
        ("traced",),
        "doubled",
    ),
    Mutant(
        "a window that an interrupt leaves locked",
        "own: Ctrl-C in the middle of a call, under a debugger",
        "_core/ring.py",
        "                        self.undo(tail, used, over, more, account, before)\n",
        "",
        ("traced",),
        "the budget leaks",
    ),
]
