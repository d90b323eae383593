"""How long to wait before the next attempt: exponential with full jitter.

Full jitter (a wait uniform between 0 and the doubled bound) spreads the writers of a fleet that
were thrown back together. The chance comes in as a number, the clock not at all.
"""

from __future__ import annotations

__all__ = ["Backoff"]


class Backoff:
    """Waits in seconds: at most ``base * 2**n``, never above ``cap``, and ``hold`` while an
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
        ``at_least`` is the store's own wish, up to cap."""
        # 2**60 would overflow no float, but the exponent need not grow for ever either.
        wait = float(min(self.cap, self.base * 2 ** min(failures, 60))) * chance
        if at_least is not None:
            wait = max(wait, min(at_least, self.cap))
        return wait
