"""What a process under test tells before it can be killed: a file of its own, a line a fact.

Invariants: a line is one ``os.write`` to a file opened for appending, so what was written survives
a SIGKILL and no line is cut by another; after a fork the child writes a file of its own; nothing
of the package is imported. The lines::

    B <producer> <turn> <rows> <kind>   a call is about to be made
    A <producer> <turn> <id or ->       it came back: its id, or refused
    S <producer> <turn>                 its receipt says that it is spooled
    K <path> <rows>                     the pipeline says that so many more rows are stored
    R <json>                            the report of the close
    N <json>                            a figure that the process has measured
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

__all__ = ["COLUMNS", "Journal", "cells"]

# What identifies a row is in the row, for the calls that never came back.
COLUMNS: Final = ("producer", "turn", "index", "value", "text")

# What CSV writers get wrong.
TEXTS: Final = ("plain", "a,b", 'say "x"', "two\nlines", "é\u2028ü", "", " x ", "1e5")


def cells(kind: str, producer: str, turn: int, index: int) -> tuple[Any, ...]:
    """The row that a producer gives at a turn: the process makes it, the auditor makes it again.

    ``plain``: text, whole numbers, fractions; ``numbers``: as many cells, all of them floats, of a
    producer whose name is a number; ``long``: with a text of 400 characters; ``poison``: of 60,000.
    """
    value = (turn * 1_000 + index) / 7
    if kind == "numbers":
        return (float(producer), float(turn), float(index), value, -value)
    length = {"long": 400, "poison": 60_000}.get(kind)
    text = TEXTS[(turn + index) % len(TEXTS)] if length is None else f"{turn:09}" + "x" * length
    return (producer, turn, index, value, text)


class Journal:
    """Writes ``<directory>/<name>.<pid>``."""

    def __init__(self, directory: str | os.PathLike[str], name: str) -> None:
        self._directory = Path(directory)
        self._name = name
        self._pid = 0
        self._file = -1

    def line(self, text: str) -> None:
        """One fact. Re-entrant: from finalizers and signal handlers too."""
        pid = os.getpid()
        if pid != self._pid:
            # The parent's file stays open in a child: it may be in use where the fork happened.
            path = self._directory / f"{self._name}.{pid}"
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._pid = pid
        data = text.encode() + b"\n"
        if os.write(self._file, data) != len(data):
            os._exit(97)  # without a journal nothing is proven

    def before(self, producer: str, turn: int, rows: int, kind: str) -> None:
        """A call is about to be made."""
        self.line(f"B {producer} {turn} {rows} {kind}")

    def after(self, producer: str, turn: int, accepted: str | None) -> None:
        """It came back."""
        self.line(f"A {producer} {turn} {accepted or '-'}")

    def spooled(self, producer: str, turn: int) -> None:
        """Its rows are on the disk."""
        self.line(f"S {producer} {turn}")

    def hook(self, event: object) -> None:
        """A hook for the pipeline: what it says to be stored."""
        if type(event).__name__ == "Settled":
            self.line(f"K {getattr(event, 'path')} {getattr(event, 'rows')}")  # noqa: B009

    def report(self, report: Any) -> None:
        """What the close returned."""
        names = (
            *("accepted", "stored", "possibly_stored", "in_memory", "in_spool", "adopted"),
            "seconds",
        )
        told = {name: getattr(report, name) for name in (*names, "dropped", "dead_lettered")}
        self.line("R " + json.dumps(told))

    def note(self, **figures: Any) -> None:
        """Figures."""
        self.line("N " + json.dumps(figures))
