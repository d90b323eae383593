"""Which life a seed has: mostly an ordinary one; now and then one of its own."""

from __future__ import annotations

from . import bounded, hung_paths, life, outage, poison, standstill
from .life import Outcome
from .trace import Say, silent

# Of a hundred seeds one each: what they show is the same in all of them, and they are long. What
# can stand still does so for as many reasons as there are refusals.
EVERY = 100


def live(seed: int, say: Say = silent) -> Outcome:
    """Run the life of a seed to its end."""
    match seed % EVERY:
        case 17:
            return poison.live(seed, say)
        case 33:
            return outage.live(seed, say)
        case 51:
            return hung_paths.live(seed, say)
        case 60 | 61 | 62:
            return standstill.live(seed, say)
        case 68 if seed % bounded.BOUNDED_EVERY == 68:
            return bounded.live(seed, say)
        case _:
            return life.live(seed, say)
