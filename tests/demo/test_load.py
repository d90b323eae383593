"""The load's arithmetic: its schedule, and its percentiles."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from aiocollect.demo.load import percentile, poisson


def test_the_schedule_is_exact_in_number_and_fixed_by_its_seed() -> None:
    """rate * seconds arrivals, in order, within the time; the same for the same seed."""
    first = poisson(600, 5, chance=random.Random(7).random)
    assert len(first) == 3000
    assert first == sorted(first)
    assert 0 <= first[0] <= first[-1] < 5
    assert first == poisson(600, 5, chance=random.Random(7).random)


def test_gaps_are_those_of_a_poisson_process() -> None:
    """Gaps have the mean 1/rate, and a standard deviation as large as the mean."""
    schedule = poisson(1000, 20, chance=random.Random(3).random)
    gaps = [later - earlier for earlier, later in pairwise(schedule)]
    mean = sum(gaps) / len(gaps)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert mean == pytest.approx(0.001, rel=0.05)
    assert spread == pytest.approx(mean, rel=0.05)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.01, 1), (0.5, 50), (0.99, 99), (0.995, 100), (1.0, 100)]
)
def test_percentiles_are_ranks(share: float, expected: int) -> None:
    """Of 1 to 100 the p-th percentile is p: a value that was measured, never one between."""
    assert percentile(list(range(1, 101)), share) == expected


def test_no_values_have_no_percentile() -> None:
    """Where nothing was answered there is no figure, and none is made up."""
    assert percentile([], 0.99) is None
    assert percentile([3.0], 0.5) == 3.0
