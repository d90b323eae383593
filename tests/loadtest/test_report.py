"""The report of the load test, against figures made by hand: its page, its pictures, its table."""

from __future__ import annotations

import base64
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from loadtest.endpoint import report, suite
from loadtest.endpoint.plots import Line, draw
from loadtest.endpoint.tables import ladder_tables, rows_table, server_tables

SVG = "{http://www.w3.org/2000/svg}"


def pictures(page: str) -> list[str]:
    """The pictures within a page."""
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    return [base64.b64decode(data).decode() for data in found]


def points_of(svg: str) -> dict[str, list[tuple[float, float]]]:
    """The points of each line of a picture, by the line's name."""
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        path = group.find(f"{SVG}path")
        name = group.get("id", "")
        if path is not None and not re.fullmatch(r"\w+_\d+", name):
            pairs = re.findall(r"[ML] (\S+) (\S+)", path.get("d", ""))
            found[name] = [(float(x), float(y)) for x, y in pairs]
    return found


def _run(label: str, number: int, p99: float, *, good: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {
        "label": label,
        "server": "aiohttp",
        "load": "70%",
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
    assert not re.search(r"https?:|src=\"(?!data:)|href=|@import|url\(", page)
    for word in (
        "aiohttp",
        "Gateway",
        "900 posts",
        "Outage",
        "Slow",
        "&lt;it&gt;",
        "1,000",
        "+1.00 ms",
        "<td>240</td><td>300</td>",
        "<td>0.2</td>",
    ):
        assert word in page, word
    drawn = pictures(page)
    assert [sorted(points_of(svg)) for svg in drawn] == [
        ["aiocollect", "no collector", "no collector, again (noise)"],
        ["accepted", "stored"],
        ["ring's budget used"],
        ["CPU a row"],
    ]
    assert [">store down<" in svg for svg in drawn] == [False, True, True, False]
    assert not re.search(r"href=\"(?!#)|@import|<image|<script", "".join(drawn))


def test_a_run_with_lost_rows_has_no_figures() -> None:
    """It is shown with what it lost, and with nothing else."""
    table = ladder_tables(_results(good=False))
    assert "| aiocollect | none | none | none | none |  |  | none | none | 80.0% | 9 | 0 |" in table
    assert "class=ours><td>aiocollect, at 70%</td><td>none</td>" in report.as_html(
        _results(good=False)
    )


def test_a_line_is_drawn_to_scale() -> None:
    """Within the frame, each point at its value's place; what an axis cannot show is left out."""
    line = Line("a", "C1", [(0, 0), (1, 0.001), (10, 1.0), (1000, 1000.0)])
    points = points_of(draw([line], x="x", y="y", log_x=True, log_y=True))["a"]
    assert len(points) == 3
    assert all(0 <= x <= 518.4 and 0 <= y <= 237.6 for x, y in points)
    (x1, y1), (x2, y2), (x3, y3) = points
    assert (x3 - x1) / (x2 - x1) == pytest.approx(3)  # three decades against one
    assert (y1 - y3) / (y1 - y2) == pytest.approx(2)  # six against three, upwards
    assert draw([Line("a", "C1", [(0, 0)])], x="x", y="y", log_x=True) == ""


def test_a_picture_of_nothing_is_said_to_have_no_figures() -> None:
    """Runs without figures have no line, and the page says so."""
    results = _results()
    for one in results["steady"]:
        one.pop("figures", None)
    page = report.as_html(results)
    assert page.count("<p>No figures.</p>") == 1
    assert len(pictures(page)) == 3


def test_each_load_has_pairs_of_its_own() -> None:
    """Three rounds at 70 % and two at 90 %: at 90 % the latter alone are compared."""
    steady = _results()["steady"]
    for number, (none, ours, again) in enumerate([(20.0, 30.0, 21.0), (10.0, 40.0, 13.0)]):
        for label, p99 in (("none", none), ("aiocollect", ours), ("none again", again)):
            steady.append({**_run(label, number, p99), "load": "90%"})
    found = suite.compare(steady, "aiohttp", "p99", "90%")
    assert found is not None
    assert (found["pairs"], found["cost"], found["noise"]) == (2, 20.0, 2.0)
    assert suite.compare(steady, "aiohttp", "p99", "30%") is None
    page = report.as_html({**_results(), "steady": steady})
    assert "<p>aiocollect minus no collector, at 70%: +1.00 ms of p99 (median of 3 pairs" in page
    assert "<p>aiocollect minus no collector, at 90%: +20.00 ms of p99 (median of 2 pairs" in page


def test_the_picture_stands_alone_and_has_a_line_for_each_contender() -> None:
    """XML by itself, the same bytes each time; each line is of the run of the median p99."""
    svg = report.as_svg(_results())
    assert svg == report.as_svg(_results())
    lines = points_of(svg)
    assert list(lines) == ["no collector", "no collector, again (noise)", "aiocollect"]
    # All begin at 1 ms at the median; p99 is 5.0, 5.5 and 6.0 ms: one higher than the other.
    assert len({round(points[0][1], 3) for points in lines.values()}) == 1
    heights = [points[1][1] for points in lines.values()]
    assert heights == sorted(heights, reverse=True)
    assert len(set(heights)) == 3


def test_the_collector_by_itself_is_compared_with_the_same_runs() -> None:
    """On a store in memory: its own difference to the servers without, and its own line."""
    steady = [*_results()["steady"], *(_run("memory", number, 6.5) for number in range(3))]
    found = suite.compare(steady, "aiohttp", "p99", ours="memory")
    assert found is not None
    assert (found["cost"], found["cost_range"], found["noise"]) == (1.5, (1.5, 2.5), 0.5)
    page = report.as_html({**_results(), "steady": steady})
    assert "aiocollect in memory minus no collector, at 70%: +1.50 ms of p99" in page


def test_each_rung_is_set_against_the_one_below() -> None:
    """Within its round, by the median; the sample of the main thread is shared out by its parts."""
    steady = _results()["steady"]
    # p99 of "none" is 5, 4, 5; of "aiocollect" 6, 4.5, 9.
    for number, (memory, elsewhere) in enumerate([(5.1, 5.0), (4.3, 5.3), (5.2, 6.2)]):
        steady.append(_run("memory", number, memory))
        steady.append(_run("elsewhere", number, elsewhere))
        profiled = _run("profiled", number, 1.0)
        profiled["figures"] |= {
            "samples": {"server": 30, "collect()": 10},
            "main_us": 80.0 + number,
            "waited_us": 2.0,
            "store_us": 3.5,
        }
        steady.append(profiled)
    table = ladder_tables({**_results(), "steady": steady})
    for line in (
        "| aiocollect | 1.00 | 6.00 | 12.0 | 100 | +1.00 (+0.50 to +4.00) | +0.0 (+0.0 to +0.0) |",
        "| the collector: in memory, minus no collector | +0.20 (+0.10 to +0.30) |",
        "| SDK, HTTP, kernel: a store elsewhere, minus in memory | +1.00 (-0.10 to +1.00) |",
        "| the emulator, minus a store elsewhere | +1.00 (-0.80 to +2.80) |",
        "| the noise: no collector, again, minus no collector | +0.50 (-1.00 to +2.00) |",
        "main thread's 81 µs a request, a store elsewhere, by 120 samples: server 60.8, collect() ",
        " samples: server 60.8, collect() 20.2, drain 0.0",
    ):
        assert line in table, table


def test_rows_and_other_servers_have_tables_of_their_own() -> None:
    """The first server is the ladder's; a run without figures says so."""
    results = _results()
    assert server_tables(results) == ""
    second = [{**one, "server": "fastapi"} for one in results["steady"]]
    both = {"saturation": {"aiohttp": 1000.0, "fastapi": 512.4}, "steady": second}
    table = server_tables(both)
    assert table.startswith("fastapi, whose saturation was 512 requests a second.")
    assert "| aiocollect | 1.00 | 6.00 |" in table
    results["rows"]["columns"]["1,000"] = {"failed_to_run": "ChildFailed"}
    assert rows_table(results).splitlines()[2:] == [
        "| columns: 1 | 1.0 | 10.0 | 50 | 0 | 0 |",
        "| columns: 1,000 | none | none | none |  |  |",
    ]
