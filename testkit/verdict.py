"""The verdict of an auditor: one table of words, and the class that counts by them.

Auditors read what was stored each by itself, so that no mistake is made twice in the same way. What
they call their findings, and which of these are faults, is here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Final

__all__ = ["WORDS", "Verdict"]

# Each is counted in rows, and each is a fault.
WORDS: Final = {
    "lost": "accepted, and not stored",
    "doubled": "stored again",
    "torn": "a line that is not a whole row, or a file that does not end with a newline",
    "reordered": "stored after a later row of the same producer and path",
    "altered": "stored with other values, or under another id, than it was given",
    "misplaced": "stored in another folder, or under other columns, than it belongs to",
    "foreign": "stored, and never offered, or refused",
    "halved": "stored without the other rows of its call",
    "gaps": "stored after a row of the same path that is not",
    "misreported": "counted otherwise by the process than by the auditor",
}
# Of each word.
_EXAMPLES: Final = 4


@dataclass(slots=True, kw_only=True)
class Verdict:
    """How many rows each of WORDS is true of, and ``stored`` rows, each counted once."""

    stored: int = 0
    lost: int = 0
    doubled: int = 0
    torn: int = 0
    reordered: int = 0
    altered: int = 0
    misplaced: int = 0
    foreign: int = 0
    halved: int = 0
    gaps: int = 0
    misreported: int = 0
    where: dict[str, list[str]] = field(default_factory=dict)  # examples, by word

    @property
    def faults(self) -> dict[str, int]:
        """Only what is wrong."""
        counts = {word: getattr(self, word) for word in WORDS}
        return {word: rows for word, rows in counts.items() if rows}

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    @property
    def examples(self) -> list[str]:
        """A few lines for each fault."""
        return [f"{word}: {where}" for word, found in self.where.items() for where in found]

    def note(self, word: str, where: object, *, rows: int = 1) -> None:
        """Count a fault, and keep where it was."""
        assert word in WORDS, word
        if not rows:
            return
        setattr(self, word, getattr(self, word) + rows)
        found = self.where.setdefault(word, [])
        if len(found) < _EXAMPLES:
            found.append(f"{where}" if rows == 1 else f"{where} ({rows} rows)")

    def add(self, other: Verdict) -> None:
        """Count what another one of the same kind has found, too."""
        for each in fields(self):
            value: Any = getattr(other, each.name)
            if each.name == "where":
                for word, found in value.items():
                    self.where[word] = [*self.where.get(word, []), *found][:_EXAMPLES]
            else:
                setattr(self, each.name, getattr(self, each.name) + value)
