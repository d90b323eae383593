"""The gate's share of the lives that are verified: no false alarm, and nothing proven too much."""

from __future__ import annotations

from collections import Counter

import pytest

from aiocollect.testing import VirtualLoop, run_virtual

from .life import Outcome
from .verified import VerifiedLife, verified_life, verified_machine


def test_lives_are_verified_while_they_are_lived() -> None:
    """Under faults, beside strangers, several writers in a blob, across midnight."""
    states: Counter[str] = Counter()
    for seed in range(14):
        outcome, found = verified_life(seed)
        assert not outcome.problems, outcome
        states.update(found)
    # Otherwise they prove less than they say.
    assert min(states[state] for state in ("proven", "consistent", "open", "damaged")) > 2, states
    assert states["proven"] > 50, states


def test_machines_that_crash_are_verified_too() -> None:
    """Rows come from the spools of processes that were killed, and so do the lines of their
    logs."""
    states: Counter[str] = Counter()
    for seed in range(16):
        problems, found = verified_machine(seed)
        assert not problems, problems
        states.update(found)
    assert states["proven"] > 5, states


@pytest.mark.parametrize("seed", [2])
def test_the_oracle_sees(seed: int) -> None:
    """A row that is taken out of a life's blobs is a verdict that is wrong, and is found."""
    outcome = Outcome(seed)

    async def main(loop: VirtualLoop) -> VerifiedLife:
        life = VerifiedLife(seed, loop, outcome)
        await life.live()
        loop.after_step = None
        return life

    life = run_virtual(main)
    life.ended = True
    assert "damaged" not in {day.state for day in life.verify().days}
    path = max(life.store.blobs, key=lambda one: len(life.store.blobs[one]))
    del life.store._blobs[path].data[-1:]
    assert life.verify().state == "damaged"
    assert outcome.found["verdict"] == 1
