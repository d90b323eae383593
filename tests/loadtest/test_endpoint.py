"""What the load test is made of: schedules, histograms, the auditor, and the plans."""

from __future__ import annotations

import random
from typing import Any

import pytest

from loadtest.endpoint import plan, schedules
from loadtest.harness import audit
from loadtest.harness.latencies import Latencies


@pytest.mark.parametrize(
    ("task", "count"),
    [
        ({"kind": "constant", "rate": 100.0, "seconds": 2.0}, 200),
        ({"kind": "poisson", "rate": 100.0, "seconds": 2.0}, 200),
        # Twice, for half a second each, three times the rate on top.
        ({"kind": "burst", "rate": 100.0, "seconds": 10.0, "factor": 4.0, "every": 5.0}, 1300),
        ({"kind": "ramp", "low": 0.0, "high": 100.0, "seconds": 4.0}, 200),
        ({"kind": "ramp", "low": 50.0, "high": 50.0, "seconds": 4.0}, 200),
    ],
)
def test_schedules(task: dict[str, Any], count: int) -> None:
    """As many requests as the rate says, in order, within the time, the same for a seed."""
    times = schedules.make(task, seed=3)
    assert len(times) == count
    assert times == sorted(times)
    assert 0 <= times[0] <= times[-1] <= task["seconds"]
    assert times == schedules.make(task, seed=3)


def test_bursts_and_ramps_have_their_shapes() -> None:
    """Four times as many in the burst; half of a ramp's requests come in its last 30 %."""
    times = schedules.burst(1000.0, 10.0, factor=4.0, every=10.0, chance=random.Random(1))
    within = sum(5.0 <= time < 6.0 for time in times)
    assert 3700 < within < 4300
    ramp = schedules.ramp(0.0, 1000.0, 10.0)
    assert abs(ramp[len(ramp) // 2] - 10 * 0.5**0.5) < 0.01
    with pytest.raises(ValueError, match="sine"):
        schedules.make({"kind": "sine"}, seed=1)


def test_histograms_merge_and_travel() -> None:
    """Percentiles of two processes together are those of all values, to three digits."""
    chance = random.Random(5)
    values = [chance.expovariate(50.0) for _ in range(20_000)]
    halves = Latencies(), Latencies()
    for number, value in enumerate(values):
        halves[number % 2].add(value)
    merged = Latencies()
    for half in halves:
        merged.merge(Latencies.decode(half.encode()))
    assert merged.count == len(values)
    values.sort()
    for share in (50.0, 99.0, 99.9):
        exact = values[round(len(values) * share / 100) - 1]
        assert merged.at(share) == pytest.approx(exact, rel=2e-3)
    assert merged.mean() == pytest.approx(sum(values) / len(values), rel=2e-3)
    assert Latencies().at(50.0) is Latencies().mean() is None
    assert merged.curve()[0][1] == pytest.approx(values[len(values) // 2], rel=2e-3)


def test_the_auditor_finds_what_is_wrong() -> None:
    """Lost, doubled and invented rows; an unanswered one may be there or not."""
    assert audit.judge([1, 2, 3], [1, 2], [1, 2]).good
    assert audit.judge([1, 2, 3], [1, 2], [1, 2, 3]).good
    assert audit.judge([1, 2, 3], [1, 2], [1]).lost == 1
    assert audit.judge([1, 2, 3], [1, 2], [1, 2, 2]).doubled == 1
    assert audit.judge([1, 2, 3], [1, 2], [1, 2, 9]).foreign == 1
    assert not audit.judge([1, 2], [1, 2], [1]).good


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("csv", b"key,f1\n1.0,2.5\n7.0,1.0\n"),
        ("bare", b"1.0,2.5\n7.0,1.0\n"),
        ("jsonl", b'{"key":1.0}\n{"key":7.0}\n'),
        ("envelopes", b'{"data":[{"key":1.0}]}\n{"data":[{"key":7.0}]}\n'),
    ],
)
def test_the_auditor_reads_each_format(name: str, data: bytes) -> None:
    """The keys, in whatever form the rows are stored."""
    assert list(audit.FORMATS[name](data)) == [1, 7]


def test_the_plans_name_what_there_is() -> None:
    """Each recorder, weather and server of a plan can be run; the long one has seven pairs."""
    from loadtest.endpoint.case import WEATHERS
    from loadtest.endpoint.recorders import MAKERS, READERS
    from loadtest.endpoint.server import SERVERS

    for each in (plan.QUICK, plan.LONG):
        assert set(each.others) <= MAKERS.keys() == READERS.keys() - {"gateway"}
        assert set(each.weathers) <= WEATHERS.keys() | {"burst"}
        assert set(each.servers) <= SERVERS.keys()
    assert plan.LONG.rounds >= 7
    assert set(plan.LONG.loads) == {0.3, 0.9}
    assert plan.LONG.load_rounds >= 2
