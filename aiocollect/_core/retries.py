"""The retries of a lane: how long until the next try, and what an operator must hear.

Invariant: between two blocks that land, every way to go on without one has a wait that grows: up to
``retry.cap`` if the store gives no answer, to ``retry.hold`` if an operator must act, and to four
times that if each try leaves an empty part behind. And it has an alarm, which stays in ``held``
until a block lands. So a path costs a bounded number of requests a minute, whatever a store keeps
answering (tests/simulation/standstill.py has the number).
"""

from __future__ import annotations

from ..errors import StoreError
from ..events import Held, Resumed, Retrying
from .backoff import Backoff
from .commands import Answer, Note
from .parts import Parts

__all__ = ["Retries"]

# Networks lose single answers; from the third in a row on an operator should know.
RETRYING_AFTER = 3
# How often a lane can come back to where it began without a wait (a new part that takes nothing, a
# creation that does not show). Other writers seal, delete, are faster; not three times in a row.
FREE_TURNS = 2
# Parts that are passed in a row without a wait: full ones, or those of other headers. At 49,000
# blocks a part these would be years of appends.
FREE_PARTS = 256
# In seconds: a blob that reads shorter than it was for so long was emptied. Caches are younger.
NOT_STALE = 60.0
# In seconds: for so long the view of a blob that the service called full can be an old one.
FULL_FOR = 5.0


class Retries:
    """Of one lane, made on its first failure: what it has met since a block of it landed."""

    __slots__ = (
        *("_backoff", "_failures", "_parts", "_refusals", "_since", "_turns"),
        *("_unanswered", "_undecided", "_walked"),
        *("alarm", "creation", "doubtful", "owed", "unsure"),
    )

    def __init__(self, parts: Parts, *, backoff: Backoff) -> None:
        self._parts = parts
        self._backoff = backoff
        self.alarm = ""  # why rows do not move; "" if that was not reported
        self.creation = ""  # the code of a creation that was refused
        self.unsure = False  # a creation of this part has no known outcome
        self.owed = ""  # why a wait must come before the next part
        self.doubtful = False  # the blob was seen shorter than it was: its header can be new
        self._since: float | None = None
        self._failures = self._refusals = self._turns = self._walked = 0
        self._unanswered = self._undecided = 0  # of these in a row

    def __repr__(self) -> str:
        return f"<Retries {self.alarm or 'none'}>"

    # Each ends in a wait ----------------------------------------------------------------------

    def unanswered(self, chance: float, answer: Answer) -> tuple[float, list[Note]]:
        """How long to wait after an attempt without a decision."""
        error = answer if isinstance(answer, StoreError) else None
        wish = error.retry_after if error else None
        wait = self._backoff.wait(self._failures, chance, at_least=wish)
        self._failures += 1
        self._unanswered += 1
        code = (error.code if error else "") or "no answer"
        # The store can ask for an hour: that is reported at once.
        alarming = self._unanswered >= RETRYING_AFTER or wait > self._backoff.cap
        if not alarming or (self.alarm and self._unanswered != RETRYING_AFTER):
            return wait, []
        self.alarm = code
        path, part = self._parts.path, self._parts.name
        return wait, [Note(Retrying(path=path, part=part, code=code, attempts=self._unanswered))]

    def refused(
        self, code: str, chance: float, *, wish: float | None = None
    ) -> tuple[float, list[Note]]:
        """How long to wait if an operator must act; each code is reported once."""
        costly = code == self.owed  # the next try begins a part
        wait = self._backoff.held(self._refusals, chance, at_least=wish, costly=costly)
        self._refusals += 1
        self._unanswered = 0
        self.owed = ""
        if self.alarm == code:
            return wait, []
        self.alarm = code
        return wait, [Note(Held(path=self._parts.path, part=self._parts.name, reason=code))]

    def looking(self, chance: float) -> float:
        """How long to wait between looks at what will be decided within seconds."""
        self._undecided += 1
        return self._backoff.wait(self._undecided, chance)

    def undecided(self, code: str, chance: float) -> tuple[float, list[Note]]:
        """How long to wait if a look has shown nothing new: an attempt can be under way."""
        self._undecided += 1
        if self._undecided < RETRYING_AFTER:
            return self._backoff.wait(self._undecided, chance), []
        return self.refused(code, chance)

    # What may have to end in one --------------------------------------------------------------

    def turned(self, code: str) -> None:
        """The lane is back where it began, because of ``code``."""
        self._turns += 1
        if self._turns > FREE_TURNS:
            self.owed = code

    def walked(self) -> None:
        """A part that exists is passed."""
        self._walked += 1
        if self._walked > FREE_PARTS:
            self.owed = "TooManyParts"

    def standing(self, now: float) -> float:
        """For how many seconds the blob has looked like a view that can be old."""
        if self._since is None:
            self._since = now
        return now - self._since

    def whole(self) -> None:
        """The blob was seen as it should be, or with an ETag that this lane knows."""
        self._since = None

    def left(self) -> None:
        """The lane goes on in the next part."""
        self.unsure = self.doubtful = False
        self.creation = ""
        self.whole()

    def rested(self) -> list[Note]:
        """A block is stored, or none is left to store: the alarm ends, if there was one."""
        if not self.alarm:
            return []
        self.alarm = ""
        return [Note(Resumed(path=self._parts.path, part=self._parts.name))]
