"""How long to wait before the next attempt: exponential with full jitter.

Full jitter (a wait uniform between 0 and the doubled bound) spreads the writers of a fleet that
were thrown back together. The chance comes in as a number, the clock not at all.
"""

from __future__ import annotations

__all__ = ["Backoff"]


class Backoff:
    """Waits in seconds: at most ``base * 2**n``, never above ``cap``."""

    __slots__ = ("_attempts", "base", "cap")

    def __init__(self, *, base: float, cap: float) -> None:
        self.base = base
        self.cap = cap
        self._attempts = 0

    def __repr__(self) -> str:
        return f"<Backoff after {self._attempts} failures, at most {self._bound():.3g} s>"

    @property
    def attempts(self) -> int:
        """Failures since the last answer."""
        return self._attempts

    def _bound(self) -> float:
        # 2**60 would overflow no float, but the exponent need not grow for ever either.
        return float(min(self.cap, self.base * 2 ** min(self._attempts, 60)))

    def next(self, chance: float, *, at_least: float | None = None) -> float:
        """The next wait; ``chance`` in [0, 1). ``at_least`` is the store's own wish, up to cap."""
        wait = self._bound() * chance
        self._attempts += 1
        if at_least is not None:
            wait = max(wait, min(at_least, self.cap))
        return wait

    def reset(self) -> None:
        """The store has answered: begin anew."""
        self._attempts = 0
