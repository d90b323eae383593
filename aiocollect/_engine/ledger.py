"""The ledger: how many rows became what, by reason. The right side of the conservation equation."""

from __future__ import annotations

from .._core.commands import Outcome

__all__ = ["Ledger"]


class Tally:
    """A count that any thread may raise: no call between reading and writing (see ring.py)."""

    __slots__ = ("rows",)

    def __init__(self) -> None:
        self.rows = 0

    def add(self, rows: int) -> None:
        """Count ``rows`` more."""
        self.rows += rows


class Ledger:
    """Counts rows that are final, and rows that were refused at the door."""

    def __init__(self) -> None:
        self.stored = 0
        self.possibly_stored = 0
        self.spooled = 0  # not final, but another life's from now on
        self.adopted = 0  # accepted by another life, and this one's now
        self.dead_lettered: dict[str, int] = {}
        self.dropped: dict[str, int] = {}
        self._refused: dict[str, Tally] = {}
        self._left_out = Tally()
        self._left_out_by_rule = Tally()

    def __repr__(self) -> str:
        return f"<Ledger {self.stored} stored>"

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

    def refuse(self, rows: int, reason: str) -> None:
        """Count rows that were not accepted. From any thread."""
        self._refused.setdefault(reason, Tally()).add(rows)

    def leave_out(self, rows: int) -> None:
        """Count rows of calls that sampling leaves out. From any thread."""
        self._left_out.add(rows)

    def leave_out_by_rule(self, rows: int) -> None:
        """Count rows that a rule of redact= leaves out of their calls. From any thread."""
        self._left_out_by_rule.add(rows)

    @property
    def redacted_out(self) -> int:
        """Rows that rules have left out."""
        return self._left_out_by_rule.rows

    @property
    def sampled_out(self) -> int:
        """Rows of calls that sampling has left out."""
        return self._left_out.rows

    @property
    def refused(self) -> dict[str, int]:
        """Rows that were not accepted, by reason."""
        return {reason: tally.rows for reason, tally in self._refused.items()}
