"""How long to wait before the next attempt: exponential, with jitter.

Full jitter (a wait uniform between 0 and the doubled bound) spreads the writers of a fleet that
were thrown back together. The chance comes in as a number, the clock not at all.
"""

from __future__ import annotations

__all__ = ["Backoff"]

# In seconds: a store that asks for more than an hour is taken to be in error.
LONGEST_WISH = 3600.0
# How often the wait of a held path doubles until it is ``hold``. What passes by itself (a roll-out,
# a new right) is noticed within seconds, and the store is not asked every second for a day.
DOUBLINGS = 3
# How often it doubles beyond that if each try leaves something there: an empty part.
COSTLY = 2


class Backoff:
    """Waits in seconds: at most ``base * 2**n``, never above ``cap``, and up to ``hold`` while an
    operator must act. One for all lanes."""

    __slots__ = ("base", "cap", "hold")

    def __init__(self, *, base: float, cap: float, hold: float) -> None:
        self.base = base
        self.cap = cap
        self.hold = hold

    def __repr__(self) -> str:
        return f"<Backoff from {self.base:.3g} to {self.cap:.3g} s>"

    def wait(self, failures: int, chance: float, *, at_least: float | None = None) -> float:
        """The wait after the failure that follows on ``failures`` others; ``chance`` in [0, 1).
        ``at_least`` is the store's own wish, which is granted up to an hour."""
        # Far above any cap; without a bound the exponent would overflow a float.
        wait = float(min(self.cap, self.base * 2 ** min(failures, 60))) * chance
        return _granted(wait, at_least)

    def held(
        self, refusals: int, chance: float, *, at_least: float | None = None, costly: bool = False
    ) -> float:
        """The wait after the refusal that follows on ``refusals`` others: from an eighth of
        ``hold`` up to it, and to four times it where a try is ``costly``; at least half of the
        bound, since nothing can change at once."""
        most = DOUBLINGS + (COSTLY if costly else 0)
        bound = self.hold * 2.0 ** (min(refusals, most) - DOUBLINGS)
        return _granted(bound * (1 + chance) / 2, at_least)


def _granted(wait: float, wish: float | None) -> float:
    return wait if wish is None else max(wait, min(wish, LONGEST_WISH))
