"""The oracle of crash lives: what each row was promised, and what must be in the stores then.

It knows what collect() was given, what each receipt said when its life ended, and the bytes of the
stores, read by Python's csv.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiocollect import MemoryStore

__all__ = ["CrashOutcome", "Promises", "Row"]

Row = tuple[int, str, int]  # life, stream, number


@dataclass
class CrashOutcome:
    """What became of a machine's life."""

    seed: int
    rows: int = 0
    kept: int = 0  # rows that were promised when their life ended
    crashed_at: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)  # of KINDS
    ends: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class Promises:
    """Of one machine. ``rots``: bytes of its disk change by themselves."""

    def __init__(self, *, rots: bool) -> None:
        self._rots = rots
        self.tenant_of: dict[int, str] = {0: "a"}  # by life
        self.accepted: dict[Row, str] = {}  # with the text of each
        self.durable: set[Row] = set()
        self._stored: set[Row] = set()
        self._spooled: set[Row] = set()  # and the power was not cut since

    def remember(self, receipts: list[tuple[Row, Any]], *, power: bool) -> None:
        """A life has ended, maybe with the power of its machine."""
        for row, receipt in receipts:
            if receipt.outcome == "stored":
                self._stored.add(row)
            elif receipt.outcome not in (None, "spooled"):
                self.durable.discard(row)  # it was reported as not stored, or possibly not
            elif receipt.spooled:
                self._spooled.add(row)
        if power:
            self._spooled.clear()
        if self._rots:
            # A failing disk can break its promises: see docs/explanation/limits.md.
            self._spooled.clear()
            self.durable.clear()

    @property
    def promised(self) -> set[Row]:
        """The rows that must be in a store."""
        return self._stored | self.durable | self._spooled

    def judge(self, stores: Mapping[str, MemoryStore]) -> list[str]:
        """Compare what is stored, by tenant, with what was accepted and promised; the problems."""
        problems: list[str] = []
        seen: Counter[Row] = Counter()
        last: dict[tuple[int, str], int] = defaultdict(int)
        for tenant, store in stores.items():
            for path in sorted(store.blobs, key=_part):
                data = store.blobs[path].decode(errors="replace")
                if data and not data.endswith("\n"):
                    problems.append(f"torn: {path}")
                for cells in list(csv.reader(io.StringIO(data, newline="")))[1:]:
                    stream = path.split("/")[4]
                    try:
                        row = (int(cells[0]), stream, int(cells[1]))
                    except (ValueError, IndexError):
                        problems.append(f"torn: {cells} in {path}")
                        continue
                    seen[row] += 1
                    if self.tenant_of.get(row[0], "a") != tenant:
                        problems.append(f"misdelivered: {row} in the store of {tenant}")
                    if self.accepted.get(row) != cells[2]:
                        problems.append(f"altered or invented: {row} in {path}")
                    if row[2] < last[row[0], stream]:
                        problems.append(f"reordered: {row} in {path}")
                    last[row[0], stream] = max(row[2], last[row[0], stream])
        problems += [f"doubled: {row}" for row, count in seen.items() if count > 1]
        return problems + [f"lost: {row}" for row in sorted(self.promised - seen.keys())]


def _part(path: str) -> tuple[str, str, int]:
    folder, _, name = path.rpartition("/")
    stem, _, number = name.removesuffix(".csv").partition("_")
    return folder, stem, int(number or 0)
