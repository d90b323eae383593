"""What a pipeline tells of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

__all__ = ["DEAD_LETTERED", "DROPPED", "REFUSED", "Report", "Stats"]

# The reasons under which rows are counted, so that whoever exports the counts can begin each series
# at 0: an alert on an increase misses the first loss where its series begins with it. The store's
# own codes come on top of those of dead letters, and what a user's part gives as a reason.
REFUSED: Final = (
    *("closed", "config", "day", "encode", "full", "id", "layout", "media", "redact", "row"),
    *("schema_overflow", "shape", "streams", "time", "too_large", "type"),
)
DROPPED: Final = ("closed", "delivery_timeout", "shed_oldest", "spool")
DEAD_LETTERED: Final = ("encode", "layout", "RequestBodyTooLarge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """One moment of a pipeline. Rows, unless said otherwise.

    ``accepted == stored + possibly_stored + sum(dead_lettered.values()) + sum(dropped.values())
    + in_memory + in_spool``. What was refused was never accepted; it is counted by reason.
    """

    accepted: int
    stored: int
    possibly_stored: int
    dead_lettered: dict[str, int]
    dropped: dict[str, int]
    in_memory: int
    in_spool: int  # on the disk alone
    adopted: int  # of the accepted ones: taken over from other lives' spools
    unspooled: int  # accepted with a spool, and the disk did not take them: in memory alone
    refused: dict[str, int]
    sampled_out: int  # rows of calls that sampling left out: neither refused nor accepted
    redacted_out: int  # rows that rules left out of their calls: neither refused nor accepted
    sample_rates: dict[str, float]  # the effective rate of each collector; 0 is switched off
    budget: int  # bytes
    budget_used: int  # bytes
    oldest_age: float | None  # seconds since the oldest row not yet final was taken
    paths: int  # with a lane
    held: dict[str, str]  # part to the code for which its rows do not move
    in_flight: int  # requests
    appends: int  # acknowledged blocks
    appended_bytes: int
    mismatches: int  # appends answered with "condition failed"
    unknown: int  # requests whose outcome stayed open
    hook_errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of all accepted rows, as ``flush`` and ``aclose`` found it. All in rows.

    ``accepted == stored + possibly_stored + sum(dead_lettered) + sum(dropped) + in_memory +
    in_spool``. The ``adopted`` ones, taken over from the spool of another life, count as accepted.
    ``seconds`` is how long the flush or close took. ``refused`` rows were never accepted; they are
    counted by reason. All since the pipeline was started.
    """

    accepted: int
    stored: int
    possibly_stored: int
    in_memory: int
    in_spool: int
    seconds: float
    adopted: int = 0
    dead_lettered: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every accepted row is stored."""
        return self.stored == self.accepted

    def __str__(self) -> str:
        """The equation as a line, without what is 0."""
        parts = [f"accepted {self.accepted} rows: stored {self.stored}"]
        for what, rows in (
            ("possibly stored", self.possibly_stored),
            ("still in memory", self.in_memory),
            ("in the spool for the next process", self.in_spool),
        ):
            if rows:
                parts.append(f"{what} {rows}")
        parts += _by_reason("dead-lettered", self.dead_lettered)
        parts += _by_reason("dropped", self.dropped)
        told = ", ".join(parts)
        return "; ".join([told, *_by_reason("refused", self.refused)])


def _by_reason(what: str, rows: dict[str, int]) -> list[str]:
    found = {reason: count for reason, count in rows.items() if count}
    if not found:
        return []
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(found.items()))
    return [f"{what} {sum(found.values())} ({reasons})"]
