"""What the data page says of a store is what read() and verify() say; it is read again only where
it has changed, once a minute at most; and no cell leaves unasked."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import aiocollect
from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.page.data.calls import Calls
from aiocollect.page.data.kept import DayKey, KeptProfile, Profiles, Wish
from aiocollect.page.data.known import LABELS_REST, KnownData
from aiocollect.page.data.picture import picture_of
from aiocollect.page.data.reader import PATIENCE, WISHES, DataReader
from aiocollect.reading import Profile
from tests.page.test_copies import Watch
from tests.support.reads import write

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = NOON.date()
CANARY = "canary-7f3a"
ANY = Wish("", "", "")


class Lived:
    """``days`` of a model until today, which drifted; of the older ones some rows have labels."""

    def __init__(self, days: int = 4, *, canary: bool = False) -> None:
        self.chance, self.days, self.canary = random.Random(days), days, canary
        self.ids: list[str] = []

    async def __call__(self, pipeline: Pipeline) -> None:
        chance = self.chance
        model = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])
        labels = pipeline.collector(
            "churn", version="10", identifier="labels", feature_names=["left"]
        )
        for back in reversed(range(self.days)):
            at = NOON - timedelta(days=back)
            for count in range(240):
                age = chance.gauss(40 if back else 52, 8)
                plan = CANARY if self.canary and count % 7 == 0 else chance.choice("abc")
                given = f"customer-{count}" if self.canary else None
                when = at + timedelta(seconds=count)
                cid = model.collect(
                    inputs=[[age, plan]], predictions=[[0.5]], correlation_id=given, at=when
                )
                self.ids.append(cid or "")
                if back > 1 and count % 4 == 0:
                    labels.collect([[True]], correlation_id=cid, at=when)


class CountedStore:
    """A store, and what is read of it."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.read: list[str] = []
        self.listings = 0
        self.error: Exception | None = None

    async def list(self, prefix: str) -> Any:
        self.listings += 1
        if self.error is not None:
            raise self.error
        async for one in self.inner.list(prefix):
            yield one

    async def fetch(self, path: str, *, offset: int, length: int) -> Any:
        self.read.append(path)
        return await self.inner.fetch(path, offset=offset, length=length)

    async def aclose(self) -> None:
        return None


def rows_read(store: CountedStore) -> list[str]:
    """The log is small, and is read anew."""
    return [path for path in store.read if not path.startswith("_aiocollect/")]


def known(store: Any, *, values: bool = False, baseline: int = 7) -> tuple[KnownData, Watch]:
    watch = Watch()
    watch.now = NOON.timestamp() + 3600
    calls = Calls(store, {})
    return KnownData(calls, values=values, baseline=baseline, clock=watch), watch


def finish(found: KnownData, wish: Wish = ANY) -> list[str]:
    """All steps there are; what was done."""
    done: list[str] = []

    def tell(what: str, rows: int) -> None:
        if not rows:
            done.append(what)

    while found.step(wish, tell):
        assert len(done) < 200
    return done


def seen(found: KnownData, wish: Wish = ANY) -> dict[str, Any]:
    picture: dict[str, Any] = json.loads(picture_of(found, wish))
    return picture


def test_its_figures_are_those_of_read_and_verify() -> None:
    """Of the day, of the days before it, of both beside one another, joined, and proven."""
    store = write(Lived(), at=NOON)
    found, _ = known(store)
    finish(found)
    picture = seen(found)
    day, before = TODAY, TODAY - timedelta(days=3)
    inputs: Any = {"version": "10", "streams": "inputs"}
    now = aiocollect.read(store, "churn", start=day, **inputs).profile()
    base = aiocollect.read(store, "churn", start=before, end=day, **inputs).profile()
    assert (picture["rows"], picture["rows_before"]) == (now.rows, base.rows) == (240, 720)
    assert picture["against"] == [str(before), str(day - timedelta(days=1)), 3]
    drift = {one.name: one for one in now.drift_from(base)}
    assert [one["name"] for one in picture["features"]] == list(drift)
    for one in picture["features"]:
        assert one["psi"] == drift[one["name"]].psi
    assert picture["features"][0]["level"] == "bad"
    whole = aiocollect.read(store, "churn", version="10", start=before).profile()
    for said, one in zip(picture["joined"], reversed(whole.days), strict=True):
        assert (said["day"], said["rows"]) == (str(one.day), one.rows)
        assert said["labelled_share"] == one.labelled_share
        assert said["paired_share"] == one.paired_share == 1.0
        assert one.lacking is not None
        assert said["streams"] == {name: one.rows - lack for name, lack in one.lacking.items()}
    verdict = aiocollect.verify(store, "churn", version="10", stream="inputs")
    states = {str(one.begin.date()): (one.state, one.stored) for one in verdict.days}
    assert {one["day"]: (one["state"], one["rows"]) for one in picture["days"]} == states
    assert picture["verdict"]["state"] == "proven"
    assert [one["name"] for one in picture["streams"]] == [
        f"churn/10/{name}" for name in ("inputs", "labels", "predictions")
    ]


def test_another_day_and_another_stream() -> None:
    """Of what was read already nothing is read again; an unknown name is said to be one."""
    store = CountedStore(write(Lived(), at=NOON))
    found, _ = known(store)
    finish(found)
    store.read.clear()
    wish = Wish("churn", "10", "inputs", TODAY - timedelta(days=1))
    assert finish(found, wish) == []
    assert store.read == []
    assert seen(found, wish)["chosen"]["day"] == str(wish.day)
    assert finish(found, Wish("churn", "10", "predictions"))[0].startswith("listing the parts")
    assert seen(found, Wish("churn", "10", "predictions"))["features"][0]["name"] == "p"
    nobody = Wish("churn", "11", "inputs")
    assert finish(found, nobody) == []
    assert seen(found, nobody)["unknown"] is True


def test_what_has_not_changed_is_not_read_again() -> None:
    """Of a day that is being written the rows that came, once a minute; closed days never."""
    memory = write(Lived(), at=NOON)
    store = CountedStore(memory)
    found, watch = known(store)
    finish(found)

    async def more(pipeline: Pipeline) -> None:
        inputs = pipeline.collector(
            "churn", version="10", identifier="inputs", feature_names=["age", "plan"]
        )
        inputs.collect([[40.0, "a"]] * 60, at=NOON + timedelta(hours=1))

    write(more, store=memory, at=NOON + timedelta(hours=1), writer="00000000ab")
    store.read.clear()
    listings = store.listings
    watch.now += 59
    assert finish(found) == []
    assert store.listings == listings
    watch.now += 1
    done = finish(found)
    assert f"reading {TODAY}" in done
    assert f"verifying {TODAY}" in done
    assert f"joining {TODAY}" in done
    assert all(f"{TODAY:%Y/%m/%d}" in path for path in rows_read(store))
    picture = seen(found)
    assert (picture["rows"], picture["days"][0]["rows"]) == (300, 300)
    assert picture["joined"][0]["paired_share"] == 240 / 300
    store.read.clear()
    watch.now += 60
    finish(found)
    assert rows_read(store) == []


def test_labels_that_come_later() -> None:
    """Under an id of ours they lie in the day of the scoring; that day is joined again."""
    lived = Lived(2)
    memory = write(lived, at=NOON)
    found, watch = known(memory)
    finish(found)
    yesterday = {"labels": 0, "inputs": 240, "predictions": 240}
    # There are no labels at all yet, so nothing of them is joined.
    assert seen(found)["joined"][1]["streams"] == {
        name: rows for name, rows in yesterday.items() if rows
    }

    async def label(pipeline: Pipeline) -> None:
        labels = pipeline.collector(
            "churn", version="10", identifier="labels", feature_names=["left"]
        )
        for cid in lived.ids[:60]:
            labels.collect([[True]], correlation_id=cid)

    write(label, store=memory, at=NOON + timedelta(hours=1), writer="00000000ab")
    watch.now += LABELS_REST
    finish(found)
    said = seen(found)["joined"][1]
    assert said["streams"] == yesterday | {"labels": 60}
    assert said["labelled_share"] == 0.25


@pytest.mark.parametrize("values", [False, True])
def test_no_cell_leaves_unasked(values: bool) -> None:
    """Nor an id of a row, which may be a customer's; with values, both are there."""
    memory = write(Lived(canary=True), at=NOON)
    path = next(path for path in memory._blobs if "/inputs/" in path and "03/10" in path)
    data = memory._blobs[path].data
    data[:] = data.replace(b"customer-77,", b"customer-78,")
    found, _ = known(memory, values=values)
    finish(found)
    said = picture_of(found, ANY).decode()
    picture = json.loads(said)
    assert picture["verdict"]["state"] == "damaged"
    assert picture["verdict"]["findings"][0]["remedy"]
    assert (CANARY in said) is values
    assert ("customer-" in said) is values
    if values:
        assert len(picture["last"]["rows"]) == 20
        assert picture["last"]["columns"][:2] == ["age", "plan"]
        newest = picture["last"]["rows"][0]
        assert float(newest[0]) > 0


def test_a_day_that_cannot_be_read_is_said() -> None:
    """It has its verdict all the same, and the other days are compared without it."""
    memory = write(Lived(), at=NOON)
    bad = TODAY - timedelta(days=2)
    path = next(path for path in memory._blobs if f"/inputs/{bad:%Y/%m/%d}" in path)
    data = memory._blobs[path].data
    data[:] = data.replace(b"T12:", b"Txx:")
    found, _ = known(memory)
    finish(found)
    picture = seen(found)
    assert [one["day"] for one in picture["unreadable"]] == [str(bad)]
    assert "cell that is not of type" in picture["unreadable"][0]["why"]
    assert (picture["rows"], picture["rows_before"]) == (240, 480)
    assert {one["day"]: one["state"] for one in picture["days"]}[str(bad)] == "damaged"
    assert seen(found, Wish("churn", "10", "inputs", bad))["verdict"]["state"] == "damaged"


def test_an_empty_store_and_a_store_without_a_baseline() -> None:
    """Both are said, and neither is an error."""
    found, _ = known(MemoryStore())
    assert finish(found) == ["listing what there is"]
    assert seen(found)["streams"] == []
    first, _ = known(write(Lived(1), at=NOON))
    finish(first)
    picture = seen(first)
    assert (picture["against"], picture["rows_before"]) == (None, None)
    assert [one["psi"] for one in picture["features"]] == [None, None]
    assert picture["features"][0]["bars"]["before"] is None


def test_profiles_are_bounded_by_their_bytes() -> None:
    """The oldest go first, and never those that are needed."""
    kept = Profiles(most=500)
    keys = [DayKey("m", "1", "s", date(2026, 1, day)) for day in range(1, 9)]
    for key in keys:
        one = KeptProfile.of(Profile(), 1, at=0.0, took=0.0, notes=())
        kept.put(key, one._replace(packed=b"x" * 100), needed=keys[:2])
    assert [key.day.day for key in keys if kept.get(key)] == [1, 2, 6, 7, 8]


# The reader ---------------------------------------------------------------------------------------


def looked(reader: DataReader, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(reader.look(query))
    return found


def turns(reader: DataReader) -> None:
    for _ in range(200):
        if not reader.turn():
            return
    raise AssertionError("it never ends")


def test_it_reads_for_those_who_look() -> None:
    """Nothing before; the picture once; and not for somebody who has gone."""
    store = CountedStore(write(Lived(), at=NOON))
    found, watch = known(store)
    reader = DataReader(found, store="memory", clock=watch)
    assert not reader.turn()
    assert store.listings == 0
    assert looked(reader)["picture"] is None
    turns(reader)
    first = looked(reader)
    assert first["picture"]["rows"] == 240
    assert first["doing"] is None
    again = looked(reader, have=str(first["number"]))
    assert (again["number"], again["picture"]) == (first["number"], None)
    watch.now += PATIENCE + 60
    listings = store.listings
    assert not reader.turn()
    assert store.listings == listings


def test_a_step_for_somebody_who_has_gone_ends() -> None:
    """In the middle of reading a day."""
    store = CountedStore(write(Lived(), at=NOON))
    found, watch = known(store)
    reader = DataReader(found, store="memory", clock=watch)

    class Slow(CountedStore):
        async def fetch(self, path: str, *, offset: int, length: int) -> Any:
            watch.now += PATIENCE + 1
            return await super().fetch(path, offset=offset, length=length)

    found._calls = Calls(Slow(store.inner), {})
    looked(reader)
    turns(reader)
    assert looked(reader)["picture"] is None


def test_a_store_that_cannot_be_read_is_said_and_asked_again() -> None:
    """After a wait that grows; an error of our own is named by its kind alone."""
    store = CountedStore(write(Lived(), at=NOON))
    found, watch = known(store)
    reader = DataReader(found, store="memory", clock=watch)
    store.error = ConfigError("the credential may not list: renew it")
    looked(reader)
    assert reader.turn()
    assert looked(reader)["trouble"] == "the credential may not list: renew it"
    assert not reader.turn()
    watch.now += 5
    looked(reader)
    store.error = ValueError(CANARY)
    assert reader.turn()
    trouble = looked(reader)["trouble"]
    assert "ValueError" in trouble
    assert CANARY not in trouble
    watch.now += 9
    looked(reader)
    assert not reader.turn()
    store.error = None
    watch.now += 1
    looked(reader)
    turns(reader)
    after = looked(reader)
    assert (after["trouble"], after["picture"]["rows"]) == (None, 240)


def test_wishes_are_bounded() -> None:
    """Whatever is asked for: names of any length, and any number of them."""
    found, watch = known(MemoryStore())
    reader = DataReader(found, store="memory", clock=watch)
    for count in range(50):
        watch.now += 0.01
        looked(reader, model="m" * 10_000, version=str(count), day="no day")
    assert len(reader._wishes) <= WISHES
    turns(reader)
    assert len(reader._pictures) <= WISHES


def test_it_ends_in_the_middle_of_a_step() -> None:
    """A store that gives no answer holds nothing up."""
    store = CountedStore(write(Lived(), at=NOON))
    found, watch = known(store)
    reader = DataReader(found, store="memory", clock=watch)
    reader.start()
    looked(reader)
    reader.close()
    assert not reader._thread.is_alive()
