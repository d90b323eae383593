"""Spreads of columns, and how far two are apart.

The oracles are numpy's quantiles and histograms over the cells themselves, and scipy's relative
entropy: the index of two spreads is their entropies relative to one another, added.
"""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from scipy.stats import entropy

from aiocollect.reading.profiles.drift import CATEGORIES, LEAST, Categories, Numbers, bins_of, psi

CHANCE = np.random.default_rng(5)
SPREADS: dict[str, Any] = {
    "normal": CHANCE.normal(3, 2, 30_000),
    "few": CHANCE.integers(-3, 4, 30_000).astype(float),
    "one": np.full(100, 7.25),
    "years": CHANCE.integers(2019, 2027, 5_000).astype(float),
    "narrow": 1e6 + CHANCE.normal(0, 10, 30_000),
    "wide": np.exp(CHANCE.normal(0, 60, 30_000)) * CHANCE.choice([-1, 1], 30_000),
    "edges": np.array([-np.inf, -1.5, -0.0, 0.0, 5e-324, 1.5, np.inf, 1.7e308]),
}


def numbers(values: Any, *, limit: int = 4096, pieces: int = 1) -> Numbers:
    found = Numbers(limit)
    for piece in np.array_split(values, pieces):
        found.add(pa.chunked_array([pa.array(piece, pa.float64())]))
    return found


@pytest.mark.parametrize("name", SPREADS)
def test_deciles_are_those_of_the_cells(name: str) -> None:
    """To the digit where each number is counted by itself, else within the width of what is counted
    as one; and what falls between them is counted exactly."""
    values = SPREADS[name]
    found = numbers(values, pieces=3)
    assert found.exact is (len(np.unique(values)) <= 4096)
    edges = found.edges()
    wanted = np.quantile(values, np.arange(1, 10) / 10, method="inverted_cdf")
    if found.exact:
        assert edges == sorted({float(one) for one in wanted} - {float(values.max())})
    else:
        for edge, one in zip(edges, wanted, strict=True):
            assert one <= edge
            assert np.mean((values > one) & (values <= edge)) < 0.005
    places = np.searchsorted(edges, values, side="left")
    assert found.counts(edges) == np.bincount(places, minlength=len(edges) + 1).tolist()
    for share in (0.0, 0.5, 0.9, 1.0):
        rank = found.quantile(share)
        assert np.mean(values <= rank) >= share


def test_the_order_and_the_batches_do_not_matter() -> None:
    """Whatever is counted as one."""
    values = SPREADS["wide"].copy()
    one = numbers(values, limit=64)
    CHANCE.shuffle(values)
    for pieces in (1, 7, 1000):
        other = numbers(values, limit=64, pieces=pieces)
        assert (other._counts, other._shift) == (one._counts, one._shift)
    assert len(one._counts) <= 64
    # One bit more would have been too many: sign, exponent and fraction, taken from numpy's view.
    bits = values.view(np.int64)
    places = np.where(bits < 0, -1 - (bits & (2**63 - 1)), bits)
    assert len(np.unique(places >> one._shift)) == len(one._counts)
    assert len(np.unique(places >> (one._shift - 1))) > 64


def test_missing_and_nan_are_in_no_bin() -> None:
    """They are counted beside."""
    found = Numbers()
    found.add(pa.chunked_array([[1.0, None, math.nan], [2.0]]))
    found.add(pa.array([3, None, 2**63], pa.uint64()))
    assert (found.count, found.nan) == (4, 1)
    assert found.quantile(1.0) == 2.0**63
    assert math.isnan(Numbers().quantile(0.5))
    assert Numbers().edges() == []


@pytest.mark.parametrize("seed", range(6))
def test_the_index_is_scipys_entropies(seed: int) -> None:
    """Of any two rows of counts without a 0."""
    chance = random.Random(seed)
    bins = chance.randrange(1, 12)
    now, then = ([chance.randrange(1, 500) for _ in range(bins)] for _ in range(2))
    # entropy() makes shares of counts.
    assert psi(now, then) == pytest.approx(entropy(now, then) + entropy(then, now), abs=1e-12)
    assert psi(now, now) == 0.0


def test_an_empty_bin_counts_as_a_ten_thousandth() -> None:
    """As documented."""
    found = psi([50, 50, 0], [50, 25, 25])
    wanted = 0.25 * math.log(2) + (LEAST - 0.25) * math.log(LEAST / 0.25)
    assert found == pytest.approx(wanted, abs=1e-12)


def test_a_shift_is_seen_and_chance_is_not() -> None:
    """Half a deviation is a shift for everybody; two draws of one spread are none."""
    then = numbers(CHANCE.normal(0, 1, 20_000))
    same = numbers(CHANCE.normal(0, 1, 20_000))
    moved = numbers(CHANCE.normal(0.5, 1, 20_000))
    index = [psi(*found) for one in (same, moved) if (found := bins_of(one, then)) is not None]
    assert index[0] < 0.005
    assert 0.15 < index[1] < 0.4


def test_texts_are_categories_until_they_are_too_many() -> None:
    """Or too long; truth values always are."""
    found = Categories()
    found.add(pa.chunked_array([["a", None, "b"], ["a"]]))
    assert found.counts == {"a": 2, "b": 1}
    other = Categories()
    other.add(pa.array([True, False, None, True]))
    assert other.counts == {"true": 2, "false": 1}
    assert bins_of(found, other) == ([2, 1, 0, 0], [0, 0, 1, 2])
    many = Categories()
    for first in range(0, CATEGORIES + 1, 100):
        many.add(pa.array([f"n{number}" for number in range(first, first + 100)]))
    assert many.counts is None
    many.add(pa.array(["more"]))
    long = Categories()
    long.add(pa.array(["x" * 201]))
    assert long.counts is None
    assert bins_of(many, found) is bins_of(found, many) is bins_of(Numbers(), found) is None


@pytest.mark.parametrize("name", SPREADS)
@pytest.mark.parametrize("limit", [16, 4096])
def test_two_that_are_merged_are_as_one(name: str, limit: int) -> None:
    """Whatever was counted where: the counts of one pass over all cells."""
    values = SPREADS[name]
    cut = len(values) // 7
    whole = numbers(values, limit=limit)
    for first, second in ((values[:cut], values[cut:]), (values[cut:], values[:cut])):
        found = numbers(first, limit=limit)
        found.merge(numbers(second, limit=limit))
        edges = whole.edges()
        assert (found.count, found.nan, found.edges()) == (whole.count, whole.nan, edges)
        assert found.counts(edges) == whole.counts(edges)
        assert found.different == whole.different


def test_categories_that_are_merged_are_as_one() -> None:
    """And too many together are none."""
    first, second = Categories(), Categories()
    first.add(pa.array(["a", "b", None, "a"]))
    second.add(pa.array(["b", "c"]))
    first.merge(second)
    assert first.counts == {"a": 2, "b": 2, "c": 1}
    many = Categories()
    many.add(pa.array([str(count) for count in range(CATEGORIES)]))
    first.merge(many)
    assert first.counts is None
    second.merge(first)
    assert second.counts is None
