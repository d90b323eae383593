"""The canary: no secret and no marked cell in anything that a test run emits.

A part of each test, by tests/conftest.py: all log records from DEBUG on with their arguments and
tracebacks, all warnings, and what reaches stdout and stderr, are searched, and the test fails where
a canary is in them. What a test reads away by itself (capsys, pytest.warns) it must look at itself.

    python -m pytest --no-canary ...    leaves it off, for a comparison of times
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

import pytest

from aiocollect.stores.azure.target import EMULATOR_KEY

__all__ = ["CELL", "Canary", "leaks_in"]

# Cells that must never be told begin like this.
CELL: Final = "CELL-CANARY-"

# The emulator's key stands for every account key: as it is, in a URL, and as a URL's form has it.
# A signature of up to eight characters may be REDACTED, as azure-core writes it. Then tokens: of
# JSON Web Tokens the claims, of others whatever follows "Bearer".
_CANARIES: Final = re.compile(
    "|".join(
        (
            *(
                re.escape(key)
                for key in {EMULATOR_KEY, quote(EMULATOR_KEY), quote(EMULATOR_KEY, "")}
            ),
            r"[?&;\s]sig=[A-Za-z0-9%+/=_-]{9,}",
            r"^sig=[A-Za-z0-9%+/=_-]{9,}",
            r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
            r"Bearer [A-Za-z0-9._~+/=-]{9,}",
            re.escape(CELL),
        )
    )
)


def leaks_in(text: str) -> list[str]:
    """Where canaries are in a text, told without them."""
    found = []
    for match in _CANARIES.finditer(text):
        before = text[max(0, match.start() - 60) : match.start()].replace("\n", " ")
        found.append(f"{match.group()[:5]}… behind {before!r}")
    return found[:5]


class Canary(logging.Handler):
    """Listens to the root logger; ``take`` tells what has leaked since the last time."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self._formatter = logging.Formatter("%(message)s")
        self._leaks: list[str] = []
        self.warnings: list[str] = []
        self._level = logging.WARNING

    def __repr__(self) -> str:
        return f"<Canary {len(self._leaks)} leaks>"

    def begin(self) -> None:
        """Hear everything, from DEBUG on."""
        root = logging.getLogger()
        self._leaks.clear()
        self._level = root.level
        root.setLevel(logging.DEBUG)
        root.addHandler(self)

    def end(self) -> None:
        """Hear nothing more."""
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self._level)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            # Arguments too that the format leaves out: some handlers send them.
            text = f"{self._formatter.format(record)}\n{record.args!r}"
        except Exception:
            text = str(record.msg)  # a format that does not fit its arguments
        self.search(f"log of {record.name}", text)

    def warned(self, text: str) -> None:
        """Note the canaries of a warning, which pytest tells when the test has its result."""
        self.warnings += [f"warning: {leak}" for leak in leaks_in(text)]

    def search(self, where: str, text: str) -> None:
        """Note the canaries of a text."""
        self._leaks += [f"{where}: {leak}" for leak in leaks_in(text)]

    def take(self, sections: Iterable[tuple[str, str]]) -> list[str]:
        """All leaks of a test, with those in what it has written."""
        for name, text in sections:
            # Its logs were heard, and pytest keeps them twice.
            if "log" not in name:
                self.search(name, text)
        leaks, self._leaks = self._leaks, []
        return leaks


def fail(report: pytest.TestReport, leaks: list[str]) -> None:
    """Let a test fail for what has leaked."""
    report.outcome = "failed"
    lines = "\n".join(f"  {leak}" for leak in leaks)
    report.longrepr = f"a secret or a cell has leaked:\n{lines}\n{report.longreprtext}"
