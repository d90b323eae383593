"""Progress on stderr, for commands that take longer than two seconds.

::

    with Progress("reading churn/10", unit="rows") as progress:
        for batch in dataset:
            rows += batch.num_rows
            progress.at(rows)

Who works says only how far it is, as often as it likes. A thread of its own writes: also where the
work is one long call that says nothing. On a terminal it is one line, which goes away at the end;
in a log file, a line every ten seconds.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Literal, TextIO, TypeAlias

__all__ = ["Progress", "Unit"]

Unit: TypeAlias = Literal["rows", "bytes", "parts"]

# Seconds: a command that is quicker says nothing.
PATIENCE = 2.0
ON_TERMINAL, IN_LOG = 0.5, 10.0
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


class Progress:
    """``what`` is done, such as "reading churn/10". Nothing is written before ``patience`` seconds.

    ``shows_rows``: the command writes rows to stdout meanwhile. Where that is the terminal, they
    are the progress, and a line among them would only be in their way.
    """

    def __init__(
        self,
        what: str,
        *,
        unit: Unit = "rows",
        shows_rows: bool = False,
        out: TextIO | None = None,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._unit = unit
        self._silent = shows_rows and sys.stdout.isatty()
        self._out = sys.stderr if out is None else out
        self._patience = patience
        self._clock = clock
        self._begun = clock()
        self._done: tuple[int, int | None] | None = None
        self._said = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="aiocollect-progress", daemon=True)

    def __repr__(self) -> str:
        return f"<Progress {self.line()}>"

    def at(self, done: int, total: int | None = None) -> None:
        """How much is done, and of how much, if that is known; from any thread, and cheap."""
        self._done = (done, total)

    def line(self) -> str:
        """What it would say now."""
        seconds = self._clock() - self._begun
        if self._done is None:
            return f"{self._what}: {seconds:.0f} s"
        done, total = self._done
        text = f"{self._what}: {_amount(done, self._unit)}"
        if total:
            text += f" of {_amount(total, self._unit)} ({100 * min(done, total) // total} %)"
        return f"{text}, {seconds:.0f} s"

    def __enter__(self) -> Progress:
        self._begun = self._clock()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        if self._said and self._out.isatty():
            self._write("\r\x1b[K")

    def _run(self) -> None:
        terminal = self._out.isatty()
        wait = self._patience
        while not self._ended.wait(wait):
            if not self._silent:
                self._write(f"\r{self.line()}\x1b[K" if terminal else f"{self.line()}\n")
                self._said = True
            wait = ON_TERMINAL if terminal else IN_LOG

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # closed: nobody listens
            self._out.write(text)
            self._out.flush()


def _amount(count: int, unit: Unit) -> str:
    if unit != "bytes":
        return f"{count:,} {unit}"
    size, at = float(count), 0
    while size >= 1024 and at < len(_UNITS) - 1:
        size, at = size / 1024, at + 1
    return f"{size:.1f} {_UNITS[at]}" if at else f"{count} bytes"
