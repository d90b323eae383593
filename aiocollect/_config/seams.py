"""Seams: where a simulation takes the place of the machine."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from .._spool.disk import Disk
from ..errors import ConfigError
from ..typing import Clock

__all__ = ["Seams"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """What a simulation puts in place of the machine: ``Pipeline(store, _seams=Seams(clock=…))``.

    None means the machine's own. With all four given, and a loop and a store in memory, a pipeline
    does the same again each time. Raises ConfigError for a writer id of another form.

    =============  ================================================================================
    ``clock``      the time: wall clock and monotonic clock
    ``chance``     gives numbers in [0, 1): the jitter of waits between attempts
    ``writer_id``  ten hexadecimal digits: this process in its first life. Later lives and forked
                   children get random ones.
    ``disk``       where the spool's files are. It is called on the event loop, as are the settings
                   file and the dead letters then, so it must not block.
    =============  ================================================================================
    """

    clock: Clock | None = None
    chance: Callable[[], float] | None = None
    writer_id: str | None = None
    disk: Disk | None = None

    def __post_init__(self) -> None:
        if self.writer_id is not None and not re.fullmatch("[0-9a-f]{10}", self.writer_id):
            raise ConfigError("writer_id must be ten hexadecimal digits")
