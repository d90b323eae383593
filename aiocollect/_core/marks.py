"""High-water and low-water marks: when back-pressure begins, and when it ends.

Two marks, so that a level that moves around one of them causes one event, not thousands.
"""

from __future__ import annotations

import enum

__all__ = ["Crossing", "Marks"]


class Crossing(enum.Enum):
    """Which mark a change of level has crossed."""

    HIGH = "high"
    LOW = "low"


class Marks:
    """Watches a level in bytes. Above ``high`` it is raised, until it falls to ``low``."""

    __slots__ = ("high", "low", "raised")

    def __init__(self, budget: int) -> None:
        # Three quarters: a burst can fill the rest before calls are refused. Down to one half: then
        # a quarter of the budget must move before the next event.
        self.high = budget * 3 // 4
        self.low = budget // 2
        self.raised = False

    def __repr__(self) -> str:
        return f"<Marks {'above' if self.raised else 'below'} {self.low}..{self.high} bytes>"

    def update(self, level: int) -> Crossing | None:
        """Set the level. Returns the mark that it has crossed, if any."""
        if self.raised:
            if level <= self.low:
                self.raised = False
                return Crossing.LOW
        elif level > self.high:
            self.raised = True
            return Crossing.HIGH
        return None
