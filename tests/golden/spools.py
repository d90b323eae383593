"""The lives behind the golden spools: each was killed with rows on its disk, and what they were."""

from __future__ import annotations

from typing import Any, NamedTuple


class Spooled(NamedTuple):
    """Rows that were stored, whose last answer was lost, and that were never sent; each row has one
    cell, its number. ``given_up``: how many of the last ones had been before the kill, which came
    ``after`` so many seconds."""

    stored: range
    doubt: range
    waiting: range
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed
    readable: bool = True
    after: float = 1.0
    given_up: int = 0

    @property
    def wanted(self) -> list[int]:
        """What the store must hold in the end, each once, in this order."""
        kept = self.waiting[: len(self.waiting) - self.given_up]
        return [*self.stored, *self.doubt, *kept]


SPOOLS: dict[str, Spooled] = {
    "waiting": Spooled(range(0), range(0), range(5)),
    "doubt": Spooled(range(3), range(3, 5), range(5, 9)),
    "doubt-own": Spooled(range(3), range(3, 5), range(5, 9), {"writer": "own"}),
    "doubt-blind": Spooled(range(3), range(3, 5), range(5, 9), readable=False),
    "given-up": Spooled(
        range(3), range(3, 5), range(5, 9), {"delivery_timeout": 0.5}, after=2.0, given_up=4
    ),
    "jsonl": Spooled(range(2), range(2, 3), range(3, 5), {"format": "jsonl"}),
}
