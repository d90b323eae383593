"""How long appends took: the classes against a count by comparison, quantiles against sorting."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from aiocollect._delivery.append_times import AppendTimes
from aiocollect.stats import LATENCY_BOUNDS, Latencies

DURATIONS: Final = st.lists(
    st.one_of(
        st.floats(0.0, 2000.0),
        st.floats(1e-6, 0.1),
        st.sampled_from(LATENCY_BOUNDS),
        st.sampled_from([math.nextafter(bound, math.inf) for bound in LATENCY_BOUNDS]),
    ),
    max_size=60,
)


def counted(durations: list[float]) -> Latencies:
    times = AppendTimes()
    for seconds in durations:
        times.add(seconds)
    return times.latencies


@given(DURATIONS)
def test_each_is_in_the_class_of_its_bounds(durations: list[float]) -> None:
    """At most this bound, more than the one before it."""
    edges = [-math.inf, *LATENCY_BOUNDS, math.inf]
    wanted = [
        sum(lower < seconds <= upper for seconds in durations) for lower, upper in pairwise(edges)
    ]
    found = counted(durations)
    assert list(found.counts) == wanted
    assert found.appends == len(durations)
    assert math.isclose(found.seconds, math.fsum(durations), rel_tol=1e-9)


@given(DURATIONS.filter(bool), st.floats(0.01, 1.0))
def test_a_quantile_is_in_the_class_of_the_true_one(durations: list[float], share: float) -> None:
    """So it is off by less than the class is wide."""
    true = sorted(durations)[math.ceil(share * len(durations)) - 1]
    found = counted(durations).quantile(share)
    assert found is not None
    place = next((k for k, b in enumerate(LATENCY_BOUNDS) if true <= b), len(LATENCY_BOUNDS))
    lower = LATENCY_BOUNDS[place - 1] if place else 0.0
    upper = LATENCY_BOUNDS[place] if place < len(LATENCY_BOUNDS) else LATENCY_BOUNDS[-1]
    # Rounding of share * appends can fall just short of, or upon, the edge between two classes.
    slack = 1e-9 * max(1.0, upper)
    assert lower - slack <= found <= upper + slack


def test_without_appends_there_is_no_quantile() -> None:
    """Nothing is said of nothing."""
    assert Latencies().quantile(0.5) is None
