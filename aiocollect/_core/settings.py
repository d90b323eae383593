"""The settings of a pipeline, checked once, at construction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

from .._validation.checks import check_choice, check_flag, check_number
from ..errors import ConfigError
from ..options import MIB, PATH_COST, Limits, Retry
from ..typing import WhenFull

__all__ = ["Settings"]


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
    when_full: WhenFull = "shed_newest"
    # Rows that have waited so long, and were not sent yet, are given up. None: kept until close.
    delivery_timeout: float | None = None
    enabled: bool = True
    sample_rate: float = 1.0
    # Multiplies the rates from the high-water mark down to the low one: a thinner sample instead of
    # holes.
    pressure_sample_rate: float = 1.0
    # See settings_file.py. None: nothing is changed from outside.
    settings_file: str | None = None
    # See _delivery/spooling.py. None: rows are in memory alone.
    spool: str | None = None
    # See _delivery/dead_letters.py. None: dead letters are counted, and given to the hooks only.
    dead_letters: str | None = None
    # See _engine/status_file.py. None: nobody is told.
    status: str | None = None
    # See _delivery/log.py. The key signs its lines, and is shown nowhere.
    log: bool = True
    log_key: bytes | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)
    retry: Retry = field(default_factory=Retry)

    def __post_init__(self) -> None:
        if not isinstance(self.limits, Limits):
            raise ConfigError("limits must be a Limits(…)")
        if not isinstance(self.retry, Retry):
            raise ConfigError("retry must be a Retry(…)")
        check_choice("when_full", self.when_full, get_args(WhenFull))
        check_number("linger", self.linger, at_least=0)
        check_number("max_batch_bytes", self.max_batch_bytes, at_least=1024, integer=True)
        check_number("max_memory_bytes", self.max_memory_bytes, at_least=1, integer=True)
        if self.max_memory_bytes < 4 * self.max_batch_bytes:
            raise ConfigError(
                f"max_memory_bytes={self.max_memory_bytes} is less than four batches; "
                f"raise it to {4 * self.max_batch_bytes} or more, or lower max_batch_bytes"
            )
        check_number("max_in_flight", self.max_in_flight, at_least=1, at_most=1024, integer=True)
        check_number("close_timeout", self.close_timeout, above=0)
        check_flag("strict", self.strict)
        check_flag("enabled", self.enabled)
        check_flag("log", self.log)
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
