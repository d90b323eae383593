"""The retries of a lane: how long until the next try, and what an operator must hear.

Invariant: between two blocks that land, every way of going on without one has a wait that grows, up
to ``retry.cap`` where the store gives no answer, to ``retry.hold`` where somebody must act, and to
four times that where each try leaves an empty part behind; and
an alarm, which stands in ``held`` until a block lands. So whatever a store answers for ever, a path
costs a bounded number of requests a minute (tests/simulation/standstill.py holds the number).
"""

from __future__ import annotations

from ..errors import StoreError
from ..events import Held, Resumed, Retrying
from .backoff import Backoff
from .commands import Answer, Note
from .parts import Parts

__all__ = ["Retries"]

# One lost answer is nobody's business; the third in a row is the operator's.
RETRYING_AFTER = 3
# Turns that lead back to where a lane began (a fresh part that takes nothing, a creation that is
# not seen) happen: somebody seals, deletes, is faster. A third one in a row is no accident.
FREE_TURNS = 2
# Parts that are walked past in a row without a wait: full ones, or of other headers. At 49,000
# blocks a part nobody has as many.
FREE_PARTS = 256
# A blob that reads shorter than it was, for so long, is no old view of it. In seconds.
NOT_STALE = 60.0
# The same of one that was told to be full, and does not show it.
FULL_FOR = 5.0


class Retries:
    """Of a lane that has had to wait: what it has met since a block of it landed."""

    __slots__ = (
        *("_backoff", "_failures", "_parts", "_refusals", "_since", "_turns"),
        *("_unanswered", "_undecided", "_walked"),
        *("alarm", "creation", "doubtful", "owed", "unsure"),
    )

    def __init__(self, parts: Parts, *, backoff: Backoff) -> None:
        self._parts = parts
        self._backoff = backoff
        self.alarm = ""  # why rows do not move; "" where nobody was told so
        self.creation = ""  # the code with which a creation was refused, if one was
        self.unsure = False  # a creation of this part has no known end
        self.owed = ""  # why there must be a wait before the next part
        self.doubtful = False  # the blob was seen shorter than it was: it may begin anew
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
        # The store may ask for an hour: that is told at once.
        told = self._unanswered >= RETRYING_AFTER or wait > self._backoff.cap
        if not told or (self.alarm and self._unanswered != RETRYING_AFTER):
            return wait, []
        self.alarm = code
        path, part = self._parts.path, self._parts.name
        return wait, [Note(Retrying(path=path, part=part, code=code, attempts=self._unanswered))]

    def refused(
        self, code: str, chance: float, *, wish: float | None = None
    ) -> tuple[float, list[Note]]:
        """How long to wait where an operator must act, who is told once for each code."""
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
        """How long to wait where a look has shown nothing new: an attempt may be under way."""
        self._undecided += 1
        if self._undecided < RETRYING_AFTER:
            return self._backoff.wait(self._undecided, chance), []
        return self.refused(code, chance)

    # What may have to end in one --------------------------------------------------------------

    def turned(self, code: str) -> None:
        """It is back where it began, since ``code``."""
        self._turns += 1
        if self._turns > FREE_TURNS:
            self.owed = code

    def walked(self) -> None:
        """A part that stands there is passed by."""
        self._walked += 1
        if self._walked > FREE_PARTS:
            self.owed = "TooManyParts"

    def standing(self, now: float) -> float:
        """For how long a view of the blob has stood that may be an old one. In seconds."""
        if self._since is None:
            self._since = now
        return now - self._since

    def whole(self) -> None:
        """The blob was seen as it should be, or with an ETag of ours."""
        self._since = None

    def left(self) -> None:
        """The part is left for the next."""
        self.unsure = self.doubtful = False
        self.creation = ""
        self.whole()

    def rested(self) -> list[Note]:
        """A block is stored, or nothing is left to store: so ends the alarm, if there was one."""
        if not self.alarm:
            return []
        self.alarm = ""
        return [Note(Resumed(path=self._parts.path, part=self._parts.name))]
