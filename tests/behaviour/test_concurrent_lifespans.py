"""Lifespans of one pipeline that are on at the same time: the last one that ends ends the life."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import AsyncExitStack

import pytest

from aiocollect import MemoryStore, Pipeline, PipelineClosed
from aiocollect.testing import Fault, FaultKind
from aiocollect.typing import HostKind
from tests.behaviour.test_restart import SPANS, Span, cells


@pytest.mark.parametrize("host", ["loop", "thread"])
@pytest.mark.parametrize("inner", SPANS.values(), ids=SPANS)
@pytest.mark.parametrize("outer", SPANS.values(), ids=SPANS)
def test_one_inside_of_another(host: HostKind, outer: Span, inner: Span) -> None:
    """An app that is mounted in another: the inner end stores the rows, and closes nothing."""
    store = MemoryStore()
    pipeline = Pipeline(store, host=host)
    collector = pipeline.collector("m", feature_names=["n"])

    async def main() -> None:
        async with outer(pipeline):
            for turn in range(2):
                async with inner(pipeline):
                    assert collector.collect([float(2 * turn)])
                assert pipeline.stats().stored == 2 * turn + 1
                assert collector.collect([float(2 * turn + 1)])
                await pipeline.flush()
        assert collector.collect([9.0]) is None

    asyncio.run(main())
    assert cells(store) == ["0.0", "1.0", "2.0", "3.0"]


@pytest.mark.parametrize("host", ["loop", "thread"])
@pytest.mark.parametrize("first_out", [0, 1])
def test_two_loops_at_once(host: HostKind, first_out: int) -> None:
    """Two test clients, each with a loop and a thread of its own: whichever ends first, the other
    goes on, and its rows are stored."""
    store = MemoryStore()
    pipeline = Pipeline(store, host=host)
    collector = pipeline.collector("m", feature_names=["n"])
    go_out = [threading.Event() for _ in range(2)]
    inside = [threading.Event() for _ in range(2)]
    found: list[object] = []

    async def client(number: int) -> None:
        async with pipeline.lifespan(None):
            found.append(collector.collect([float(number)]))
            inside[number].set()
            await asyncio.to_thread(go_out[number].wait)
            found.append(collector.collect([float(number + 2)]))

    threads = [threading.Thread(target=asyncio.run, args=(client(n),)) for n in range(2)]
    for number, thread in enumerate(threads):
        thread.start()
        inside[number].wait(20)
    for number in (first_out, 1 - first_out):
        go_out[number].set()
        threads[number].join(20)
    assert None not in found
    assert sorted(cells(store)) == ["0.0", "1.0", "2.0", "3.0"]
    assert collector.collect([9.0]) is None


def test_one_that_was_never_left() -> None:
    """A host whose loop ended in the middle of a lifespan: the next one is the last one."""
    store = MemoryStore()
    pipeline = Pipeline(store)
    collector = pipeline.collector("m", feature_names=["n"])

    async def cut_off() -> None:
        await AsyncExitStack().enter_async_context(pipeline)
        collector.collect([0.0])

    async def whole() -> None:
        async with pipeline:
            collector.collect([1.0])

    asyncio.run(cut_off())
    asyncio.run(whole())
    assert cells(store) == ["0.0", "1.0"]
    assert collector.collect([9.0]) is None


def test_an_inner_end_is_bounded() -> None:
    """Where the store does not answer it takes close_timeout, and drops nothing."""
    store = MemoryStore(faults=lambda *_: Fault(FaultKind.NOT_SENT))
    pipeline = Pipeline(store, close_timeout=0.05)
    collector = pipeline.collector("m", feature_names=["n"])

    async def main() -> None:
        async with pipeline:
            async with pipeline:
                collector.collect([0.0])
            assert pipeline.stats().in_memory == 1
            assert collector.collect([1.0])

    asyncio.run(main())
    assert pipeline.stats().dropped == {"closed": 2}


def test_with_inside_of_with() -> None:
    """The same for threads that run no event loop."""
    store = MemoryStore()
    pipeline = Pipeline(store, host="thread")
    collector = pipeline.collector("m", feature_names=["n"])
    with pipeline:
        with pipeline:
            assert collector.collect([0.0])
        assert pipeline.stats().stored == 1
        assert collector.collect([1.0])
    assert cells(store) == ["0.0", "1.0"]


def test_a_close_after_the_last_is_for_ever() -> None:
    """And one while a lifespan is on is not, whichever of them it was."""
    pipeline = Pipeline(MemoryStore())

    async def main() -> None:
        async with pipeline, pipeline:
            await pipeline.aclose()
        async with pipeline:
            pass
        await pipeline.aclose()
        with pytest.raises(PipelineClosed, match="pipeline is closed"):
            await pipeline.start()

    asyncio.run(main())


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_is_in_none_of_its_parents() -> None:
    """Forked inside of a lifespan: the child's own is its first and its last."""
    pipeline = Pipeline(MemoryStore(), host="thread")
    collector = pipeline.collector("m", feature_names=["n"])
    with pipeline:
        child = os.fork()
        if child == 0:
            with pipeline:
                collector.collect([0.0])
            ended = pipeline.stats().stored == 1 and collector.collect([1.0]) is None
            os._exit(0 if ended else 1)
        assert os.waitpid(child, 0)[1] == 0
