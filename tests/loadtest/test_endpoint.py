"""What the load test is made of: schedules, histograms, the auditor, and the plans."""

from __future__ import annotations

import asyncio
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aiocollect.errors import OffsetMismatch, StoreRefused
from aiocollect.stores.azure import AzureStore
from aiocollect.typing import LOG_ROOT
from loadtest.endpoint import plan, schedules
from loadtest.endpoint.__main__ import kept_its_word
from loadtest.endpoint.ladder import LADDER
from loadtest.endpoint.split import PARTS, part_of
from loadtest.harness import audit, pages, processes
from loadtest.harness.latencies import Latencies
from testkit.child import Child


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
    """Each recorder, weather and server of a plan can be run; the long one has five pairs at each
    load of the ladder."""
    from loadtest.endpoint.case import WEATHERS
    from loadtest.endpoint.recorders import MAKERS, READERS
    from loadtest.endpoint.server import SERVERS

    for each in (plan.QUICK, plan.LONG):
        assert set(each.others) <= MAKERS.keys() == READERS.keys() - {"gateway"}
        assert set(each.weathers) <= WEATHERS.keys() | {"burst"}
        assert set(each.servers) <= SERVERS.keys()
    assert min(plan.LONG.rounds, plan.LONG.fixed_rounds) >= 5
    assert plan.QUICK.fixed_rate == plan.LONG.fixed_rate == 2_000
    assert {rung.recorder for rung in LADDER.values()} <= MAKERS.keys()


@pytest.mark.parametrize(
    ("frames", "part"),
    [
        (["/x/loadtest/endpoint/recorders.py", "/x/loadtest/endpoint/scoring.py"], "collect()"),
        (["/x/aiocollect/_core/lines.py", "/x/aiocollect/_delivery/pump.py"], "drain"),
        (["/x/aiocollect/_core/lane.py", "/x/aiocollect/_delivery/senders.py"], "delivery"),
        (["/y/yarl/_url.py", "/y/aiohttp/client.py", "/y/azure/core/pipeline.py"], "store and SDK"),
        (["/y/aiohttp/streams.py", "/x/aiocollect/stores/azure/wire.py"], "store and SDK"),
        (["/y/aiohttp/web_response.py", "/x/loadtest/endpoint/server.py"], "server"),
        ([], "server"),
    ],
)
def test_a_sample_is_its_owners(frames: list[str], part: str) -> None:
    """By the frames, the innermost first; what is shared with the server is whose calls it."""
    assert part_of(frames) == part
    assert part in PARTS


def test_a_page_has_a_place_for_each_table(tmp_path: Path) -> None:
    """What stands between the marks is replaced, and nothing else; a page without is refused."""
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a: make a -->\nold\n<!-- /a -->\nbehind\n")
    for table in ("| one |", "| two \\1 |"):
        pages.write(page, "a", table, conditions="load 1")
        lines = page.read_text().splitlines()
        assert lines[:2] == ["before", "<!-- a: make a -->"]
        assert lines[-2:] == ["<!-- /a -->", "behind"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d, load 1:", lines[3])
        assert lines[5] == table
    with pytest.raises(ValueError, match="0 places for 'b'"):
        pages.write(page, "b", "", conditions="")


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("loadtest.md", "ladder"),
        ("loadtest.md", "servers"),
        ("loadtest.md", "rows"),
        ("loadtest.md", "crosscheck"),
        ("faceoff.md", "faceoff"),
    ],
)
def test_the_pages_have_the_places_that_the_commands_fill(page: str, name: str) -> None:
    """One each."""
    text = (pages.PAGES / page).read_text()
    assert len(re.findall(rf"<!-- {name}: `[^`]+` -->\n", text)) == 1
    assert text.count(f"<!-- /{name} -->") == 1


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, True),
        ({"lost": 1, "good": False}, False),
        ({"doubled": 2, "good": False}, False),
        (None, False),
    ],
)
def test_the_exit_code_tells_whether_a_row_was_lost(
    change: dict[str, Any] | None, kept: bool
) -> None:
    """Of our runs; one that did not come to its audit counts as lost, others' lose as they may."""
    audit = {"lost": 0, "doubled": 0, "good": True}
    bad = {"lost": 9, "doubled": 9, "good": False}
    ours = {"recorder": "aiocollect", "audit": None if change is None else audit | change}
    steady = [{"recorder": "none", "audit": None}, {"recorder": "afternoon", "audit": bad}]
    assert kept_its_word({"steady": [*steady, ours]}) is kept
    rows = {"rows a call": {"1": {"audit": ours["audit"]}}}
    good = {"recorder": "gateway", "audit": audit}
    whole = {"steady": steady, "weather": [], "gateway": good, "rows": rows}
    assert kept_its_word(whole) is kept


def test_a_store_elsewhere_answers_as_the_service_does(tmp_path: Path) -> None:
    """Asked by our own store: what there is, what is not, and an append at its position alone."""

    async def ask() -> list[str]:
        task = {"folder": str(tmp_path), "name": "7"}
        async with Child("loadtest.endpoint.elsewhere", task, log=tmp_path / "log") as child:
            port = (await child.hear("port", timeout=40))["port"]
            store = AzureStore.from_emulator(f"127.0.0.1:{port}", container="rows")
            with pytest.raises(StoreRefused, match="BlobNotFound"):
                await store.open("d/a.csv", head=8)
            assert await store.create("d/a.csv", content_type="text/csv")
            assert await store.create("d/a.csv", content_type="text/csv") is False
            large = bytes(range(256)) * 4096
            for offset, data in ((0, b"h\n"), (2, large)):
                await store.append("d/a.csv", data, offset=offset)
            with pytest.raises(OffsetMismatch):
                await store.append("d/a.csv", b"twice", offset=2)
            seen = await store.open("d/a.csv", head=4)
            assert (seen.length, seen.head) == (2 + len(large), b"h\n\0\1")
            assert (await store.read("d/a.csv", offset=1, length=3)).data == b"\n\0\1"
            await store.create(f"{LOG_ROOT}log/w.jsonl", content_type="text/csv")
            await store.aclose()
            files: list[str] = (await processes.finish(child, timeout=20))["files"]
            assert Path(files[0]).read_bytes() == b"h\n" + large
            return files

    assert len(asyncio.run(ask())) == 1


def test_who_is_kept_back_stays_on_its_core() -> None:
    """And goes after the others, with all its threads."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        processes.keep_back(child.pid, 0)
        assert os.getpriority(os.PRIO_PROCESS, child.pid) > os.getpriority(os.PRIO_PROCESS, 0)
        if (os.cpu_count() or 1) > 1:
            assert os.sched_getaffinity(child.pid) == {0}
    finally:
        child.kill()
        child.communicate()
