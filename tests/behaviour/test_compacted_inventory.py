"""What streams(), ls and verify() say of rows that are in compacted files, here or elsewhere."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import aiocollect
from aiocollect import MemoryStore, Pipeline
from aiocollect.cli import main
from tests.support.reads import NOON, three_rows, write

DAY = datetime(2026, 1, 31, tzinfo=UTC)
NAMES = [("churn", "10", "inputs"), ("churn", "10", "predictions")]


@pytest.mark.parametrize("form", ["parquet", "delta"])
def test_streams_whose_parts_are_gone_are_there(form: Any) -> None:
    """After the removal of all parts, with the days of their files; in the store or elsewhere."""
    if form == "delta":
        pytest.importorskip("deltalake")
    for elsewhere in (False, True):
        store = write(three_rows)
        lake = MemoryStore() if elsewhere else store
        (first, _) = aiocollect.streams(store)
        assert (first.parts, first.compacted) == (1, None)
        aiocollect.compact(store, lake, format=form)
        where: Any = {"compacted": lake} if elsewhere else {}
        (first, _) = aiocollect.streams(store, "churn", **where)
        assert (first.parts, first.compacted) == (1, DAY + timedelta(days=1))
        aiocollect.compact(store, lake, format=form, remove_after="1d")
        found = aiocollect.streams(store, "churn", version="10", **where)
        assert [one[:3] for one in found] == NAMES
        assert {one[3:] for one in found} == {
            (0, 0, DAY, DAY + timedelta(days=1), None, DAY + timedelta(days=1))
        }
        assert aiocollect.streams(store, "fraud", **where) == []
        assert bool(aiocollect.streams(store)) is not elsewhere
        rows = aiocollect.read(store, "churn", **where).to_arrow()
        assert rows.num_rows == 3


def test_late_rows_are_behind_the_files() -> None:
    """A span has both: the days of the files, and those of the parts."""
    store = write(three_rows)
    aiocollect.compact(store, store, remove_after="1d")
    write(three_rows, store=store, at=NOON + timedelta(days=3), writer="00000000ab")
    for info in aiocollect.streams(store):
        assert (info.parts, info.begin, info.end) == (1, DAY, DAY + timedelta(days=4))
        assert info.compacted == DAY + timedelta(days=1)


def test_parts_that_went_to_another_store_are_no_loss() -> None:
    """As long as verify() is told where they are; if not, it says that they are lost."""
    store, lake = write(three_rows), MemoryStore()
    assert aiocollect.verify(store).proven
    assert aiocollect.compact(store, lake, remove_after="1d").removed
    verdict = aiocollect.verify(store, compacted=lake)
    assert (verdict.state, {one.kind for one in verdict.findings}) == ("consistent", {"compacted"})
    assert aiocollect.verify(store).state == "damaged"
    assert asyncio.run(aiocollect.averify(store, compacted=lake)).state == "consistent"


def test_the_verbs_of_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ls, cat, tail, stats and verify take --compacted."""
    data, lake = str(tmp_path / "data"), str(tmp_path / "lake")

    async def live() -> None:
        async with Pipeline(data) as pipeline:
            model = pipeline.model("churn", version="10", inputs=["n"], predictions=["p"])
            model.collect(inputs=[[1], [2]], predictions=[[0.5], [0.25]], at=NOON)

    asyncio.run(live())
    where = ["--store", data, "--compacted", lake]
    arguments = ["--store", data, "--to", lake, "--until", "0d", "--remove-after", "1d"]
    assert main(["compact", *arguments]) == 0
    capsys.readouterr()
    assert main(["ls", "--store", data]) == 3
    assert main(["ls", *where]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1].split() == (
        ["churn/10/inputs", "0", "0", "2026-01-31", "2026-02-01", "until", "2026-02-01", "-"]
    )
    assert main(["cat", "churn", *where, "--columns", "n,p"]) == 0
    assert capsys.readouterr().out.splitlines() == ["n,p", "1,0.5", "2,0.25"]
    assert main(["stats", "churn", *where, "--json"]) == 0
    assert '"rows": 2' in capsys.readouterr().out
    assert main(["verify", *where, "--json"]) == 1
    states = [json.loads(line)["state"] for line in capsys.readouterr().out.splitlines()]
    assert states == ["consistent"] * 2


@pytest.mark.parametrize(
    ("layout", "begin", "end"),
    [
        ("{model}/{identifier}/{yyyy}/{MM}/{dd}/data.csv", "2026-01-31", "2026-02-01"),
        ("{model}/{version}/{identifier}/{yyyy}-{MM}.{extension}", "2026-01-01", "2026-02-01"),
        ("{model}/{version}/{identifier}/{yyyy}.{extension}", "2026-01-01", "2027-01-01"),
    ],
)
def test_layouts_of_ones_own(layout: str, begin: str, end: str) -> None:
    """Without a version, by the month, by the year: compacted, removed, listed and read."""
    store, lake = write(three_rows, layout=layout), MemoryStore()
    assert aiocollect.compact(store, lake, until="0d", layout=layout).files
    for wanted in (1, 0):
        infos = aiocollect.streams(store, compacted=lake, layout=layout)
        assert [info.parts for info in infos] == [wanted] * 2
        for info in infos:
            assert (f"{info.begin:%Y-%m-%d}", f"{info.end:%Y-%m-%d}") == (begin, end)
            assert info.compacted == info.end
        rows = aiocollect.read(store, "churn", compacted=lake, layout=layout).to_arrow()
        assert rows.num_rows == 3
        for path in list(store.blobs):  # the year has not ended, so that no run would
            store.delete(path)
