"""Schedules, histograms, the auditor, plots and the report, each against figures made by hand."""

from __future__ import annotations

import random
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from loadtest.endpoint import plan, report, schedules, suite
from loadtest.endpoint.plots import Line, plot
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
    assert audit.judge([1, 2, 3], [1, 2], [1, 2, 9]).alien == 1
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


def _run(label: str, number: int, p99: float, *, good: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {
        "label": label,
        "server": "aiohttp",
        "load": 0.7,
        "round": number,
        "offered": 90,
        "unsent": 10,
        "answered": 80,
        "audit": {"lost": 0 if good else 3, "doubled": 0, "good": good},
    }
    if good:
        curve = [(50.0, 1.0), (99.0, p99), (99.9, 2 * p99)]
        figures = {"p50": 1.0, "p99": p99, "p99.9": 2 * p99, "cpu_us": 100.0, "curve": curve}
        found["figures"] = {**figures, "send_lateness_p99": 0.25}
    return found


def _results(*, good: bool = True) -> dict[str, Any]:
    steady = []
    for number, (none, ours, again) in enumerate([(5.0, 6.0, 5.5), (4.0, 4.5, 6.0), (5, 9.0, 4)]):
        steady += [_run("none", number, none), _run("none again", number, again)]
        steady.append(_run("aiocollect", number, ours, good=good))
    points = [
        {"at": float(n), "accepted": 100.0 * n, "stored": 90.0 * n, "used": 0.1} for n in range(5)
    ]
    weather = {
        "weather": "outage",
        "schedule": {"seconds": 6.0},
        "offered": 10,
        "answered": 10,
        "closing_seconds": 0.5,
        "audit": {"lost": 0, "doubled": 0, "good": True},
        "figures": {"p50": 1.0, "p99": 2.0},
        "timeline": points,
    }
    figures = {"rows_a_second": 1000.0, "cpu_us_a_row": 10.0, "rows_an_append": 50.0}
    row = {"audit": {"lost": 0, "doubled": 0, "good": True}, "figures": figures}
    return {
        "about": {"date": "2026-01-01", "seed": 1},
        "saturation": {"aiohttp": 1000.0},
        "steady": steady,
        "gateway": {**weather, "weather": "gateway", "saturation": 900.0, "timeline": []},
        "weather": [weather, {"weather": "slow", "failed_to_run": "ChildFailed: <it>"}],
        "rows": {"columns": {"1": row, "1,000": row}},
    }


def test_pairs_are_compared_within_their_round() -> None:
    """The median of the differences, beside that of the server with itself."""
    found = suite.compare(_results()["steady"], "aiohttp", "p99")
    assert found == {
        "pairs": 3,
        "cost": 1.0,
        "cost_range": (0.5, 4.0),
        "noise": 0.5,
        "noise_range": (-1, 2.0),
    }
    assert suite.compare(_results(good=False)["steady"], "aiohttp", "p99") is None


def test_the_report_shows_everything_and_needs_nothing() -> None:
    """One page, no address in it; each scenario has its place, also one that did not run."""
    page = report.as_html(_results())
    assert not re.search(r"https?:|src=|href=|@import|url\(", page)
    for word in (
        "aiohttp",
        "Gateway",
        "900 posts",
        "Outage",
        "store down",
        "Slow",
        "&lt;it&gt;",
        "1,000",
        "+1.00 ms",
        "<td>240</td><td>300</td>",
        "<td>0.2</td>",
    ):
        assert word in page, word
    assert page.count("<svg") == 4
    assert "| aiocollect | 1.0 | 6.0 | 100 | 80.0% | 0 | 0 |" in report.as_markdown(_results())


def test_a_run_with_lost_rows_has_no_figures() -> None:
    """It is shown with what it lost, and with nothing else."""
    assert "| aiocollect | none | none | none | 80.0% | 9 | 0 |" in report.as_markdown(
        _results(good=False)
    )
    assert "class=ours><td>aiocollect, at 70%</td><td>none</td>" in report.as_html(
        _results(good=False)
    )


def test_plots_stay_within_their_frame() -> None:
    """Whatever the values; what an axis cannot show is left out."""
    drawn = plot(
        [Line("a", "c1", [(0, 0), (1, 0.001), (1000, 5e6)])], x="x", y="y", log_x=True, log_y=True
    )
    [points] = re.findall(r'points="([^"]+)"', drawn)
    places = [tuple(map(float, pair.split(","))) for pair in points.split()]
    assert len(places) == 2
    assert all(0 <= x <= 720 and 0 <= y <= 330 for x, y in places)
    assert plot([Line("a", "c1", [(0, 0)])], x="x", y="y", log_x=True) == "<p>No figures.</p>"


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


def test_each_load_has_pairs_of_its_own() -> None:
    """Three rounds at 70 % and two at 90 %: at 90 % the latter alone are compared."""
    steady = _results()["steady"]
    for number, (none, ours, again) in enumerate([(20.0, 30.0, 21.0), (10.0, 40.0, 13.0)]):
        for label, p99 in (("none", none), ("aiocollect", ours), ("none again", again)):
            steady.append({**_run(label, number, p99), "load": 0.9})
    found = suite.compare(steady, "aiohttp", "p99", 0.9)
    assert found is not None
    assert (found["pairs"], found["cost"], found["noise"]) == (2, 20.0, 2.0)
    assert suite.compare(steady, "aiohttp", "p99", 0.3) is None
    page = report.as_html({**_results(), "steady": steady})
    assert "<p>aiocollect minus no collector, at 70%: +1.00 ms of p99 (median of 3 pairs" in page
    assert "<p>aiocollect minus no collector, at 90%: +20.00 ms of p99 (median of 2 pairs" in page


def test_the_picture_is_sound_and_stands_alone() -> None:
    """XML of its own, with its style, and a line for each contender's run of the median p99."""
    root = ElementTree.fromstring(report.as_svg(_results()))
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    assert root.find(f"{space}style") is not None
    lines = root.findall(f"{space}polyline")
    assert [line.get("class") for line in lines] == ["line c0", "line c1", "line c2"]
    assert len({line.get("points") for line in lines}) == 3  # p99 of 5.0, 5.5 and 6.0


def test_the_collector_by_itself_is_compared_with_the_same_runs() -> None:
    """On a store in memory: its own difference to the servers without, and its own line."""
    steady = [*_results()["steady"], *(_run("memory", number, 6.5) for number in range(3))]
    found = suite.compare(steady, "aiohttp", "p99", ours="memory")
    assert found is not None
    assert (found["cost"], found["cost_range"], found["noise"]) == (1.5, (1.5, 2.5), 0.5)
    page = report.as_html({**_results(), "steady": steady})
    assert "aiocollect in memory minus no collector, at 70%: +1.50 ms of p99" in page
