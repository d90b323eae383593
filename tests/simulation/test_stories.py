"""The gate's share of the smaller lives: stories of one hardship, twins, moments, successors."""

from __future__ import annotations

import logging
from types import ModuleType

import pytest

from . import hardships, lifespans, moments, replaced, twins, want


@pytest.mark.parametrize(
    ("told", "seeds"), [(hardships, 108), (twins, 60), (moments, 500), (replaced, 40)]
)
def test_each_story_ends_well(
    told: ModuleType, seeds: int, caplog: pytest.LogCaptureFixture
) -> None:
    """What each story promises holds for every seed."""
    caplog.set_level(logging.CRITICAL, "aiocollect")
    problems = {seed: told.live(seed).problems for seed in range(seeds)}
    assert not {seed: found for seed, found in problems.items() if found}


def test_a_story_replays_from_its_seed() -> None:
    """Two tellings of one seed see the same."""
    assert vars(hardships.live(3)) == vars(hardships.live(3))


def test_a_lifespan_is_entered_again(caplog: pytest.LogCaptureFixture) -> None:
    """Every life is accounted for; each way to end one was met."""
    caplog.set_level(logging.CRITICAL, "aiocollect")
    lifespans.met.clear()
    problems = {seed: lifespans.live(seed).problems for seed in range(60)}
    assert not {seed: found for seed, found in problems.items() if found}
    assert not [kind for kind in lifespans.KINDS if not lifespans.met[kind]]


def test_want_costs_nothing_that_is_durable(caplog: pytest.LogCaptureFixture) -> None:
    """However the process ends, the next one finds what it should; each want was met."""
    caplog.set_level(logging.CRITICAL, "aiocollect")
    want.met.clear()
    problems = {seed: want.live(seed).problems for seed in range(60)}
    assert not {seed: found for seed, found in problems.items() if found}
    assert not [kind for kind in want.KINDS if not want.met[kind]]
