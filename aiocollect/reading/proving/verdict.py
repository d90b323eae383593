"""The verdict of verify(): what is known of each stream and day, and what was found. Pure.

Four words, and never more than is known: *proven* (every row that was accepted has its place, or is
told to have none), *consistent* (what is there is sound, but nobody can say that it is all),
*open* (something is still under way), *damaged* (lost, altered, doubled or foreign).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias

__all__ = ["DayVerdict", "Finding", "State", "Verdict", "state_of", "worst"]

State: TypeAlias = Literal["proven", "consistent", "open", "damaged"]

# What each finding leaves of a day, and what to do; docs/reference/log.md says the same.
FINDINGS: Final[dict[str, tuple[State, str]]] = {
    "lost": ("damaged", "rows that were stored are not there; restore the blob from a backup"),
    "altered": ("damaged", "bytes are not those that were stored; restore the blob from a backup"),
    "moved": ("damaged", "rows are in another place than they were stored in"),
    "doubled": ("damaged", "rows are there more than once; leave out the later ones"),
    "foreign": ("damaged", "bytes that no writer of these rows has stored; find out who writes"),
    "unaccounted": (
        "damaged",
        "a life accepted more rows than it has records of; report it",
    ),
    "pending": ("open", "bytes of a life that still runs; verify again when it has closed"),
    "running": ("open", "the life has no close: it runs, or was killed"),
    "spooled": ("open", "rows wait in a spool; start a pipeline on its directory"),
    "possibly": ("open", "the last answer for these rows was lost; they may be stored or not"),
    "unended": ("open", "rows of a life that still runs, or was killed, have not ended"),
    "compacted": ("consistent", "the part was removed after compaction; its rows are in the files"),
    "no_log": ("consistent", "nothing is written down of these bytes: rows were checked alone"),
    "chain": ("consistent", "the log was cut, changed or mixed; it counts up to there"),
    "gap": ("consistent", "records of the log were never stored; bytes were checked alone"),
    "unsigned": ("consistent", "the log is not signed, and a log_key was given"),
    "unchecked": (
        "consistent",
        "the log is signed: check it with log_key= (AIOCOLLECT_LOG_KEY)",
    ),
}
_ORDER: Final[tuple[State, ...]] = ("proven", "consistent", "open", "damaged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that keeps a day from being proven.

    ================  =============================================================================
    ``kind``          a word of docs/reference/log.md
    ``part``          the blob; empty where it is not about one
    ``offset``        where in the blob, in bytes; -1 where it is about none
    ``length``        how many bytes
    ``life, lane``    the writer id and its lane, where known
    ``first, last``   the numbers of the rows in that lane; -1 where they have none
    ``rows``          how many rows, as far as that is known
    ``before``        the id of the row before them, and ``after`` that of the row after them, where
                      there are such rows
    ``text``          all of it in words
    ================  =============================================================================
    """

    kind: str
    part: str = ""
    offset: int = -1
    length: int = 0
    life: str = ""
    lane: int = -1
    first: int = -1
    last: int = -1
    rows: int = 0
    before: str = ""
    after: str = ""
    text: str = ""

    @property
    def state(self) -> State:
        """What it leaves of the day."""
        return FINDINGS[self.kind][0]

    @property
    def remedy(self) -> str:
        """What it means, and what to do."""
        return FINDINGS[self.kind][1]

    def __str__(self) -> str:
        """One line, without a cell other than ids."""
        said = [f"{self.kind}:"]
        if self.part:
            said.append(self.part)
        if self.offset >= 0:
            said.append(f"bytes {self.offset} to {self.offset + self.length - 1}")
        if self.first >= 0:
            said.append(f"rows {self.first} to {self.last} of lane {self.lane}")
        elif self.rows:
            said.append(f"{self.rows} rows")
        if self.life:
            said.append(f"of life {self.life}")
        if self.before:
            said.append(f"after id {self.before}")
        if self.after:
            said.append(f"before id {self.after}")
        if self.text:
            said.append(f"({self.text})")
        return " ".join(said)


class DayVerdict(NamedTuple):
    """What is known of one stream's rows of one folder: a day, or an hour.

    ``stored`` counts rows by the log; ``bytes`` and ``parts`` are those in the store.
    ``dead_lettered`` and ``dropped`` rows, by reason, were told by the log: they are no loss that
    anybody kept silent about. ``all_shown`` is False where there were more findings than are
    listed.
    """

    model: str
    version: str
    stream: str
    begin: datetime
    end: datetime
    state: State
    parts: int
    bytes: int
    stored: int
    dead_lettered: dict[str, int]
    dropped: dict[str, int]
    findings: tuple[Finding, ...]
    all_shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verify() found, day by day and stream by stream.

    ``refused``, ``sampled_out`` and ``redacted_out`` are rows of calls that were never accepted, by
    stream: what the lives that were looked at have counted, over all their days. They are no loss.
    """

    days: tuple[DayVerdict, ...]
    lives: int = 0
    refused: dict[str, dict[str, int]] = field(default_factory=dict)
    sampled_out: dict[str, int] = field(default_factory=dict)
    redacted_out: dict[str, int] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """The worst of all days; "consistent" where there is nothing."""
        return worst(day.state for day in self.days) if self.days else "consistent"

    @property
    def proven(self) -> bool:
        """Whether every day is proven, and there is one."""
        return bool(self.days) and self.state == "proven"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of all days."""
        return tuple(finding for day in self.days for finding in day.findings)

    def __str__(self) -> str:
        """One line a day, and one for each finding."""
        lines = []
        for day in self.days:
            name = f"{day.model}/{day.version}/{day.stream}"
            lines.append(f"{name} {day.begin:%Y-%m-%d %H:%M}: {day.state}, {day.stored} rows")
            lines += [f"  {finding}" for finding in day.findings]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: all of it, with moments as ISO 8601 text."""
        found = asdict(self) | {"state": self.state}
        found["days"] = [
            day._asdict()
            | {
                "begin": day.begin.isoformat(),
                "end": day.end.isoformat(),
                "findings": [asdict(finding) for finding in day.findings],
            }
            for day in self.days
        ]
        return found


def worst(states: Iterable[State]) -> State:
    """The one of them that says least."""
    return max(states, key=_ORDER.index, default="proven")


def state_of(findings: Iterable[Finding]) -> State:
    """What these findings leave of a day."""
    return worst(finding.state for finding in findings)
