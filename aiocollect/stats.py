"""What a pipeline tells of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["DEAD_LETTERED", "DROPPED", "REFUSED", "Stats"]

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
