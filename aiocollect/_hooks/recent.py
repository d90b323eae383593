"""What happened lately: a hook that keeps the latest sentences, for who looks at the pipeline.

Equal ones are one, with a count: a store that is down for an hour is a line, not a page.
"""

from __future__ import annotations

import logging
import threading

from ..events import Event
from ..stats import Happening
from ..typing import Clock
from .sentences import sentence_of

__all__ = ["RecentHook"]

# So many are kept: a screen of them.
KEPT = 50


class RecentHook:
    """Keeps what events said. From any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()  # refused rows come from any thread
        self._kept: dict[tuple[str, str, str], Happening] = {}  # the latest is last

    def __repr__(self) -> str:
        return f"<RecentHook {len(self._kept)} kept>"

    def __call__(self, event: Event) -> None:
        """Keep what the event says."""
        said = sentence_of(event)
        if said is None:
            return
        kind = type(event).__name__
        where = getattr(event, "path", "") or getattr(event, "stream", "")
        at = self._clock.time_ns() / 1e9
        with self._lock:
            before = self._kept.pop((kind, where, said.cause), None)
            fresh = Happening(
                kind=kind,
                where=where,
                text=said.text,
                trouble=said.level >= logging.WARNING,
                times=1 if before is None else before.times + 1,
                rows=said.rows if before is None else before.rows + said.rows,
                first=at if before is None else before.first,
                last=at,
            )
            self._kept[kind, where, said.cause] = fresh
            if len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]

    @property
    def latest(self) -> tuple[Happening, ...]:
        """What it has kept, the latest first."""
        with self._lock:
            return tuple(reversed(self._kept.values()))

    def renew(self) -> None:
        """In a forked child: a thread of the parent may hold the lock, and its news are not
        ours."""
        self._lock = threading.RLock()
        self._kept.clear()
