"""A pipeline starts again after its lifespan; only a close outside of one is for ever."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from aiocollect import (
    ConfigError,
    FlushTimeout,
    MemoryStore,
    Pipeline,
    PipelineClosed,
)
from aiocollect.testing import Fault, FaultKind
from aiocollect.typing import HostKind

Span = Callable[[Pipeline], Any]


@asynccontextmanager
async def cleanup_ctx(pipeline: Pipeline) -> AsyncIterator[None]:
    """As aiohttp enters and leaves it."""
    generator = pipeline.cleanup_ctx(None)
    await anext(generator)
    yield
    with pytest.raises(StopAsyncIteration):
        await anext(generator)


SPANS: dict[str, Span] = {
    "lifespan": lambda pipeline: pipeline.lifespan(None),
    "cleanup_ctx": cleanup_ctx,
    "async with": lambda pipeline: pipeline,
}


def cells(store: MemoryStore) -> list[str]:
    """The first cell of every row, in the order of the parts."""
    found: list[str] = []
    for _, data in sorted(store.blobs.items()):
        found += [row[0] for row in csv.reader(io.StringIO(data.decode()))][1:]
    return found


@pytest.mark.parametrize("host", ["loop", "thread"])
@pytest.mark.parametrize("span", SPANS.values(), ids=SPANS)
@pytest.mark.parametrize("own_loops", [True, False])
def test_each_lifespan_is_a_life(host: HostKind, span: Span, own_loops: bool) -> None:
    """Three times, on a loop of each or on one: every row is stored, in order, by the collector
    that was bound before; each life's report and counts are its own."""
    store = MemoryStore()
    pipeline = Pipeline(store, host=host)
    collector = pipeline.collector("m", feature_names=["n"])

    async def once(turn: int) -> None:
        async with span(pipeline):
            for number in range(10):
                assert collector.collect([float(10 * turn + number)])
            stats = pipeline.stats()
            assert stats.accepted == 10
        assert collector.collect([-1.0]) is None
        stats = pipeline.stats()
        assert (stats.accepted, stats.stored, stats.in_memory) == (10, 10, 0)
        assert not pipeline.healthy()

    async def all_of_them() -> None:
        for turn in range(3):
            await once(turn)

    if own_loops:
        for turn in range(3):
            asyncio.run(once(turn))
    else:
        asyncio.run(all_of_them())
    assert cells(store) == [str(float(number)) for number in range(30)]


def test_ids_of_two_lives_differ() -> None:
    """Each life writes under an id of its own, so equal rows in one blob are told apart."""
    store = MemoryStore()
    pipeline = Pipeline(store)
    collector = pipeline.collector("m", feature_names=["n"])

    async def once() -> str | None:
        async with pipeline:
            return collector.collect([1.0])

    first, second = asyncio.run(once()), asyncio.run(once())
    assert first is not None
    assert second is not None
    assert first.rsplit("-", 2)[1:] != second.rsplit("-", 2)[1:]


@pytest.mark.parametrize("inside", [True, False])
def test_a_close_outside_of_a_lifespan_is_for_ever(inside: bool) -> None:
    """aclose() by the program ends the pipeline; the same inside of a lifespan ends that life."""
    pipeline = Pipeline(MemoryStore())

    async def close_inside() -> None:
        async with pipeline:
            await pipeline.aclose()

    async def close_outside() -> None:
        await pipeline.start()
        await pipeline.aclose()

    asyncio.run(close_inside() if inside else close_outside())

    async def again() -> None:
        async with pipeline:
            pass

    if inside:
        asyncio.run(again())
    else:
        with pytest.raises(PipelineClosed, match="closed; create a new one"):
            asyncio.run(again())


def test_a_life_that_was_cut_off_is_ended_first() -> None:
    """A host whose loop ends in the middle of the closing: the next start stores what is left."""
    store = MemoryStore(latency=0.5)
    pipeline = Pipeline(store)
    collector = pipeline.collector("m", feature_names=["n"])

    async def cut_off() -> None:
        await pipeline.__aenter__()
        collector.collect([1.0])
        tasks.append(asyncio.ensure_future(pipeline.__aexit__(None, None, None)))
        await asyncio.sleep(0.05)

    tasks: list[asyncio.Task[None]] = []
    loop = asyncio.new_event_loop()
    loop.run_until_complete(cut_off())
    loop.set_exception_handler(lambda *_: None)  # of the task that is left in the middle
    loop.close()

    async def again() -> None:
        async with pipeline:
            assert collector.collect([2.0])

    store.latency = 0.0
    asyncio.run(again())
    assert cells(store) == ["1.0", "2.0"]


@pytest.mark.parametrize("stop", [False, True])
def test_a_spool_goes_on_in_the_next_life(tmp_path: Path, stop: bool) -> None:
    """What one life could not store the next one takes over from the spool, once."""
    down = stop
    store = MemoryStore(faults=lambda *_: Fault(FaultKind.NOT_SENT) if down else None)
    pipeline = Pipeline(store, spool=tmp_path, close_timeout=0.2)
    collector = pipeline.collector("m", feature_names=["n"])

    async def once(number: float) -> None:
        async with pipeline:
            assert collector.collect([number])

    asyncio.run(once(1.0))
    assert pipeline.stats().in_spool == int(stop)
    down = False

    async def again() -> None:
        async with pipeline:
            await pipeline.replay(timeout=10.0)
            assert collector.collect([2.0])

    asyncio.run(again())
    assert sorted(cells(store)) == ["1.0", "2.0"]


@pytest.mark.parametrize("host", ["loop", "thread"])
@pytest.mark.parametrize("inner", SPANS.values(), ids=SPANS)
def test_the_last_one_out_ends_the_life(host: HostKind, inner: Span) -> None:
    """Two apps share a pipeline, or one stands in another: the inner end stores what there is, and
    closes nothing; one whose loop was closed under it is not waited for."""
    store = MemoryStore()
    pipeline = Pipeline(store, host=host)
    collector = pipeline.collector("m", feature_names=["n"])

    async def main() -> None:
        async with pipeline.lifespan(None):
            async with inner(pipeline):
                assert collector.collect([1.0])
            assert cells(store)[-1] == "1.0"
            assert collector.collect([2.0])
        assert collector.collect([3.0]) is None

    asyncio.run(main())
    cut_off = asyncio.new_event_loop()
    cut_off.run_until_complete(pipeline.__aenter__())
    cut_off.close()
    asyncio.run(main())
    assert cells(store) == ["1.0", "2.0", "1.0", "2.0"]


# Without an event loop ------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["loop", "thread"])
def test_with_starts_and_closes(host: HostKind) -> None:
    """``with pipeline:`` stores what was accepted in it, and may be entered again."""
    store = MemoryStore()
    pipeline = Pipeline(store, host=host)
    collector = pipeline.collector("m", feature_names=["n"])
    for turn in range(2):
        with pipeline as entered:
            assert entered is pipeline
            assert collector.collect([float(turn)])
    assert cells(store) == ["0.0", "1.0"]
    assert pipeline.close().stored == 1
    with pytest.raises(PipelineClosed, match="pipeline is closed"), pipeline:
        pass


@pytest.mark.parametrize("host", ["loop", "thread"])
def test_flush_sync(host: HostKind) -> None:
    """It blocks until all is stored, and the pipeline stays open."""
    store = MemoryStore()
    pipeline = Pipeline(store, host=host)
    collector = pipeline.collector("m", feature_names=["n"])
    for turn in range(2):
        assert collector.collect([float(turn)])
        assert pipeline.flush_sync(10.0).stored == turn + 1
        assert cells(store)[-1] == str(float(turn))
    assert pipeline.close().complete
    assert pipeline.flush_sync().stored == 2


@pytest.mark.slow
@pytest.mark.parametrize("host", ["loop", "thread"])
def test_a_flush_that_is_not_done_in_time(host: HostKind) -> None:
    """FlushTimeout carries the report; nothing is given up by it."""
    down = True
    store = MemoryStore(faults=lambda *_: Fault(FaultKind.NOT_SENT) if down else None)
    pipeline = Pipeline(store, host=host)
    pipeline.collector("m", feature_names=["n"]).collect([1.0])
    with pytest.raises(FlushTimeout, match=r"1 rows were not stored within 0\.2 s") as raised:
        pipeline.flush_sync(0.2)
    assert raised.value.report.in_memory == 1
    down = False
    assert pipeline.close().complete


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["flush_sync", "close"])
def test_a_loop_that_stands_still_is_not_waited_for(verb: str) -> None:
    """Another thread's loop that is blocked: the report comes within the time and a grace."""
    pipeline = Pipeline(MemoryStore())
    collector = pipeline.collector("m", feature_names=["n"])
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    blocked, go_on = threading.Event(), threading.Event()

    def block() -> None:
        blocked.set()
        go_on.wait(60)

    async def collect() -> None:
        assert collector.collect([1.0])

    asyncio.run_coroutine_threadsafe(collect(), loop).result()
    loop.call_soon_threadsafe(block)
    assert blocked.wait(10)
    if verb == "flush_sync":
        with pytest.raises(FlushTimeout, match=r"1 rows were not stored within 0\.1 s"):
            pipeline.flush_sync(0.1)
    else:
        report = pipeline.close(0.1)
        assert (report.accepted, report.stored, report.in_memory) == (1, 0, 1)
    assert not go_on.is_set()
    go_on.set()
    assert pipeline.close().stored + pipeline.stats().dropped.get("closed", 0) == 1
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize("verb", ["flush_sync", "with"])
def test_on_a_running_loop_they_are_refused(verb: str) -> None:
    """They would block it; the message says what to await instead."""
    pipeline = Pipeline(MemoryStore(), host="thread")

    async def main() -> None:
        if verb == "flush_sync":
            with pytest.raises(ConfigError, match=r"block the event loop.*await flush\(\)"):
                pipeline.flush_sync()
        else:
            with pytest.raises(ConfigError, match=r"block the event loop.*async with"), pipeline:
                pass

    asyncio.run(main())
    pipeline.close()


# What is told ---------------------------------------------------------------------------------


async def closed(pipeline: Pipeline, how: str) -> None:
    collector = pipeline.collector("m", feature_names=["n"])
    bad = pipeline.collector("other", feature_names=["a", "b"])

    def collect() -> None:
        for number in range(20):
            assert collector.collect([float(number)])
        assert bad.collect([1.0, 2.0, 3.0]) is None

    if how == "lifespan":
        async with pipeline.lifespan(None):
            collect()
    else:
        await pipeline.start()
        collect()
        await pipeline.aclose()
        await pipeline.aclose()


@pytest.mark.parametrize("how", ["lifespan", "aclose"])
@pytest.mark.parametrize("up", [True, False])
def test_one_line_tells_the_outcome(how: str, up: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Accepted, stored, and what was not, by reason: once, at close."""
    store = MemoryStore(faults=lambda *_: None if up else Fault(FaultKind.CREDENTIAL))
    with caplog.at_level("INFO", logger="aiocollect"):
        asyncio.run(closed(Pipeline(store, close_timeout=0.3), how))
    (line,) = [r for r in caplog.records if r.getMessage().startswith("closed: ")]
    text = line.getMessage()
    assert "accepted 20 rows" in text
    assert ("stored 20" if up else "stored 0, dropped 20 (closed 20)") in text
    assert "refused 1 (shape 1)" in text
    assert line.levelname == ("INFO" if up else "WARNING")


@pytest.mark.slow
def test_the_default_pipeline_is_flushed_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiocollect.flush(): for jobs that end by os._exit; nothing to do where none was made."""
    import subprocess
    import sys

    script = (
        "import os, aiocollect\n"
        "assert aiocollect.flush().accepted == 0\n"
        "c = aiocollect.ModelDataCollector('m', feature_names=['n'])\n"
        "assert c.collect([1.0])\n"
        "assert aiocollect.flush(10.0).stored == 1\n"
        "assert c.collect([2.0])\n"
        "assert aiocollect.flush(10.0).stored == 2\n"
        "os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "AIOCOLLECT_STORE": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    (file,) = tmp_path.rglob("data.csv")
    assert [line.split(",")[0] for line in file.read_text().splitlines()[1:]] == ["1.0", "2.0"]
