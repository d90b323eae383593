"""Counters: how many rows became what, by reason. The right side of the conservation equation."""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple, TypedDict

from .._core.commands import Outcome

__all__ = ["OTHERS", "Counters", "LogSums", "Refusals", "RowFields"]

# So many amounts wait to be added up: 8 KB for each reason.
MANY = 1000
# So many collectors and reasons have a tally; the others share one for each reason.
LABELS = 1000
OTHERS = "…"


class LogSums(NamedTuple):
    """What a process has counted since it began, in rows: ``accepted`` by collect(), all streams
    together; the others by collector, ``refused`` by reason too."""

    accepted: int
    refused: dict[str, dict[str, int]]
    sampled_out: dict[str, int]
    redacted_out: dict[str, int]


class Tally:
    """A count that any thread can raise at any moment. It is exact, and no thread waits.

    An amount is appended, which is one step whatever traces us; they are added up where they are
    read, and now and then before.
    """

    __slots__ = ("_amounts", "_lock", "_sum")

    def __init__(self) -> None:
        self._amounts: deque[int] = deque()
        self._sum = 0
        self._lock = threading.Lock()

    def add(self, rows: int) -> None:
        """Count ``rows`` more."""
        self._amounts.append(rows)
        if len(self._amounts) > MANY:
            self._add_up()

    def _add_up(self) -> None:
        # A signal handler that interrupts this leaves the adding up to it.
        if self._lock.acquire(blocking=False):
            try:
                for _ in range(len(self._amounts)):
                    self._sum += self._amounts.popleft()
            finally:
                self._lock.release()

    @property
    def rows(self) -> int:
        """The count so far."""
        self._add_up()
        return self._sum


class Tallies:
    """Tallies by collector and reason, made where they are first needed."""

    __slots__ = ("_tallies",)

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str], Tally] = {}

    def __repr__(self) -> str:
        return f"<Tallies {self.by_reason()}>"

    def add(self, rows: int, label: str, reason: str = "") -> None:
        """Count ``rows`` more. From any thread."""
        tally = self._tallies.get((label, reason))
        if tally is None:
            if len(self._tallies) >= LABELS:
                label = OTHERS  # collectors are made for each request
            tally = self._tallies.setdefault((label, reason), Tally())
        tally.add(rows)

    def by_reason(self) -> dict[str, int]:
        """The counts of all collectors."""
        found: dict[str, int] = {}
        for (_, reason), tally in list(self._tallies.items()):
            found[reason] = found.get(reason, 0) + tally.rows
        return found

    def by_label(self) -> dict[str, dict[str, int]]:
        """The counts of each collector, by reason."""
        found: dict[str, dict[str, int]] = {}
        for (label, reason), tally in list(self._tallies.items()):
            found.setdefault(label, {})[reason] = tally.rows
        return found


class Refusals:
    """Whether every call is being refused: none was accepted between them. From any thread.

    It hears of refused calls only, so that accepting costs nothing: how many calls were accepted
    by then says whether there were any in between.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = (-1, 0.0, 0)

    def note(self, accepted: int, now: float, *, used: int) -> None:
        """A call was refused at the monotonic time ``now``, after so many ``accepted`` calls.
        ``used`` is the used budget, if there was no room; else 0."""
        self._last = (accepted, now, used)

    def lately(self, accepted: int, now: float, seconds: float, *, used: int) -> bool:
        """Whether the latest call was refused, at most ``seconds`` ago; if there was no room, also
        whether there still is none."""
        before, when, full = self._last
        return before == accepted and now - when <= seconds and used >= full


class RowFields(TypedDict):
    """The conservation equation, and what was refused. See Report and Stats, which have fields of
    these names."""

    accepted: int
    stored: int
    possibly_stored: int
    dead_lettered: dict[str, int]
    dropped: dict[str, int]
    in_memory: int
    in_spool: int
    adopted: int
    refused: dict[str, int]


class Counters:
    """Counts rows that are final, and rows that were refused."""

    def __init__(self) -> None:
        self.stored = 0
        self.possibly_stored = 0
        self.spooled = 0  # not final: left to the next process
        self.adopted = 0  # accepted by another process, and taken over by this one
        self.dead_lettered: dict[str, int] = {}
        self.dropped: dict[str, int] = {}
        self._refused = Tallies()
        self._left_out = Tallies()
        self._left_out_by_rule = Tallies()

    def __repr__(self) -> str:
        return f"<Counters {self.stored} stored>"

    def counts(self, *, accepted: int, in_memory: int, parked: int) -> RowFields:
        """All counts of rows. Those given are not counted here: accepted by this process, in
        memory, and only on the disk."""
        return RowFields(
            accepted=accepted + self.adopted,
            stored=self.stored,
            possibly_stored=self.possibly_stored,
            dead_lettered=dict(self.dead_lettered),
            dropped=dict(self.dropped),
            in_memory=in_memory,
            in_spool=self.spooled + parked,
            adopted=self.adopted,
            refused=self.refused,
        )

    def finish(self, outcome: Outcome, rows: int, reason: str) -> None:
        """Count rows that have become final."""
        match outcome:
            case Outcome.STORED:
                self.stored += rows
            case Outcome.POSSIBLY_STORED:
                self.possibly_stored += rows
            case Outcome.DEAD_LETTERED:
                self.dead_lettered[reason] = self.dead_lettered.get(reason, 0) + rows
            case Outcome.SPOOLED:
                self.spooled += rows
            case Outcome.DROPPED:
                self.dropped[reason] = self.dropped.get(reason, 0) + rows

    def adopt_lost(self, rows: int) -> None:
        """Count rows that another process accepted, and that cannot be read."""
        if rows:
            self.adopted += rows
            self.finish(Outcome.DROPPED, rows, "damaged")

    def refuse(self, rows: int, reason: str, label: str) -> None:
        """Count rows that were not accepted, by reason and collector. From any thread."""
        self._refused.add(rows, label, reason)

    def leave_out(self, rows: int, label: str) -> None:
        """Count rows of calls that sampling leaves out, by collector. From any thread."""
        self._left_out.add(rows, label)

    def leave_out_by_rule(self, rows: int, label: str) -> None:
        """Count rows that a rule of redact= leaves out of their calls, by stream. From any
        thread."""
        self._left_out_by_rule.add(rows, label)

    def sums(self, accepted: int) -> LogSums:
        """What the log writes down of calls that never became rows."""
        return LogSums(
            accepted,
            refused=self._refused.by_label(),
            sampled_out={label: of[""] for label, of in self._left_out.by_label().items()},
            redacted_out={label: of[""] for label, of in self._left_out_by_rule.by_label().items()},
        )

    @property
    def redacted_out(self) -> int:
        """Rows that rules have left out."""
        return sum(self._left_out_by_rule.by_reason().values())

    @property
    def sampled_out(self) -> int:
        """Rows of calls that sampling has left out."""
        return sum(self._left_out.by_reason().values())

    @property
    def refused(self) -> dict[str, int]:
        """Rows that were not accepted, by reason."""
        return self._refused.by_reason()
