"""The status file: what a process shows of itself, and to whom."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from aiocollect import MemoryStore, Pipeline
from aiocollect.events import Event, StatusFailed
from aiocollect.testing import Fault, FaultKind, VirtualLoop, run_virtual
from tests.support.virtual import make_pipeline


def files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.aiocollect.json"))


def read(directory: Path) -> dict[str, Any]:
    (path,) = files(directory)
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def test_it_shows_what_the_pipeline_knows_each_second(tmp_path: Path) -> None:
    """The same counts as stats() and streams(), for the owner alone; gone with the pipeline."""
    directory = tmp_path / "status"

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, linger=0.1, status=directory)
        assert not directory.exists()
        await pipeline.start()
        collector = pipeline.collector("churn", feature_names=["a"])
        for cell in range(5):
            collector.collect([float(cell)])
        await asyncio.sleep(1.5)
        first = read(directory)
        assert first["format"] == 1
        assert (first["pid"], first["writer"]) == (os.getpid(), "00000000aa")
        assert first["healthy"]
        assert not first["closed"]
        assert first["stats"]["stored"] == pipeline.stats().stored == 5
        assert sum(first["stats"]["append_latency"]["counts"]) == 1
        (stream,) = first["streams"]
        assert (stream["stream"], stream["stored"]) == ("churn/default/default", 5)
        collector.collect([5.0])
        await asyncio.sleep(2)
        second = read(directory)
        assert second["stats"]["stored"] == 6
        assert second["at"] - first["at"] == pytest.approx(2.0, abs=0.01)
        assert second["began"] == first["began"] <= first["at"]
        assert {**pipeline.status(), "at": 0, "stats": 0} == {**second, "at": 0, "stats": 0}
        (path,) = files(directory)
        assert path.stat().st_mode & 0o777 == 0o600
        assert directory.stat().st_mode & 0o777 == 0o700
        await pipeline.aclose()
        assert list(directory.iterdir()) == []

    run_virtual(main)


def test_no_cell_is_in_it(tmp_path: Path) -> None:
    """Whatever happens to the rows."""
    canary = "canary-7f3a"

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=lambda *_: Fault(FaultKind.CREDENTIAL))
        pipeline = make_pipeline(store, loop, status=tmp_path / "s", delivery_timeout=20.0)
        collector = pipeline.collector("churn", feature_names=["a"])
        collector.collect([canary])
        collector.collect([canary, canary])
        collector.collect({"a": canary, "b": canary})
        await asyncio.sleep(30)
        (path,) = files(tmp_path / "s")
        text = path.read_text()
        assert "refused" in text
        assert "held" in text
        assert canary not in text
        await pipeline.aclose(1.0)

    run_virtual(main)


def test_what_happened_is_told_once_and_counted(tmp_path: Path) -> None:
    """With what to do; the latest first."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, status=tmp_path / "s")
        collector = pipeline.collector("churn", feature_names=["a", "b"])
        await pipeline.start()
        for _ in range(7):
            collector.collect([1.0])
        pipeline.set(sample_rate=0.5)
        await asyncio.sleep(1.5)
        news, trouble = read(tmp_path / "s")["recent"]
        assert (news["kind"], news["trouble"]) == ("RateChanged", False)
        assert (trouble["kind"], trouble["times"], trouble["rows"]) == ("Refused", 7, 7)
        assert trouble["where"] == "churn/default/default"
        assert "shape" in trouble["text"]
        await pipeline.aclose()

    run_virtual(main)


def test_a_directory_that_takes_no_file_is_told_once_and_harms_nothing(tmp_path: Path) -> None:
    """Rows are stored; when the directory can be written to again, so is the file."""
    place = tmp_path / "status"
    place.write_text("a file is in the way")
    told: list[Event] = []

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop, linger=0.1, status=place, hooks=[told.append])
        collector = pipeline.collector("churn", feature_names=["a"])
        collector.collect([1.0])
        await asyncio.sleep(5)
        assert pipeline.stats().stored == 1
        (failed,) = [event for event in told if isinstance(event, StatusFailed)]
        assert str(place) in failed.reason
        place.unlink()
        await asyncio.sleep(1.5)
        assert read(place)["stats"]["stored"] == 1
        await pipeline.aclose()

    run_virtual(main)


@pytest.mark.slow
def test_each_process_has_a_file_of_its_own(tmp_path: Path) -> None:
    """A forked child does not touch its parent's."""
    pipeline = Pipeline(MemoryStore(), host="thread", status=tmp_path)
    collector = pipeline.collector("churn", feature_names=["a"])
    collector.collect([1.0])
    pipeline.flush_sync()
    while not files(tmp_path):
        time.sleep(0.01)
    child = os.fork()
    if not child:
        try:
            collector.collect([2.0])
            pipeline.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert [json.loads(path.read_bytes())["pid"] for path in files(tmp_path)] == [os.getpid()]
    pipeline.close()
    assert files(tmp_path) == []


def test_the_page_names_each_member() -> None:
    """docs/reference/status.md has those that a file has, and no other."""
    text = (Path(__file__).parents[2] / "docs" / "reference" / "status.md").read_text()
    table = text.partition("| member |")[2].splitlines()[2:]
    named = [name for row in table for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    pipeline = Pipeline(MemoryStore())
    assert named == list(pipeline.status())
    settings = next(row for row in table if row.startswith("| `settings`"))
    assert re.findall(r"`(\w+)`", settings)[1:] == list(pipeline.status()["settings"])
