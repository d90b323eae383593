"""Refusals: logs what was not accepted, once a minute for each kind.

A sender such as KServe's logger sends no event twice and reads no answer, so a refused event is
lost and only the log can say so. Invariant: a line contains nothing of a request but its route and
the kind of problem.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .problems import Problem

__all__ = ["RefusalLog"]

logger = logging.getLogger("aiocollect.gateway")

# Seconds between two lines of one kind.
INTERVAL: Final = 60.0


@dataclass(slots=True)
class _Kind:
    detail: str
    last: float
    unreported: int = 0


class RefusalLog:
    """The refusals of one gateway; ``clock`` gives seconds that never jump."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kinds: dict[tuple[str, int, str], _Kind] = {}

    def __repr__(self) -> str:
        return f"<RefusalLog of {len(self._kinds)} kinds>"

    def note(self, route: str, problem: Problem) -> None:
        """A request to ``route`` was not accepted."""
        key = (route, problem.status, problem.kind)
        now = self._clock()
        known = self._kinds.get(key)
        if known is None:
            self._kinds[key] = _Kind(problem.detail, now)
            _report(key, problem.detail, 1)
            return
        known.unreported += 1
        known.detail = problem.detail
        if now - known.last >= INTERVAL:
            self._report_rest(key, known, now)

    def close(self) -> None:
        """Log what was not logged yet."""
        for key, known in self._kinds.items():
            if known.unreported:
                self._report_rest(key, known, self._clock())

    def _report_rest(self, key: tuple[str, int, str], known: _Kind, now: float) -> None:
        _report(key, known.detail, known.unreported)
        known.last, known.unreported = now, 0


def _report(key: tuple[str, int, str], detail: str, times: int) -> None:
    route, status, kind = key
    more = "1 request" if times == 1 else f"{times} requests"
    logger.warning(
        "%s to %s not accepted: %d %s: %s. The data is lost unless the sender sends it again",
        *(more, route, status, kind, detail),
    )
