"""Dataset.profile(): days, what rows lack, delays, columns; the oracle is what was collected."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

import aiocollect
from aiocollect import Pipeline
from aiocollect.reading import Profile
from tests.support.reads import write

START = datetime(2026, 1, 30, tzinfo=UTC)
PLANS = ("free", "basic", "pro", None)


class Life:
    """Rows of five days; some lack a prediction, some have a label that came hours or days later.
    ``shift`` is added to the ages; ``more`` are further plans."""

    def __init__(self, seed: int, *, shift: float = 0.0, more: tuple[str, ...] = ()) -> None:
        self.chance = random.Random(seed)
        self.shift, self.more = shift, more
        self.rows: list[tuple[date, Any, Any, bool, bool]] = []
        self.labels: list[tuple[str, float]] = []

    async def score(self, pipeline: Pipeline) -> None:
        chance = self.chance
        declared: dict[str, Any] = {"age": float, "plan": str}
        inputs = pipeline.collector("m", identifier="inputs", feature_names=declared)
        predictions = pipeline.collector("m", identifier="predictions", feature_names=["p"])
        for count in range(300):
            at = START + timedelta(minutes=24 * count)
            age = chance.choice([None, math.nan, *[chance.gauss(40, 12) + self.shift] * 8])
            plan = chance.choice(PLANS + self.more)
            cid = inputs.collect([[age, plan]], at=at)
            paired, labelled = chance.random() < 0.9, chance.random() < 0.5
            if paired:
                predictions.collect([[chance.random()]], correlation_id=cid)
            self.rows.append((at.date(), age, plan, paired, labelled))
            if labelled:
                assert cid is not None
                self.labels.append((cid, (at - START).total_seconds()))

    async def label(self, pipeline: Pipeline) -> None:
        """A day after the last row, all of them; and one that says nothing."""
        labels = pipeline.collector("m", identifier="labels", feature_names=["y"])
        for cid, _ in self.labels:
            labels.collect([[1]], correlation_id=cid)
        labels.collect([[None]], correlation_id=self.labels[0][0])

    def stored(self, **options: Any) -> Any:
        store = write(self.score, at=START, **options)
        write(self.label, store=store, at=START + timedelta(days=6), writer="00000000ab", **options)
        return store


@pytest.mark.parametrize("layout", ["day", "hour"])
def test_a_profile_counts_what_was_collected(layout: str) -> None:
    """By the day, whatever the folders are."""
    life = Life(1)
    store = life.stored(layout=layout)
    asked: list[int] = []
    profile = aiocollect.read(store, "m").profile(asked.append)
    assert profile.rows == asked[-1] == 300
    days = Counter(row[0] for row in life.rows)
    unpaired = Counter(row[0] for row in life.rows if not row[3])
    unlabelled = Counter(row[0] for row in life.rows if not row[4])
    assert [(day.day, day.rows) for day in profile.days] == sorted(days.items())
    for day in profile.days:
        assert day.lacking == {
            "inputs": 0,
            "predictions": unpaired[day.day],
            "labels": unlabelled[day.day],
        }
    assert profile.missing["predictions"] == unpaired.total()
    age = profile.columns["age"]
    ages = [row[1] for row in life.rows]
    assert (age.cells, age.missing) == (300, ages.count(None))
    assert age.numbers is not None
    assert age.numbers.nan == sum(cell is not None and math.isnan(cell) for cell in ages)
    assert age.numbers.exact
    plan = profile.columns["plan"]
    assert plan.categories is not None
    assert plan.categories.counts == Counter(row[2] for row in life.rows if row[2])
    assert plan.missing == sum(row[2] is None for row in life.rows)
    assert (plan.different, age.different) == (3, len({c for c in ages if c and c == c}))


def test_labels_come_so_late() -> None:
    """From the time in the id to the time of the label; one that says nothing does not count."""
    life = Life(2)
    store = life.stored()
    delays = aiocollect.read(store, "m").profile().delays
    late = sorted(timedelta(days=6).total_seconds() - seconds for _, seconds in life.labels)
    assert delays.count == len(late)
    for share in (0.5, 0.9):
        wanted = late[math.ceil(share * len(late)) - 1]
        assert delays.quantile(share) == pytest.approx(wanted, abs=1.0)
    span = {"start": START + timedelta(days=1), "end": START + timedelta(days=2)}
    part = aiocollect.read(store, "m", **span).profile().delays  # type: ignore[arg-type]
    assert part.count == sum(86_400 <= seconds < 2 * 86_400 for _, seconds in life.labels)


def test_drift_is_by_column_and_the_largest_comes_first() -> None:
    """What moved, what is new, what is gone, what changed its type."""
    then = aiocollect.read(Life(3).stored(), "m").profile()
    now = aiocollect.read(Life(4, shift=30, more=("gold",)).stored(), "m").profile()
    age, plan, *rest = now.drift_from(then)
    assert (age.name, plan.name) == ("age", "plan")
    assert {one.name for one in rest} == {"p", "y"}
    assert age.psi is not None
    assert age.psi > 1 > max(one.psi or 0.0 for one in rest)
    assert age.bins is not None
    assert sum(age.bins[0]) == pytest.approx(1)
    assert max(age.bins[1]) < 0.2
    assert dict(plan.new) == {"gold": plan.now.categories.counts["gold"]}  # type: ignore[union-attr,index]
    assert 0.1 < plan.new_share < 0.3

    async def other(pipeline: Pipeline) -> None:
        pipeline.collector("m", identifier="inputs", feature_names=["age", "new"]).collect(
            [["old", 1]]
        )

    found = {one.name: one for one in aiocollect.read(write(other), "m").profile().drift_from(then)}
    assert found["new"].baseline is found["plan"].now is None
    assert found["age"].psi is None
    assert (found["age"].now.type, found["age"].baseline.type) == ("string", "double")  # type: ignore[union-attr]


def test_one_stream_has_a_profile_too() -> None:
    """Of days and columns; nothing is joined to it."""
    profile = aiocollect.read(Life(5).stored(), "m", streams="inputs").profile()
    assert profile.missing == {}
    assert [day.lacking for day in profile.days] == [None] * 5
    assert list(profile.columns) == ["age", "plan"]


def test_ids_of_others_have_no_days_of_their_own() -> None:
    """A row that waits for the next folder is of the total alone."""

    async def use(pipeline: Pipeline) -> None:
        inputs = pipeline.collector("m", identifier="inputs", feature_names=["a"])
        predictions = pipeline.collector("m", identifier="predictions", feature_names=["p"])
        inputs.collect([[1]], correlation_id="theirs", at=START)
        inputs.collect([[2]], at=START)
        predictions.collect([[0.5]], at=START)

    profile = aiocollect.read(write(use), "m").profile()
    assert profile.rows == 3
    assert profile.missing == {"inputs": 1, "predictions": 2}
    assert [day.lacking for day in profile.days] == [None]


def test_a_cell_far_down_begins_it_again() -> None:
    """In a type that holds all cells, each counted once."""

    async def use(pipeline: Pipeline) -> None:
        stream = pipeline.collector("m", identifier="inputs", feature_names=["x"])
        for first in (0, 4000, 8000):
            stream.collect([[n] for n in range(first, first + 4000)])
        stream.collect([[2.5]])

    profile = aiocollect.read(write(use), "m", streams="inputs").profile()
    assert profile.rows == 12_001
    assert profile.columns["x"].type == "double"
    assert profile.columns["x"].cells == 12_001


@pytest.mark.parametrize("streams", [None, "inputs"])
def test_days_that_are_merged_are_as_one_pass(streams: str | None) -> None:
    """Rows, what they lack, delays, columns; also where a day's column has no cell, or is of whole
    numbers alone."""
    store = Life(3).stored()
    whole = aiocollect.read(store, "m", streams=streams).profile()
    found = Profile()
    for day in whole.days:
        end = day.day + timedelta(days=1)
        rows = aiocollect.read(store, "m", streams=streams, start=day.day, end=end)
        found.merge(rows.profile())
    assert found.rows == whole.rows == 300
    assert found.missing == whole.missing
    assert [tuple(day) for day in found.days] == [tuple(day) for day in whole.days]
    assert found.delays.count == whole.delays.count
    assert found.delays.edges() == whole.delays.edges()
    for drift in found.drift_from(whole):
        assert drift.now is not None
        assert drift.baseline is not None
        assert (drift.psi, drift.new) == (0.0, {})
        assert drift.now[:4] == drift.baseline[:4]


def test_columns_of_several_kinds_that_are_merged() -> None:
    """What is missing everywhere takes the other's type; numbers and text are neither."""

    def of(**columns: Any) -> Profile:
        found = Profile()
        found.add(pa.table(columns), {}, None)
        return found

    found = of(a=pa.array([None, None], pa.string()), b=[1, 2], c=[1.5, None], d=[1, 1])
    found.merge(of(a=[1.5], b=[2.5], c=["x"], e=[True]))
    columns = found.columns
    assert (columns["a"].type, columns["a"].missing, columns["a"].cells) == ("double", 2, 3)
    assert columns["b"].numbers is not None
    assert (columns["b"].type, columns["b"].numbers.count) == ("double", 3)
    assert (columns["c"].type, columns["c"].numbers, columns["c"].categories) == (
        "string",
        None,
        None,
    )
    assert (columns["d"].cells, columns["e"].cells) == (2, 1)
