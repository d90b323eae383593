"""The rows of the face-off, and the ledger in which a producer notes what it was told.

Invariants: a row is a function of (seed, producer, seq), so that the oracle can tell a whole row
from any other line; a line of the ledger is one write to a file, which a SIGKILL leaves as it is.

Standard library alone: the contenders run in environments of their own.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

__all__ = ["COLUMNS", "Ledger", "LedgerContent", "make_row", "read_ledger"]

COLUMNS = ("id", "seq", "producer", "check")


def make_row(seed: int, producer: str, seq: int) -> dict[str, str | int]:
    """One row. ``check`` is as long as a few features, and right for this row alone."""
    check = blake2b(f"{seed}/{producer}/{seq}".encode(), digest_size=40).hexdigest()
    return {"id": f"{producer}-{seq:06d}", "seq": seq, "producer": producer, "check": check}


@dataclass(slots=True, kw_only=True)
class LedgerContent:
    """What one producer offered, and what it was told: by sequence number."""

    offered: set[int] = field(default_factory=set)
    accepted: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)  # the exception's class
    longest: float = 0.0  # seconds that one call took to tell


class Ledger:
    """The producer's side: says before a call that it offers, and behind it what it was told."""

    def __init__(self, path: Path) -> None:
        # Unbuffered: what was written is in the file, whatever becomes of the process.
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def offered(self, seq: int) -> None:
        self._say(f"offered {seq}")

    def accepted(self, seq: int) -> None:
        self._say(f"accepted {seq}")

    def refused(self, seq: int, why: str) -> None:
        self._say(f"refused {seq} {why}")

    def _say(self, line: str) -> None:
        os.write(self._file, f"{time.monotonic():.6f} {line}\n".encode())


def read_ledger(path: Path) -> LedgerContent:
    """The oracle's side. A producer offers one row at a time."""
    told = LedgerContent()
    begun = 0.0
    for line in path.read_text().splitlines():
        moment, word, seq, *why = line.split(" ", 3)
        if word == "offered":
            told.offered.add(int(seq))
            begun = float(moment)
            continue
        told.longest = max(told.longest, float(moment) - begun)
        if word == "accepted":
            told.accepted.add(int(seq))
        else:
            told.refused[int(seq)] = why[0]
    return told
