"""The log as a part of the pipeline: what it costs, and that no row waits for it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import aiocollect
from aiocollect import ConfigError, MemoryStore, Pipeline, verify
from aiocollect.encoders import CsvEncoder
from aiocollect.errors import Refusal, StoreRefused
from aiocollect.events import Event, LogIncomplete, Settled
from aiocollect.testing import (
    Fault,
    FaultKind,
    Operation,
    VirtualClock,
    VirtualLoop,
    run_virtual,
)
from aiocollect.typing import LOG_ROOT
from tests.support.spools import spooled
from tests.support.virtual import RTT, make_pipeline, small

KEY = "a secret that nobody guesses"


def records(store: MemoryStore) -> list[dict[str, Any]]:
    """All records, in the order of their files."""
    return [json.loads(line) for path in sorted(store.log) for line in store.log[path].splitlines()]


def of_log(fault: Fault | None) -> Any:
    """A script that meets the log's requests alone."""
    return lambda _, path: fault if path.startswith(LOG_ROOT) else None


def test_one_append_a_linger_whatever_is_stored() -> None:
    """Forty batches of twenty paths, and the log has told of them in as many appends as lingers."""
    appends: list[str] = []

    def faults(operation: Operation, path: str) -> None:
        if operation is Operation.APPEND:
            appends.append(path)

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(latency=RTT, faults=faults)
        pipeline = make_pipeline(store, loop, linger=2.0)
        for turn in range(10):
            for number in range(20):
                pipeline.collector(f"m{number}", feature_names=["a"]).collect(turn)
            await asyncio.sleep(2.0)
        before = sum(path.startswith(LOG_ROOT) for path in appends)
        assert len(appends) > 100
        assert before <= 11
        await pipeline.aclose()
        assert verify(store).proven

    run_virtual(main)


def test_batches_of_a_linger_share_a_line() -> None:
    """Some hundred batches of one part, in a few lines; what a spool keeps is told at once."""

    stored: list[Event] = []

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        hooks = [lambda event: stored.append(event) if isinstance(event, Settled) else None]
        pipeline = make_pipeline(store, loop, linger=2.0, max_batch_bytes=2048, hooks=hooks)
        collector = pipeline.collector("m", feature_names=["a"])
        for turn in range(20):
            collector.collect([[float(turn)]] * 100)
            await asyncio.sleep(0.05)
        batches = len(stored)
        assert batches > 60
        assert [one for one in records(store) if one["k"] == "set"] == []
        await pipeline.aclose()
        batches = len(stored)
        told = [one for one in records(store) if one["k"] == "set"]
        assert sum(len(one["b"]) for one in told) == batches
        assert len(told) <= 1 + batches // 64 + 1
        verdict = verify(store)
        assert verdict.proven, str(verdict)
        assert verdict.days[0].stored == 2000

    run_virtual(main)


def test_batches_that_are_stored_while_the_log_is_slow() -> None:
    """They are told once it has its answer, though nothing else happens then."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=of_log(Fault(FaultKind.SLOW, 3.0)))
        pipeline = make_pipeline(store, loop, linger=0.2)
        for turn in range(12):
            pipeline.collector("m", feature_names=["a"]).collect(turn)
            await asyncio.sleep(0.3)
        await asyncio.sleep(30.0)
        told = [one for one in records(store) if one["k"] == "set"]
        assert sum(last - first + 1 for one in told for first, last, *_ in one["b"]) == 12
        await pipeline.aclose()

    run_virtual(main)


@pytest.mark.parametrize("kind", [FaultKind.CREDENTIAL, FaultKind.HANG, FaultKind.BUSY])
def test_a_log_that_cannot_be_written_costs_no_row(kind: FaultKind) -> None:
    """Rows are stored, flushed and closed as without it; its trouble is told, and counted."""
    events: list[Event] = []

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(latency=RTT, faults=of_log(Fault(kind)))
        pipeline = make_pipeline(store, loop, hooks=[events.append], linger=0.2)
        collector = pipeline.collector("m", feature_names=["a"])
        for turn in range(20):
            collector.collect(turn)
            await asyncio.sleep(1.0)
        await pipeline.flush(1.0)
        assert pipeline.healthy()
        if kind is FaultKind.CREDENTIAL:
            assert [path for path in pipeline.stats().held if path.startswith(LOG_ROOT)]
        began = loop.time()
        report = await pipeline.aclose(3.0)
        assert report.complete
        assert loop.time() - began < 5.0
        assert pipeline.stats().log_lost == sum(
            event.lines for event in events if isinstance(event, LogIncomplete)
        )
        assert pipeline.stats().log_lost > 5
        assert verify(store).state == "consistent"

    run_virtual(main)


class OneDirectory:
    """A store whose credential is for what lies below one directory."""

    def __init__(self, store: MemoryStore, directory: str) -> None:
        self._store = store
        self._directory = directory

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in ("list", "open", "create", "append", "read", "fetch"):
            return method

        def allowed(path: str, *args: Any, **options: Any) -> Any:
            if not path.startswith(self._directory):
                raise StoreRefused(Refusal.NO_RIGHT, "AuthorizationPermissionMismatch")
            return method(path, *args, **options)

        return allowed


def test_a_credential_for_one_directory(caplog: pytest.LogCaptureFixture) -> None:
    """It cannot write the log: that is said once, and rows go on, to the close. Whoever reads with
    it learns what could not be looked at."""

    store: Any = OneDirectory(MemoryStore(), "default/")

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(store, loop, linger=0.2)
        for turn in range(30):
            pipeline.collector("m", feature_names=["a"]).collect(turn)
            await asyncio.sleep(1.0)
        assert pipeline.healthy()
        began = loop.time()
        assert (await pipeline.aclose(10.0)).complete
        assert loop.time() - began < 2.0

    run_virtual(main)
    (day,) = verify(store).days
    assert day.state == "consistent"
    why = (
        "_aiocollect/ cannot be read: AuthorizationPermissionMismatch: the credential may not list"
    )
    assert any(why in one.text for one in day.findings)
    dataset = aiocollect.read(store, "m", streams="default")
    assert dataset.to_arrow()["a"].to_pylist() == list(range(30))
    (note,) = dataset.notes
    assert (note.code, "may not list" in note.text) == ("compacted", True)
    said = [one.message for one in caplog.records if one.levelname == "WARNING"]
    assert len(said) == 2
    assert said[0].startswith("the log cannot be written to _aiocollect/log/")
    assert "SAS for one directory" in said[0]
    assert "records of the log are not stored: closed; rows are not affected" in said[1]


def test_what_finds_no_room_is_a_gap() -> None:
    """The log of a small pipeline cannot be written for long: it says how much it has lost."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=of_log(Fault(FaultKind.BUSY)))
        pipeline = small(store, loop, linger=0.01)
        for turn in range(1500):
            pipeline.collector(f"m{turn % 64}", feature_names=["a"]).collect(turn)
            await asyncio.sleep(0.05)
        lost = pipeline.stats().log_lost
        assert lost > 100
        store.faults = None
        await asyncio.sleep(5.0)
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        await pipeline.aclose()
        assert sum(one["lines"] for one in records(store) if one["k"] == "gap") == lost
        verdict = verify(store)
        assert verdict.state == "consistent"
        assert "gap" in {finding.kind for finding in verdict.findings}

    run_virtual(main)


def test_the_store_is_down_at_the_close_and_the_spool_has_it_all(tmp_path: Path) -> None:
    """Rows and the last lines of the log: the next process stores both, and all of it is proven."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(latency=RTT)
        first = spooled(store, loop, tmp_path, 1)
        await first.start()
        first.collector("m", feature_names=["a"]).collect([[1.0]] * 3)
        await first.flush()
        store.faults = lambda *_: Fault(FaultKind.NOT_SENT)
        first.collector("m", feature_names=["a"]).collect([[2.0]] * 5)
        report = await first.aclose(1.0)
        assert report.in_spool == 5
        store.faults = None
        assert verify(store).state in ("open", "consistent")
        second = spooled(store, loop, tmp_path, 2)
        await second.start()
        await second.replay(60.0)
        report = await second.aclose()
        assert (report.adopted, report.stored) == (5, 5)
        verdict = verify(store)
        assert verdict.proven, str(verdict)
        assert verdict.days[0].stored == 8

    run_virtual(main)


def test_a_day_has_a_file_of_its_own() -> None:
    """The chain goes on from one to the next."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(latency=RTT)
        clock = VirtualClock(loop, epoch=1_700_006_390.0)  # ten seconds before midnight
        pipeline = make_pipeline(store, loop, clock=clock, linger=0.5, log_key=KEY)
        for turn in range(20):
            pipeline.collector("m", feature_names=["a"]).collect(turn)
            await asyncio.sleep(1.0)
        await pipeline.aclose()
        assert [path.split("/")[4] for path in sorted(store.log)] == ["14", "15"]
        assert [one["k"] for one in records(store) if one["k"] in ("open", "day", "close")] == [
            "open",
            "day",
            "close",
        ]
        assert verify(store, log_key=KEY).proven
        assert {one.kind for one in verify(store).findings} == {"unchecked"}

    run_virtual(main)


def test_each_start_is_a_life() -> None:
    """A pipeline that starts again has another log."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(latency=RTT)
        pipeline = make_pipeline(store, loop)
        for _ in range(3):
            async with pipeline:
                pipeline.collector("m", feature_names=["a"]).collect(1.0)
        assert len(store.log) == 3
        verdict = verify(store)
        assert verdict.proven
        assert (verdict.lives, verdict.days[0].stored) == (3, 3)

    run_virtual(main)


def test_dead_letters_and_dropped_rows_are_told() -> None:
    """Rows that no encoder takes have no number; they are no loss that nobody speaks of."""

    class Picky(CsvEncoder):
        def encode(self, pieces: Any, schema: Any) -> list[bytes]:
            if any(3.0 in row for piece in pieces for row in piece.rows):
                raise ValueError
            return [b"x," + piece.correlation_id.encode() + b",2023-11-14T00:00:00.000000,0\n"
                    for piece in pieces for _ in piece.rows]  # fmt: skip

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(latency=RTT)
        pipeline = make_pipeline(store, loop, format=Picky())
        collector = pipeline.collector("m", feature_names=["a"])
        for turn in range(5):
            collector.collect([float(turn)])
            await asyncio.sleep(3.0)
        report = await pipeline.aclose()
        assert report.dead_lettered == {"encode": 1}
        verdict = verify(store)
        assert verdict.proven, str(verdict)
        assert verdict.days[0].stored == 4

    run_virtual(main)


def test_it_can_be_switched_off() -> None:
    """Then there is none, and rows alone are consistent."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        async with make_pipeline(store, loop, log=False) as pipeline:
            pipeline.collector("m", feature_names=["a"]).collect(1.0)
        assert not store.log
        assert verify(store).state == "consistent"

    run_virtual(main)


def test_in_a_directory_on_a_thread_of_its_own(tmp_path: Path) -> None:
    """Our readers pass over the log, and verify finds it."""
    with Pipeline(tmp_path, host="thread", linger=0.01) as pipeline:
        pipeline.collector("m", version="1", feature_names=["a"]).collect([[1.0], [2.0]])
    assert [info.model for info in aiocollect.streams(tmp_path)] == ["m"]
    assert aiocollect.read(tmp_path, "m", streams="default").to_arrow().num_rows == 2
    verdict = verify(tmp_path, "m")
    assert verdict.proven, str(verdict)
    assert "2 rows" in str(verdict)


def test_the_key_is_shown_nowhere() -> None:
    """Nor is one taken that can be guessed."""
    pipeline = Pipeline(MemoryStore(), log_key=KEY)
    assert KEY not in repr(pipeline)
    assert KEY not in repr(pipeline._engine.settings)
    with pytest.raises(ConfigError, match="log_key has 5 bytes") as caught:
        Pipeline(MemoryStore(), log_key="short")
    assert "short" not in str(caught.value)
    with pytest.raises(ConfigError, match="log_key must be text or bytes, not int"):
        verify(MemoryStore(), log_key=7)  # type: ignore[arg-type]


def test_the_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """AIOCOLLECT_LOG and AIOCOLLECT_LOG_KEY."""
    monkeypatch.setenv("AIOCOLLECT_STORE", str(tmp_path))
    monkeypatch.setenv("AIOCOLLECT_LOG_KEY", KEY)
    assert Pipeline.from_env()._engine.settings.log_key == KEY.encode()
    monkeypatch.setenv("AIOCOLLECT_LOG", "false")
    assert not Pipeline.from_env()._engine.settings.log


def test_parts_that_were_removed_after_compaction_are_no_loss() -> None:
    """Their rows are in the files; that is less than proven, and no damage. A part that somebody
    else deletes is one."""
    store = MemoryStore()

    async def main(loop: VirtualLoop) -> None:
        async with make_pipeline(store, loop) as pipeline:
            for name in ("m", "n"):
                pipeline.collector(name, version="1", identifier="inputs").collect([[1.0], [2.0]])

    run_virtual(main)
    assert verify(store).proven
    assert aiocollect.compact(store, store, model="m", remove_after="1d").removed
    (day,) = verify(store, "m").days
    assert (day.state, [one.kind for one in day.findings]) == ("consistent", ["compacted"])
    (path,) = store.blobs.keys() & {path for path in store.blobs if path.endswith(".csv")}
    store.delete(path)
    assert verify(store, "n").state == "damaged"
