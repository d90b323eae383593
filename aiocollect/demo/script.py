"""The demo's buttons, and when the script presses those that nobody does. Pure.

Times are shares of the load's duration, so that a short run has all of it too. A button that a
person has pressed is theirs: the script leaves it alone from then on.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["BUTTONS", "DRIFT_FROM", "Button", "Controls"]

# Incomes are higher from this share of the duration on: the load's doing, and no button.
DRIFT_FROM: Final = 0.78
# After a press the script waits for this share of the duration: who pressed sees what it does.
_ALONE: Final = 0.06
# Seconds after which a fault ends by itself: the memory in which rows wait has an end.
_LONGEST: Final = 12.0


class Button(NamedTuple):
    """``at``: the share of the duration at which the script presses it; ``lasts``: the share that
    it stays on, 0 for what is over at once. ``note``: what there is to see."""

    name: str
    words: str
    at: float
    lasts: float
    note: str


BUTTONS: Final = (
    Button(
        *("lose", "lose answers", 0.16, 0.0),
        "the next appends land, and their answers are lost: bytes are read back, no row is doubled",
    ),
    Button(
        *("slow", "slow store", 0.24, 0.10),
        "each request to the store takes a second longer: rows wait, clients do not",
    ),
    Button(
        *("down", "store down", 0.42, 0.14),
        "the store is down: rows wait in memory, within their budget; clients notice nothing",
    ),
    Button(
        *("restart", "SIGTERM", 0.68, 0.0),
        "SIGTERM under load: the server stores what it has, and is started again; requests wait",
    ),
)


class Controls:
    """Which faults are on in a run of so many ``seconds``, whoever pressed them.

    What it returns are pairs of a button's name and whether it goes on: to be done by the caller.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due = {one.name: one.at * seconds for one in BUTTONS}
        self._until: dict[str, float] = {}  # of those that are on
        self._by: dict[str, str] = {}  # who pressed it last
        self._free = 0.0  # until then the script presses nothing
        self.note = ""

    def __repr__(self) -> str:
        return f"<Controls, on: {', '.join(self._until) or 'none'}>"

    def press(self, name: str, *, now: float) -> list[tuple[str, bool]]:
        """A person presses the button, ``now`` seconds after the start; a second time, it goes off.
        Raises KeyError for a name that no button has."""
        self._due.pop(name, None)
        if self._until.pop(name, None) is not None:
            self._free = now + _ALONE * self._seconds
            self.note = f"{_button(name).words}: over; what waits is stored with its next attempt"
            return [(name, False)]
        return self._on(name, now, "you")

    def due(self, now: float) -> list[tuple[str, bool]]:
        """What ends or begins by itself."""
        over = [name for name, until in self._until.items() if until <= now]
        for name in over:
            del self._until[name]
            self.note = f"{_button(name).words}: over; what waits is stored with its next attempt"
        done = [(name, False) for name in over]
        late = next((name for name, at in self._due.items() if at <= now), None)
        if late is not None and self._free <= now:
            del self._due[late]
            done += self._on(late, now, "the script")
        return done

    def end(self) -> list[tuple[str, bool]]:
        """Everything goes off, and nothing goes on any more."""
        self._due.clear()
        done = [(name, False) for name in self._until]
        self._until.clear()
        return done

    def shown(self) -> list[dict[str, object]]:
        """The buttons, for the page."""
        return [
            {
                "name": one.name,
                "words": one.words,
                "note": one.note,
                "on": one.name in self._until,
                "by": self._by.get(one.name, ""),
            }
            for one in BUTTONS
        ]

    def _on(self, name: str, now: float, by: str) -> list[tuple[str, bool]]:
        button = _button(name)
        self._by[name], self.note = by, button.note
        self._free = now + _ALONE * self._seconds
        if button.lasts:
            self._until[name] = now + min(button.lasts * self._seconds, _LONGEST)
        return [(name, True)]


def _button(name: str) -> Button:
    return {one.name: one for one in BUTTONS}[name]
