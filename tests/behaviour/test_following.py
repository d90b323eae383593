"""follow(): each row once, in virtual time: rollover, midnight, removal, restarts, outages."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import aiocollect
from aiocollect import ConfigError, Limits, MemoryStore
from aiocollect.errors import SchemaConflict, StoreRefused
from aiocollect.testing import (
    Fault,
    FaultKind,
    Operation,
    VirtualLoop,
)
from tests.support.following import Stage, run
from tests.support.reads import NOON

MIDNIGHT = datetime(2026, 2, 1, tzinfo=UTC)


def test_a_row_shows_within_a_poll_and_a_round_trip() -> None:
    """Of a part that is known; the first row of a new one takes another round trip."""

    async def main(loop: VirtualLoop) -> None:
        stage = Stage(loop)
        taking = asyncio.create_task(stage.take(stage.follow(poll=1.0)))
        async with stage.pipeline() as pipeline:
            for turn in range(20):
                await stage.write(pipeline)
                landed = loop.time()
                await asyncio.sleep(1.3)
                assert len(stage.got) == turn + 1
                assert stage.when[-1] - landed <= 1.0 + 2 * 0.05 + (0.1 if not turn else 0.0)
        taking.cancel()

    run(main)


def test_one_get_for_each_live_part_and_poll() -> None:
    """And one listing; nothing for parts of past days."""
    asked: list[tuple[Operation, str]] = []

    async def main(loop: VirtualLoop) -> None:
        stage = Stage(loop)
        async with stage.pipeline() as pipeline:
            for day in range(5):
                await stage.write(pipeline, at=NOON - timedelta(days=day))
        stage.store.faults = lambda operation, path: asked.append((operation, path))
        taking = asyncio.create_task(stage.take(stage.follow(poll=1.0)))
        await asyncio.sleep(100.5)
        asked.clear()
        await asyncio.sleep(100)
        taking.cancel()

    run(main)
    assert {path.rpartition("inputs/")[2] for _, path in asked} == {"2026/01/31/data.csv"}
    assert len(asked) == 100


@pytest.mark.parametrize("writer", ["shared", "own"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_rollover_midnight_and_several_writers(writer: Any, form: Any) -> None:
    """Each row once; those of one writer in their order."""

    async def main(loop: VirtualLoop) -> None:
        stage = Stage(
            loop,
            MIDNIGHT - timedelta(seconds=20),
            writer=writer,
            format=form,
            limits=Limits(max_blocks=3),
        )
        taking = asyncio.create_task(stage.take(stage.follow(poll=0.5)))
        async with stage.pipeline() as one, stage.pipeline("00000000ab") as other:
            for turn in range(40):
                await stage.write((one, other)[turn % 2], 2)
                await asyncio.sleep(1.0)
        await asyncio.sleep(2.0)
        taking.cancel()
        assert sorted(stage.got) == list(range(80))
        for turn in (0, 1):
            mine = [n for n in stage.got if n // 2 % 2 == turn]
            assert mine == sorted(mine)
        assert len(stage.store.blobs) > 10

    run(main)


@pytest.mark.parametrize("seed", range(5))
def test_a_consumer_that_dies_goes_on_behind_what_it_kept(seed: int) -> None:
    """It keeps rows and position together; what it had not kept comes again."""

    async def main(loop: VirtualLoop) -> None:
        stage = Stage(loop, limits=Limits(max_blocks=3))
        kept: list[int] = []
        position: str | None = None

        async def consume() -> None:
            nonlocal position
            async with stage.follow(since=position, poll=0.3) as follower:
                left = 1 + seed
                async for batch in follower:
                    left -= 1
                    if not left:
                        return  # dies before it has kept this one
                    kept.extend(batch.rows["n"].to_pylist())
                    position = batch.position

        async def consume_on() -> None:
            while True:
                await consume()

        taking = asyncio.create_task(consume_on())
        async with stage.pipeline() as pipeline:
            for _ in range(30):
                await stage.write(pipeline, 3)
                await asyncio.sleep(0.7)
        await asyncio.sleep(60 if seed else 5)
        taking.cancel()
        if seed:  # who keeps nothing gets nowhere
            assert kept == list(range(90))
        else:
            assert not kept

    run(main)


def test_late_rows_in_old_folders_come_too() -> None:
    """As labels do, weeks later."""

    async def main(loop: VirtualLoop) -> None:
        stage = Stage(loop)
        async with stage.pipeline() as pipeline:
            await stage.write(pipeline, at=NOON - timedelta(days=30))
            taking = asyncio.create_task(stage.take(stage.follow()))
            await asyncio.sleep(200)
            await stage.write(pipeline, at=NOON - timedelta(days=30))
            await asyncio.sleep(1.5)
            assert stage.got == [1]
        taking.cancel()

    run(main)


def test_parts_and_containers_that_vanish_are_no_end() -> None:
    """What is made anew is read; the notes say what happened."""

    async def main(loop: VirtualLoop) -> None:
        stage = Stage(loop)
        follower = stage.follow()
        taking = asyncio.create_task(stage.take(follower))
        await asyncio.sleep(0.5)  # it has looked, and there was nothing
        async with stage.pipeline() as pipeline:
            await stage.write(pipeline, 2)
            await asyncio.sleep(2)
            for path in list(stage.store.blobs):
                stage.store.delete(path)
            await asyncio.sleep(2)
            await stage.write(pipeline, 3)
            await asyncio.sleep(2)
        taking.cancel()
        assert stage.got == list(range(5))
        assert [note.code for note in follower.notes] == ["waiting", "removed"]

    run(main)


def test_a_position_is_of_a_blob_not_of_a_name() -> None:
    """While nobody looked the blob was deleted, and a longer one has its name."""

    async def main(loop: VirtualLoop) -> None:
        stage = Stage(loop)
        async with stage.pipeline() as pipeline:
            await stage.write(pipeline, 2)
        await stage.take(stage.follow(since=None, poll=None))
        (path,) = stage.store.blobs
        stage.store.delete(path)
        async with stage.pipeline("00000000ab") as pipeline:
            await stage.write(pipeline, 20)
        assert list(stage.store.blobs) == [path]
        await stage.take(stage.follow(since=stage.position, poll=None))
        assert stage.got == list(range(22))

    run(main)


def test_an_outage_is_waited_for() -> None:
    """Nothing is lost, nothing twice; hung answers too."""

    async def main(loop: VirtualLoop) -> None:
        stage = Stage(loop)
        follower = stage.follow()
        taking = asyncio.create_task(stage.take(follower))
        await asyncio.sleep(0.5)  # it has looked, and there was nothing
        async with stage.pipeline() as pipeline:
            await stage.write(pipeline)
            await asyncio.sleep(2)
            for kind in (FaultKind.BUSY, FaultKind.NOT_SENT, FaultKind.HANG):
                await stage.write(pipeline)
                stage.store.faults = lambda operation, path, kind=kind: (
                    Fault(kind) if operation is Operation.READ else None
                )
                await asyncio.sleep(90)
                assert len(stage.got) == stage.count - 1
                stage.store.faults = None
                await asyncio.sleep(40)
                assert len(stage.got) == stage.count
        taking.cancel()
        assert stage.got == list(range(4))
        assert [note.code for note in follower.notes] == ["waiting", "unreachable"]

    run(main)


def test_what_is_there_and_then_the_end() -> None:
    """poll=None: for programs that run now and then; since= takes times, positions, snapshots."""

    async def main(loop: VirtualLoop) -> None:
        stage = Stage(loop)

        async def rows(**options: Any) -> list[int]:
            stage.got = []
            follower = stage.follow(poll=None, **options)
            await stage.take(follower)
            stage.position = follower.position
            return stage.got

        async with stage.pipeline() as pipeline:
            for hour in range(4):
                await stage.write(pipeline, at=NOON + timedelta(hours=hour - 4))
            assert await rows(since=None) == [0, 1, 2, 3]
            assert await rows(since="150m") == [2, 3]
            assert await rows(since=stage.position) == []
            assert await rows() == []
            position = stage.position
            snapshot = (await aiocollect.aread(stage.store, "m", streams="inputs")).snapshot
            await stage.write(pipeline, 2)
            assert await rows(since=position) == [4, 5]
            assert await rows(since=snapshot) == [4, 5]
            assert stage.position is not None
            assert await rows(since=stage.position) == []
            with pytest.raises(ConfigError, match="is a position in m/default/inputs"):
                aiocollect.follow(stage.store, "m", stream="labels", since=stage.position)
            with pytest.raises(ConfigError, match="cut or changed"):
                stage.follow(since=stage.position[:-4])

    run(main)


def test_a_position_is_a_snapshot() -> None:
    """read() gives what comes before it, follow() what comes behind."""
    store = MemoryStore()
    positions: list[str | None] = []

    async def main(loop: VirtualLoop) -> None:
        stage = Stage(loop)
        stage.store = store
        async with stage.pipeline() as pipeline:
            await stage.write(pipeline, 3)
            async with stage.follow(poll=None) as follower:
                assert [batch async for batch in follower] == []
                positions.append(follower.position)
            await stage.write(pipeline, 3)

    run(main)
    before = aiocollect.read(store, "m", streams="inputs", as_of=positions[0])
    assert before.to_arrow()["n"].to_pylist() == [0, 1, 2]
    with pytest.raises(ConfigError, match="read it with streams='inputs'"):
        aiocollect.read(store, "m", as_of=positions[0], streams="labels")


def test_types_are_widened_and_never_narrowed() -> None:
    """Each cell is exact in its batch; a type that was told stays, or the follower says why not."""

    async def main(loop: VirtualLoop) -> None:
        stage = Stage(loop)
        async with stage.pipeline() as pipeline:
            stream = pipeline.collector("m", identifier="inputs", feature_names=["n"])
            types, cells = [], []
            position: Any = None
            for cell in (None, 1, 0.5, 2, "x", 3):
                stream.collect([[cell]])
                await pipeline.flush()
                async with stage.follow(since=position, poll=None) as follower:
                    async for batch in follower:
                        types.append(str(batch.rows.schema.field("n").type))
                        cells += batch.rows["n"].to_pylist()
                        position = batch.position
            assert types == ["null", "int64", "double", "double", "string", "string"]
            assert cells == [None, 1, 0.5, 2.0, "x", "3"]
            other = pipeline.collector("wide", identifier="inputs", feature_names=["n"])
            types, position = [], None
            for cell in (2**60, 0.5, 1):  # no float is the first one
                other.collect([[cell]])
                await pipeline.flush()
                follower = aiocollect.follow(
                    stage.store, "wide", stream="inputs", since=position, poll=None
                )
                async for batch in follower:
                    types.append(str(batch.rows.schema.field("n").type))
                    position = batch.position
            assert types == ["int64", "string", "string"]
            with pytest.raises(SchemaConflict, match="column 'n' has a cell that is not of type"):
                [_ async for _ in stage.follow(since=None, poll=None, schema={"n": float})]
            told = stage.follow(since=None, poll=None, schema={"n": str}, columns=["n", "z"])
            assert [batch.rows.to_pydict() async for batch in told] == [
                {"n": [None, "1", "0.5", "2", "x", "3"]}
            ]

    run(main)


def test_what_is_not_there_yet_is_waited_for_and_said() -> None:
    """Unless it is to end: then it is an error, with what there is."""

    async def main(loop: VirtualLoop) -> None:
        stage = Stage(loop)
        async with stage.pipeline() as pipeline:
            pipeline.collector("n", identifier="inputs", feature_names=["n"]).collect([[1]])
            await pipeline.flush()
            with pytest.raises(ConfigError, match="no model 'm'; there is n"):
                [_ async for _ in stage.follow(poll=None)]
            follower = stage.follow()
            taking = asyncio.create_task(stage.take(follower))
            await asyncio.sleep(2)
            (note,) = follower.notes
            assert note.code == "waiting"
            assert "there is no model 'm'; there is n" in note.text
            await stage.write(pipeline)
            await asyncio.sleep(2)
            assert stage.got == [0]
            taking.cancel()
            stage.store.readable = False
            with pytest.raises(StoreRefused):
                [_ async for _ in stage.follow()]

    run(main)


def test_wrong_options_are_refused_at_once() -> None:
    """Before anything is asked of the store."""
    for options, text in (
        ({"stream": ""}, "stream must be text"),
        ({"version": ""}, "version must be text"),
        ({"since": "soon"}, "since must be a date"),
        ({"poll": 0}, "poll=0 must be at least"),
        ({"columns": "n"}, "columns must be a list"),
        ({"schema": {"a": "flaot"}}, "is not a type"),
        ({"format": "parquet"}, "format='parquet' is not valid"),
        ({"container": "c"}, "pass them to the Store object itself"),
    ):
        arguments: dict[str, Any] = {"stream": "inputs", **options}
        with pytest.raises(ConfigError, match=text):
            aiocollect.follow(MemoryStore(), "m", **arguments)
