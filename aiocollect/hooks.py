"""Hooks: how a pipeline's events reach the user, and the log.

A hook that raises is counted and otherwise ignored: no user code may stop the pump. An interrupt
that comes in meanwhile goes on its way when the engine's own step is done. The log is a
hook like any other, and speaks at most once per cause and interval.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from .records import (
    BlobReplaced,
    CredentialWarning,
    DeadLettered,
    Dropped,
    Event,
    Held,
    HighWater,
    LowWater,
    PossiblyStored,
    RateChanged,
    Refused,
    Resumed,
    Retrying,
    Rolled,
    SettingsRejected,
    Settled,
    SpoolAdopted,
    SpoolDamaged,
    Spooled,
    SpoolFailed,
    SpoolLeft,
    WriterTurnedOwn,
)
from .typing import Clock, Hook

__all__ = ["Hooks", "LogHook"]

logger = logging.getLogger("aiocollect")


class Hooks:
    """Calls each hook with each event; counts what they raise."""

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self._hooks = tuple(hooks)
        self.errors = 0

    def __repr__(self) -> str:
        return f"<Hooks {len(self._hooks)}, {self.errors} errors>"

    def emit(self, event: Event) -> None:
        """Call all hooks. Raises an interrupt where no loop runs here, after the last one."""
        interrupt = None
        for hook in self._hooks:
            try:
                hook(event)
            except (KeyboardInterrupt, SystemExit) as error:
                interrupt = error
            except BaseException:  # a hook may raise anything, as if a stranger had cancelled it
                self.errors += 1
        if interrupt is not None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                raise interrupt from None
            # A lane's step must not end half-way: the rows would never move again.
            loop.call_soon(_interrupt, interrupt)


def _interrupt(error: BaseException) -> None:
    raise error


class LogHook:
    """Writes what an operator should know to the logger "aiocollect".

    At most one line per cause and ``interval`` seconds; what fell silent is counted in the next.
    """

    def __init__(self, clock: Clock, *, interval: float = 60.0) -> None:
        self._clock = clock
        self._interval = interval
        self._last: dict[str, float] = {}
        self._silent: dict[str, int] = {}

    def __call__(self, event: Event) -> None:
        """Log the event, if it is one to log and its cause's turn."""
        match event:
            case Settled() | Rolled():
                return
            case RateChanged(rate=1.0):
                return
            case LowWater() | Resumed() | RateChanged() | SpoolAdopted():
                logger.info("%s", event)
                return
            case Refused():
                text = f"refused rows of {event.stream}: {event.reason}: {event.error}"
                cause = f"refused {event.stream} {event.reason}"
            case Held():
                text = f"{event.part} is held: {event.reason}; its rows are kept until it works"
                cause = f"held {event.path} {event.reason}"
            case Retrying():
                text = f"{event.part}: no answer from the store ({event.code}); trying on"
                cause = f"retrying {event.code}"
            case Dropped() | DeadLettered() | PossiblyStored():
                what = type(event).__name__
                text = f"{what}: {event.rows} rows of {event.path}: {event.reason}"
                cause = f"{what} {event.path} {event.reason}"
            case BlobReplaced():
                text = f"{event.part} was deleted or replaced by somebody else; going on behind it"
                cause = f"replaced {event.path}"
            case WriterTurnedOwn():
                text = (
                    f"{event.path} may not be read with this credential, which sharing a blob "
                    f"needs; rows go to {event.part} instead"
                )
                cause = f"own {event.path}"
            case CredentialWarning():
                text = f"the store's SAS: {event.reason}"
                cause = f"credential {event.aspect}"
            case SettingsRejected():
                text = f"{event.reason}; what it said before holds"
                cause = "settings"
            case Spooled():
                text = f"{event.rows} rows of {event.path} stay in the spool, for the next life"
                cause = f"spooled {event.path}"
            case SpoolDamaged():
                text = (
                    f"spool: {event.life}: {event.reason or 'damaged'}: {event.corrupt} stretches "
                    f"set aside, {event.rows} rows known to be lost"
                )
                cause = f"spool damaged {event.life}"
            case SpoolLeft():
                text = (
                    f"spool: {event.life} is left as it is: {event.reason}; start a pipeline that "
                    "it belongs to on this directory, or see aiocollect replay --help"
                )
                cause = f"spool left {event.life}"
            case SpoolFailed():
                text = f"spool: {event.reason}; rows are kept in memory alone until it works again"
                cause = "spool failed"
            case HighWater():
                text = f"{event.used} bytes wait for the store: above the high-water mark"
                cause = "high water"
        self._log(cause, text)

    def _log(self, cause: str, text: str) -> None:
        now = self._clock.monotonic()
        last = self._last.get(cause)
        if last is not None and now - last < self._interval:
            self._silent[cause] = self._silent.get(cause, 0) + 1
            return
        if len(self._last) > 10_000:  # bounded, whatever names the paths are made of
            self._last.clear()
            self._silent.clear()
        self._last[cause] = now
        silent = self._silent.pop(cause, 0)
        logger.warning("%s%s", text, f" (and {silent} times more)" if silent else "")
