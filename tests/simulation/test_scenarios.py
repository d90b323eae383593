"""The gate's share of the smaller lives: scenarios of one fault each, equal writers, and others."""

from __future__ import annotations

import logging
from types import ModuleType

import pytest

from . import exhaustion, identical_writers, interleavings, lifespans, replaced, scenarios


@pytest.mark.parametrize(
    ("module", "seeds"),
    [(scenarios, 108), (identical_writers, 60), (interleavings, 500), (replaced, 40)],
)
def test_each_scenario_ends_well(
    module: ModuleType, seeds: int, caplog: pytest.LogCaptureFixture
) -> None:
    """What each scenario promises holds for every seed."""
    caplog.set_level(logging.CRITICAL, "aiocollect")
    problems = {seed: module.live(seed).problems for seed in range(seeds)}
    assert not {seed: found for seed, found in problems.items() if found}


def test_a_scenario_replays_from_its_seed() -> None:
    """Two runs of one seed see the same."""
    assert vars(scenarios.live(3)) == vars(scenarios.live(3))


def test_a_lifespan_is_entered_again(caplog: pytest.LogCaptureFixture) -> None:
    """Every life is accounted for; each way to end one was met."""
    caplog.set_level(logging.CRITICAL, "aiocollect")
    lifespans.met.clear()
    problems = {seed: lifespans.live(seed).problems for seed in range(60)}
    assert not {seed: found for seed, found in problems.items() if found}
    assert not [kind for kind in lifespans.KINDS if not lifespans.met[kind]]


def test_exhaustion_costs_nothing_that_is_durable(caplog: pytest.LogCaptureFixture) -> None:
    """However the process ends, the next one finds what it should; each kind was met."""
    caplog.set_level(logging.CRITICAL, "aiocollect")
    exhaustion.met.clear()
    problems = {seed: exhaustion.live(seed).problems for seed in range(60)}
    assert not {seed: found for seed, found in problems.items() if found}
    assert not [kind for kind in exhaustion.KINDS if not exhaustion.met[kind]]
