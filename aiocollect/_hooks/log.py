"""The log: a hook that writes what operators should know.

It writes at most one line for each cause and interval, however many paths are affected.
"""

from __future__ import annotations

import asyncio
import logging
import threading

from ..events import (
    BlobReplaced,
    Closed,
    CredentialWarning,
    DeadLettered,
    DeadLettersLost,
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
    SettingsRemoved,
    Settled,
    SpoolAdopted,
    SpoolDamaged,
    Spooled,
    SpoolFailed,
    SpoolLeft,
    StreamsForgotten,
    WriterTurnedOwn,
)
from ..remedies import explain
from ..typing import Clock

__all__ = ["LogHook"]

logger = logging.getLogger("aiocollect")

# Causes that are remembered: kinds of events times codes. If there are more, those without affected
# paths are forgotten.
MOST = 1000


class Cause:
    """What was written of one cause, and what was not: a line at ``last``; since then ``silent``
    events with ``rows`` rows, of which ``text`` is the latest. ``paths``: how many are still
    affected."""

    __slots__ = ("last", "level", "paths", "rows", "silent", "text")

    def __init__(self) -> None:
        self.last: float | None = None
        self.level = logging.WARNING
        self.silent = self.rows = self.paths = 0
        self.text = ""


class LogHook:
    """Writes what an operator should know to the logger "aiocollect".

    One line for each cause and ``interval`` seconds: what was not written is counted in the next
    line, which comes by itself where an event loop runs, and as long as paths are affected the
    cause is written again. A cause is a kind of event with its code or reason.
    """

    def __init__(self, clock: Clock, *, interval: float = 60.0) -> None:
        self._clock = clock
        self._interval = interval
        self._lock = threading.RLock()  # refused rows come from any thread
        self._causes: dict[str, Cause] = {}
        self._affected: dict[str, str] = {}  # path to its cause, while its rows do not move
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self, event: Event) -> None:
        """Log the event, if it is one to log and its interval is over."""
        cause, text = "", ""
        rows = 0
        match event:
            case Settled():
                if self._affected:
                    self._relieve(event.path)
                return
            case Rolled() | RateChanged(rate=1.0):
                return
            case Resumed():
                self._relieve(event.path)
                self._log(
                    "resumed",
                    f"{event.part} works again: rows are being stored",
                    0,
                    level=logging.INFO,
                )
                return
            case Closed():
                level = logging.INFO if event.report.complete else logging.WARNING
                logger.log(level, "closed: %s", event.report)
                return
            case LowWater():
                logger.info("%d bytes wait for the store, below the low-water mark", event.used)
                return
            case RateChanged():
                logger.info("%s records %.3g%% of its calls", event.stream, 100 * event.rate)
                return
            case SpoolAdopted():
                logger.info("spool: storing %d rows of ended process %s", event.rows, event.life)
                return
            case Refused():
                text = f"refused rows of {event.stream}: {event.reason}: {event.error}"
                cause, rows = f"refused {event.reason}", event.rows
            case Held():
                text = (
                    f"{event.part} is held: {event.reason}: {explain(event.reason)}; its "
                    "rows are kept, and it is retried until it works"
                )
                cause = f"held {event.reason}"
                self._affect(event.path, cause)
            case Retrying():
                text = (
                    f"{event.part}: {event.attempts} attempts without a definite answer "
                    f"from the store ({event.code}: {explain(event.code)}); retrying"
                )
                cause = f"retrying {event.code}"
                self._affect(event.path, cause)
            case Dropped() | DeadLettered() | PossiblyStored():
                self._relieve(event.path)
                what = type(event).__name__
                text = (
                    f"{what}: {event.rows} rows of {event.path}: {event.reason}: "
                    f"{explain(event.reason)}"
                )
                cause, rows = f"{what} {event.reason}", event.rows
            case BlobReplaced():
                text = (
                    f"{event.part} was deleted or replaced by another client; continuing in "
                    "the next part"
                )
                cause = "replaced"
            case WriterTurnedOwn():
                text = (
                    f"this credential cannot read {event.path}, and writers that share a "
                    f"blob must read it; rows go to {event.part} instead"
                )
                cause = "own"
            case CredentialWarning():
                text = f"the store's SAS: {event.reason}"
                cause = f"credential {event.aspect}"
            case SettingsRejected():
                text = f"{event.reason}; the previous settings stay in force"
                cause = "settings"
            case SettingsRemoved():
                text = (
                    "the settings file was removed; the options of the program apply again: "
                    f"{event.holds}"
                )
                cause = "settings removed"
            case DeadLettersLost():
                text = (
                    f"{event.rows} dead letters were not written to the dead-letter file: "
                    f"{event.reason}"
                )
                cause = f"dead letters {event.reason}"
            case Spooled():
                self._relieve(event.path)
                text = (
                    f"{event.rows} rows of {event.path} stay in the spool; the next process "
                    "stores them"
                )
                cause, rows = "spooled", event.rows
            case SpoolDamaged():
                text = (
                    f"spool: {event.life}: {event.reason or 'damaged'}: {event.corrupt} "
                    f"unreadable stretches set aside, at least {event.rows} rows lost"
                )
                cause = f"spool damaged {event.life}"
            case SpoolLeft():
                text = (
                    f"spool: {event.life} is left as it is: {event.reason}; start a "
                    "pipeline with the same options on this directory, or see aiocollect "
                    "replay --help"
                )
                cause = f"spool left {event.life}"
            case SpoolFailed():
                text = f"spool: {event.reason}; rows are kept in memory only until it works again"
                cause = "spool failed"
            case StreamsForgotten():
                text = (
                    f"{event.streams} collectors, each with other redact=, format, layout "
                    "or columns, were made and discarded; make each collector once and "
                    "reuse it for all requests"
                )
                cause = "streams"
            case HighWater():
                text = f"{event.used} bytes wait for the store, above the high-water mark"
                cause = "high water"
        self._log(cause, text, rows)

    def renew(self) -> None:
        """In a forked child: a thread of the parent may hold the lock, and its loop is not here."""
        self._lock = threading.RLock()
        self._timer = None
        self._affected.clear()
        self._causes.clear()

    # Causes -----------------------------------------------------------------------------------

    def _cause(self, cause: str) -> Cause:
        if len(self._causes) > MOST and cause not in self._causes:
            self._causes = {name: one for name, one in self._causes.items() if one.paths}
        return self._causes.setdefault(cause, Cause())

    def _affect(self, path: str, cause: str) -> None:
        with self._lock:
            self._relieve(path)
            self._affected[path] = cause
            self._cause(cause).paths += 1

    def _relieve(self, path: str) -> None:
        """Rows of the path move again, or have ended."""
        with self._lock:
            cause = self._affected.pop(path, None)
            if cause is not None:
                self._cause(cause).paths -= 1

    def _log(self, cause: str, text: str, rows: int, *, level: int = logging.WARNING) -> None:
        now = self._clock.monotonic()
        with self._lock:
            found = self._cause(cause)
            found.level = level
            if found.last is not None and now - found.last < self._interval:
                found.silent += 1
                found.rows += rows
                found.text = text
                self._remind_later()
                return
            if found.paths:
                self._remind_later()
            line = _line(found, text)
            found.last = now
        logger.log(level, "%s", line)

    def _remind_later(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # the next event writes the count
        timer = self._timer
        if timer is None or timer.when() < loop.time() - self._interval:  # or of a loop that ended
            self._timer = loop.call_later(self._interval, self._remind)

    def _remind(self) -> None:
        """Write what was not written yet, and what still lasts."""
        now = self._clock.monotonic()
        lines = []
        with self._lock:
            self._timer = None
            for name, cause in self._causes.items():
                if cause.last is None or not (cause.silent or cause.paths):
                    continue
                if now - cause.last >= 0.9 * self._interval:
                    kind, _, code = name.partition(" ")
                    text = cause.text or f"still {kind}: {code}: {explain(code)}"
                    if cause.silent:
                        cause.silent -= 1  # its text is written now
                    lines.append((cause.level, _line(cause, text)))
                    cause.last = now
                self._remind_later()
        for level, line in lines:
            logger.log(level, "%s", line)


def _line(cause: Cause, text: str) -> str:
    """The text, with the count of what was not written since the last line."""
    more = []
    if cause.silent:
        rows = f", {cause.rows} rows" if cause.rows else ""
        more.append(f"and {cause.silent} more times{rows}")
    if cause.paths > 1:
        more.append(f"{cause.paths} paths affected")
    cause.silent = cause.rows = 0
    cause.text = ""
    return f"{text} ({'; '.join(more)})" if more else text
