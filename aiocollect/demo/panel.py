"""What the page shows of the demo besides figures: its buttons, and in the end its verdict."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from .script import Controls

__all__ = ["DemoPanel", "NextCommand", "DemoVerdict"]

# Seconds. Who has asked so lately is still looking: a page asks once a second.
_LOOKING: Final = 3.0


class NextCommand(NamedTuple):
    """A command to try, and what it does."""

    what: str
    command: str


class DemoVerdict(NamedTuple):
    """The verdict, in words for the page and the terminal."""

    good: bool
    words: str
    lines: list[str]
    next: list[NextCommand]


class DemoPanel:
    """A page's panel. ``act`` does what ``controls`` say; ``elapsed``: seconds since the load has
    begun, None where nothing can be pressed any more."""

    def __init__(
        self,
        controls: Controls,
        act: Callable[[str, bool], None],
        elapsed: Callable[[], float | None],
    ) -> None:
        self._controls = controls
        self._act = act
        self._elapsed = elapsed
        self._outcome: DemoVerdict | None = None
        self._looked = -1e9
        self._told = asyncio.Event()

    def __repr__(self) -> str:
        return f"<DemoPanel {self._controls!r}, {'ended' if self._outcome else 'under way'}>"

    def shown(self) -> dict[str, Any]:
        """See page.answers.Panel."""
        self._looked = time.monotonic()
        found = {"buttons": self._controls.shown(), "note": self._controls.note, "ended": False}
        if self._outcome is None:
            return found
        self._told.set()
        next_ = [each._asdict() for each in self._outcome.next]
        return {**found, "ended": True, "verdict": {**self._outcome._asdict(), "next": next_}}

    def press(self, name: str) -> None:
        """See page.answers.Panel. After the load it does nothing."""
        now = self._elapsed()
        if now is not None:
            for one, on in self._controls.press(name, now=now):
                self._act(one, on)

    async def tell(self, outcome: DemoVerdict) -> None:
        """Show the outcome, and wait until who is looking has it."""
        self._outcome = outcome
        if time.monotonic() - self._looked < _LOOKING:
            try:
                async with asyncio.timeout(_LOOKING):
                    await self._told.wait()
            except TimeoutError:
                return
            await asyncio.sleep(0.2)  # the answer is on its way
