"""How long to wait before the next attempt: exponential, with jitter.

Full jitter (a wait uniform between 0 and the doubled bound) spreads the writers of a fleet that
were thrown back together. The chance comes in as a number, the clock not at all.
"""

from __future__ import annotations

__all__ = ["Backoff"]

# A store's wish beyond an hour is taken for an error of whoever answered.
LONGEST_WISH = 3600.0
# So often the wait of what is held doubles until it is ``hold``: what passes by itself (a roll-out,
# a right that is new) is noticed within seconds, and nobody knocks every second for a day.
DOUBLINGS = 3
# And so often once more where each try leaves something behind: an empty part, a made-up name.
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
        # 2**60 would overflow no float, but the exponent need not grow for ever either.
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
