"""Refusals: tells the log what was not accepted, once a minute for each kind.

A sender such as KServe's logger sends no event twice and reads no answer: what is refused is gone,
and only the log can say so. Invariant: no line holds anything of a request but route and kind.
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
    untold: int = 0


class RefusalLog:
    """Those of one gateway; ``clock`` gives seconds that never jump."""

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
            _tell(key, problem.detail, 1)
            return
        known.untold += 1
        known.detail = problem.detail
        if now - known.last >= INTERVAL:
            self._tell_rest(key, known, now)

    def close(self) -> None:
        """Tell what was not told yet."""
        for key, known in self._kinds.items():
            if known.untold:
                self._tell_rest(key, known, self._clock())

    def _tell_rest(self, key: tuple[str, int, str], known: _Kind, now: float) -> None:
        _tell(key, known.detail, known.untold)
        known.last, known.untold = now, 0


def _tell(key: tuple[str, int, str], detail: str, times: int) -> None:
    route, status, kind = key
    more = "1 request" if times == 1 else f"{times} requests"
    logger.warning(
        "%s to %s not accepted: %d %s: %s. The data is lost unless the sender sends it again",
        *(more, route, status, kind, detail),
    )
