"""The waits of a lane: how long until the same is tried again, and what an operator must hear."""

from __future__ import annotations

from ..errors import StoreError
from ..records import Held, Resumed, Retrying
from .backoff import Backoff
from .commands import Answer, Note
from .parts import Parts

__all__ = ["Waits"]

# One lost answer is nobody's business; the third in a row is the operator's.
RETRYING_AFTER = 3


class Waits:
    """Of a lane that has had to wait."""

    __slots__ = ("_backoff", "_failures", "_parts", "alarm")

    def __init__(self, parts: Parts, *, backoff: Backoff) -> None:
        self._parts = parts
        self._backoff = backoff
        self._failures = 0  # since the last answer
        self.alarm = ""  # why the lane is held; "" where it is not

    def __repr__(self) -> str:
        return f"<Waits {self.alarm or 'for nobody'}>"

    def unanswered(self, chance: float, answer: Answer) -> tuple[float, list[Note]]:
        """How long to wait after an attempt without a decision."""
        error = answer if isinstance(answer, StoreError) else None
        at_least = error.retry_after if error else None
        wait = self._backoff.wait(self._failures, chance, at_least=at_least)
        self._failures += 1
        if self._failures != RETRYING_AFTER:
            return wait, []
        notice = Retrying(
            path=self._parts.path,
            part=self._parts.name,
            code=error.code if error else "no answer",
            attempts=RETRYING_AFTER,
        )
        return wait, [Note(notice)]

    def refused(self, reason: str) -> tuple[float, list[Note]]:
        """How long to wait where an operator must act, who is told once."""
        if self.alarm == reason:
            return self._backoff.hold, []
        self.alarm = reason
        notice = Held(path=self._parts.path, part=self._parts.name, reason=reason)
        return self._backoff.hold, [Note(notice)]

    def decided(self, *, resumed: bool) -> list[Note]:
        """The store has decided something: an outage is over, and, if ``resumed``, the alarm."""
        self._failures = 0
        if not (self.alarm and resumed):
            return []
        self.alarm = ""
        return [Note(Resumed(path=self._parts.path, part=self._parts.name))]
