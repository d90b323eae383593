"""The options that few need to change, in two groups, checked at construction.

Each default carries its reason. A bad value raises ConfigError, which names option and remedy.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from ._validation.checks import check_flag, check_number
from .errors import ConfigError

__all__ = ["Limits", "Retry"]

KIB = 1024
MIB = 1024 * KIB
# Channel, lane, accumulator, a small batch, its request and its timer; measured by
# tests/simulation/bounded.py.
PATH_COST = 3 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds that few need to change. Bytes, rows and counts."""

    # 65,536 calls: more than a host makes between two looks of the pump; 0.5 MB.
    ring_slots: int = 2**16
    # A copy of 4 MiB inside collect() holds the caller for about a millisecond.
    max_call_bytes: int = 4 * MIB
    # The service refuses the 50,001st block; 1,000 are left for other writers' late appends.
    max_blocks: int = 49_000
    # 50,000 blocks of 4 MiB, the older limit that every endpoint accepts.
    max_blob_bytes: int = 190 * 2**30
    # More headers than this on one path in one day mean that columns are made of data.
    max_headers: int = 8
    # Of the spool: a quarter of an hour's outage at 1 MiB/s. Rows above it are in memory alone.
    max_spool_bytes: int = 2**30
    # Whether bytes that begin like audio, images or video are recorded: a file of them is large,
    # and seldom what drift is watched on.
    media: bool = False

    def __post_init__(self) -> None:
        check_flag("limits.media", self.media)
        for spec in fields(self):
            if spec.name == "media":
                continue
            check_number(f"limits.{spec.name}", getattr(self, spec.name), at_least=1, integer=True)
        if self.ring_slots & (self.ring_slots - 1):
            raise ConfigError(
                f"limits.ring_slots={self.ring_slots} is no power of two; take "
                f"{2 ** self.ring_slots.bit_length()}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How long to wait for the store, and between attempts. Seconds.

    Attempts never end by their number: a row is given up only at close.
    """

    # The first wait; doubled at each further attempt, with full jitter.
    base: float = 0.1
    # The longest wait: what an outage's end may stay unnoticed for.
    cap: float = 10.0
    # The longest wait while an operator must act (credential, container): no need to knock every
    # second. It begins with an eighth of it; where each try leaves an empty part, it is four times.
    hold: float = 15.0
    # Then the attempt's outcome is unknown, and the same bytes go to the same position again.
    attempt_timeout: float = 30.0
    # An attempt older than this no longer takes one of the max_in_flight places, so that a path
    # that hangs cannot hold back the others.
    overdue: float = 0.5

    def __post_init__(self) -> None:
        for spec in fields(self):
            check_number(f"retry.{spec.name}", getattr(self, spec.name), above=0)
