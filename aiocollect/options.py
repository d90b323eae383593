"""The settings of a pipeline, checked once, at construction.

Each default carries its reason. A bad value raises ConfigError, which names option and remedy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from .errors import ConfigError

__all__ = [
    "Limits",
    "Retry",
    "Settings",
    "check_choice",
    "check_flag",
    "check_number",
    "check_timeout",
]

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


def check_number(
    name: str,
    value: object,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    integer: bool = False,
) -> None:
    """Raise ConfigError unless ``value`` is a finite number within the bounds."""
    kind = "a whole number" if integer else "a number"
    fits = isinstance(value, int if integer else int | float) and not isinstance(value, bool)
    if not fits or not math.isfinite(value):  # type: ignore[arg-type]
        raise ConfigError(f"{name} must be {kind}, not {type(value).__name__}")
    assert isinstance(value, int | float)
    if above is not None and not value > above:
        raise ConfigError(f"{name}={value} must be above {above}")
    if at_least is not None and value < at_least:
        raise ConfigError(f"{name}={value} must be at least {at_least}")
    if at_most is not None and value > at_most:
        raise ConfigError(f"{name}={value} must be at most {at_most}")


def check_flag(name: str, value: object) -> None:
    """Raise ConfigError unless ``value`` is True or False."""
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be True or False, not {type(value).__name__}")


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise ConfigError unless ``value`` is one of the choices."""
    if value not in choices:
        shown = repr(value) if isinstance(value, str) else f"a {type(value).__name__}"
        raise ConfigError(f"{name}={shown} is not known; take {' or '.join(map(repr, choices))}")


def check_timeout(timeout: float | None) -> None:
    """Raise ConfigError unless it is None or a number of seconds, 0 or more."""
    if timeout is not None:
        check_number("timeout", timeout, at_least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All numbers and choices of one pipeline. Seconds and bytes."""

    workspace: str = "default/default/default"
    service: str = "default"
    # At 1 s one writer would use 86,400 blocks a day, and a blob takes 50,000.
    linger: float = 2.0
    # Every endpoint takes blocks of 4 MiB; at 1 MiB one TLS write holds the loop for 1 ms, not 6.
    max_batch_bytes: int = MIB
    # A minute's outage at 1 MiB/s.
    max_memory_bytes: int = 64 * MIB
    # Two thirds of a typical connection limit per host; 16 appends of 20 ms are 800 a second.
    max_in_flight: int = 16
    # A container has 30 s between SIGTERM and SIGKILL in most orchestrators.
    close_timeout: float = 10.0
    strict: bool = False
    # A call that finds no room: "shed_newest" refuses it, "raise" lets RingFull out. "shed_oldest"
    # gives up the oldest rows that were not sent yet, so that later ones find room.
    when_full: str = "shed_newest"
    # Rows that have waited so long, and were not sent yet, are given up. None: kept until close.
    delivery_timeout: float | None = None
    enabled: bool = True
    sample_rate: float = 1.0
    # Multiplies the rates from the high-water mark down to the low one: a thinner sample instead of
    # holes.
    pressure_sample_rate: float = 1.0
    # See control.py. None: nobody changes anything from outside.
    settings_file: str | None = None
    # See _delivery/spooling.py. None: rows are in memory alone.
    spool: str | None = None
    # See dead_letters.py. None: dead letters are counted and told to the hooks only.
    dead_letters: str | None = None
    limits: Limits = Limits()
    retry: Retry = Retry()

    def __post_init__(self) -> None:
        check_choice("when_full", self.when_full, ("shed_newest", "shed_oldest", "raise"))
        check_number("linger", self.linger, at_least=0)
        check_number("max_batch_bytes", self.max_batch_bytes, at_least=1024, integer=True)
        check_number("max_memory_bytes", self.max_memory_bytes, at_least=1, integer=True)
        if self.max_memory_bytes < 4 * self.max_batch_bytes:
            raise ConfigError(
                f"max_memory_bytes={self.max_memory_bytes} is less than four batches; raise it to "
                f"{4 * self.max_batch_bytes} or lower max_batch_bytes"
            )
        check_number("max_in_flight", self.max_in_flight, at_least=1, at_most=1024, integer=True)
        check_number("close_timeout", self.close_timeout, above=0)
        check_flag("strict", self.strict)
        check_flag("enabled", self.enabled)
        for rate in ("sample_rate", "pressure_sample_rate"):
            check_number(rate, getattr(self, rate), above=0, at_most=1)
        if self.delivery_timeout is not None:
            check_number("delivery_timeout", self.delivery_timeout, above=0)

    @property
    def path_cost(self) -> int:
        """What a path with a lane is charged to the budget, in bytes: about what one takes that
        waits for the store. Of a small budget so little that it holds 256 of them."""
        return min(PATH_COST, self.max_memory_bytes // 256)

    @property
    def share(self) -> int:
        """The part of the budget that each collector is sure of, in bytes."""
        return min(max(self.max_memory_bytes // 8, 2 * self.max_batch_bytes), self.max_memory_bytes)
