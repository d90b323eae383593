"""Simulated fleets: what they measure is true, and the formulas of the plan follow from it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from aiocollect.cli.plan_figures import day_of
from aiocollect.testing import VirtualLoop, run_virtual
from aiocollect.typing import Appended
from loadtest.fleets.account import Account, Allowed
from loadtest.fleets.cases import CASES, need_of
from loadtest.fleets.fleet import Fleet, Seen, World, run_fleet
from loadtest.fleets.measure import measured
from loadtest.fleets.page import BEGIN, END, PAGE, RECORD, tables
from tests.house.pages import read

# What explanation/scale.md states: ages within a tenth, appends within a twentieth.
AGES, APPENDS = 0.1, 0.05
CALM = Fleet(writers=5, streams=2, writer="own", round_trip=0.02, rate=1.0, seconds=300.0)


def test_a_calm_fleet_does_what_arithmetic_says() -> None:
    """Rows by chance, one a second: a block begins with one and is sealed 2 s later, so each lane
    makes one in 3 s; each creates its part once, and the log makes as many appends or fewer."""
    seen = run_fleet(CALM)
    lanes = CALM.writers * CALM.streams
    appends = seen.count(kind="rows", operation="append", answer="ok")
    assert appends == pytest.approx(lanes * CALM.seconds / 3.0, rel=0.05)
    assert seen.accepted == pytest.approx(lanes * CALM.seconds, rel=0.06)
    assert seen.count(kind="rows", operation="create") == lanes
    # Each looks at what it created, and the first of a writer before that, too.
    assert seen.count(kind="rows", operation="open") == lanes + CALM.writers
    assert seen.count(answer="lost") == seen.count(answer="busy") == 0
    assert 1.9 < seen.steady.quantile(0.99) < 2.2
    assert seen.count(kind="log", operation="append") <= appends


@pytest.mark.parametrize("writer", ["own", "shared"])
def test_each_row_stands_in_the_account_once(writer: Any) -> None:
    """By the ids that stand in the blobs, under an account that refuses a third of the requests."""
    few = Allowed(requests=8.0, blob_requests=6.0, blocks=50_000)
    fleet = replace(CALM, writer=writer, seconds=60.0, allowed=few)

    async def main(loop: VirtualLoop) -> tuple[Seen, list[str]]:
        world = World(fleet, loop)
        seen = await world.live()
        ids = []
        for data in world.account.store.blobs.values():
            _, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
            ids += [row[1] for row in rows]
        return seen, ids

    seen, ids = run_virtual(main)
    seen.check()
    assert seen.count(answer="busy") > 50
    assert len(ids) == len(set(ids)) == seen.stored
    # Never more than the rate, and the second's worth that the bucket held at first.
    assert max(seen.served.values()) <= 2 * few.requests
    assert sum(seen.served.values()) <= few.requests * (max(seen.served) + 2)


class ForgetfulAccount(Account):
    """Acknowledges every tenth append without having kept it."""

    forgotten = 0

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        found = await super().append(path, data, offset=offset, etag=etag)
        self.forgotten += 1
        if self.forgotten % 10 == 0:
            self.store.delete(path)
        return found


def test_rows_that_are_lost_make_no_figures() -> None:
    """An account that loses rows is noticed where figures are made."""

    async def main(loop: VirtualLoop) -> Seen:
        return await World(replace(CALM, seconds=60.0), loop, make=ForgetfulAccount).live()

    with pytest.raises(AssertionError, match="rows stand there"):
        run_virtual(main).check()


def test_the_same_fleet_gives_the_same_figures() -> None:
    """Another seed gives others."""
    fleet = replace(CALM, seconds=30.0, writer="shared")
    first = run_fleet(fleet)
    assert run_fleet(fleet) == first
    assert run_fleet(replace(fleet, seed=2)).answers != first.answers


def test_an_outage_and_restarts_lose_nothing() -> None:
    """Rows of the outage are there afterwards; of a restarted writer too."""
    for weather in ("restarts", "outage"):
        fleet = replace(CALM, writers=2, streams=1, rate=0.2, seconds=60.0, weather=weather)
        seen = run_fleet(fleet)
        seen.check()
        assert seen.stored == seen.accepted > 0
        assert seen.after.ages


@pytest.mark.parametrize("writer", ["own", "shared"])
def test_a_day_in_miniature_is_what_the_formulas_expect(writer: Any) -> None:
    """A fiftieth of a day, with parts of a fiftieth of the blocks."""
    fleet = replace(CALM, writers=4, streams=1, writer=writer, seconds=1728.0, max_blocks=980)
    seen = run_fleet(fleet)
    day = day_of(need_of(fleet))
    appends = seen.count(kind="rows", operation="append", answer="ok") * 50
    assert appends == pytest.approx(day.appends, rel=APPENDS)
    assert seen.steady.quantile(0.99) == pytest.approx(day.age, rel=AGES)


LINES = json.loads(read(RECORD))


def test_the_page_shows_the_record() -> None:
    """Each case is there, and the tables are made of it."""
    assert len(LINES) == len(CASES)
    assert tables(LINES).strip() == read(PAGE).partition(BEGIN)[2].partition(END)[0].strip()


@pytest.mark.parametrize(
    "line",
    [
        line
        for line in LINES
        if line["case"] == "day"
        and line["seconds"] > 50
        and line["busy_share"] == 0
        and (line["writer"] == "own" or line["writers"] * line["round_trip"] <= 0.4)
    ],
    ids=lambda line: f"{line['writers']} {line['streams']} {line['writer']} {line['round_trip']}",
)
def test_the_formulas_follow_the_record(line: dict[str, Any]) -> None:
    """Where the plan says that it holds without a warning."""
    expected = line["expected"]
    assert line["age_p99"] == pytest.approx(expected["age_p99"], rel=AGES)
    assert line["appends"] == pytest.approx(expected["appends"], rel=APPENDS)


def test_the_record_is_measured_anew_in_the_same_way() -> None:
    """One of its cases, simulated again, gives its line."""
    (case,) = [case for case in CASES if case.name == "midnight" and case.quick]
    (line,) = [
        line
        for line in LINES
        if line["case"] == "midnight" and line["writers"] == 10_000 and line["rate"] == 1.0
    ]
    assert json.loads(json.dumps(measured(case))) == line
