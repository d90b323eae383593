"""The parts of a delivery that a pipeline can do without: its spool, and its log."""

from __future__ import annotations

from collections.abc import Callable

from .._spool.format import SpoolTarget
from .adoptions import Adoptions
from .closing import Closing
from .counters import LogSums
from .lasting import Lasting
from .log import Log
from .log_sender import LogSender
from .spooling import Spool

__all__ = ["log_of", "spool_of"]


def spool_of(
    lasting: Lasting, *, writer: str, adoptions: Adoptions, closing: Closing
) -> Spool | None:
    """The spool of a process; None where there is none."""
    settings = lasting.settings
    if settings.spool is None:
        return None
    assert lasting.disk is not None
    return Spool(
        lasting.disk,
        settings.spool,
        # Paths have the workspace in small letters, so it is the same one in any.
        target=SpoolTarget(lasting.target, settings.workspace.lower(), settings.service),
        writer=writer,
        max_bytes=settings.limits.max_spool_bytes,
        max_index_bytes=settings.max_memory_bytes // 4,
        chance=lasting.chance,
        clock=lasting.clock,
        adoptions=adoptions,
        closing=closing,
        hooks=lasting.hooks,
    )


def log_of(
    lasting: Lasting,
    *,
    writer: str,
    closing: Closing,
    spool: Spool | None,
    sums: Callable[[], LogSums],
) -> Log | None:
    """The log of a process; None where it is switched off."""
    settings = lasting.settings
    if not settings.log:
        return None
    sender = LogSender(
        lasting, builder=lasting.channels.builder, writer=writer, closing=closing, spool=spool
    )
    return Log(sender, writer=writer, key=settings.log_key, clock=lasting.clock, sums=sums)
