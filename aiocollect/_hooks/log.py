"""The log: a hook that writes what operators should know.

It writes at most one line for each cause and interval, however many paths are affected.
"""

from __future__ import annotations

import asyncio
import logging
import threading

from ..events import (
    DeadLettered,
    Dropped,
    Event,
    Held,
    PossiblyStored,
    Resumed,
    Retrying,
    Settled,
    Spooled,
)
from ..remedies import explain
from ..typing import LOG_ROOT, Clock
from .sentences import sentence_of

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
        said = sentence_of(event)
        path = getattr(event, "path", "")
        match event:
            case Settled():
                if self._affected:
                    self._relieve(path)
            case Resumed() | Dropped() | DeadLettered() | PossiblyStored() | Spooled():
                self._relieve(path)
            case Held() if path.startswith(LOG_ROOT):
                pass  # once for each of its files: no row waits, and it may be meant so
            case Held() | Retrying() if said:
                self._affect(path, said.cause)
        if said is None:
            return
        if said.cause:
            self._log(said.cause, said.text, said.rows, level=said.level)
        else:
            logger.log(said.level, "%s", said.text)

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
