"""What the record says of the present code: sums, what is missing, failed, or was never met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .record import Entry
from .suites import SUITES, Suite
from .tally import Tally, Unmet

__all__ = ["Standing", "standings"]


class Standing(NamedTuple):
    """Where a suite stands, over both cores."""

    suite: Suite
    entries: list[Entry]
    tally: Tally
    unmet: Unmet

    @property
    def failures(self) -> dict[str, str]:
        """By seed."""
        return {seed: said for entry in self.entries for seed, said in entry.failures.items()}

    @property
    def goal(self) -> int:
        """Units that make it complete, as it was when it was run."""
        return max((entry.goal for entry in self.entries), default=self.suite.goal)

    @property
    def left(self) -> int:
        """Units to the goal."""
        return max(0, self.goal - self.tally.units)

    @property
    def good(self) -> bool:
        """Whether nothing of what was run is wrong; what is missing is no fault."""
        return not self.failures and not self.unmet


def standings(found: Mapping[str, list[Entry]]) -> list[Standing]:
    """Of all suites that there are entries of, or lists for them."""
    told = []
    for suite in SUITES.values():
        if suite.name in found:
            tally = Tally()
            for entry in found[suite.name]:
                tally.add(entry.tally)
            told.append(Standing(suite, found[suite.name], tally, suite.unmet(tally)))
    return told
