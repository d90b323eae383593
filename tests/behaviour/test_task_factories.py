"""Task factories of hosts: eager ones, and ones that refuse. Our own tasks are made by neither, so
no step of them runs in the middle of another one, and no host's code decides over rows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiocollect import MemoryStore
from aiocollect.events import Closed, Event
from aiocollect.stores.azure.sas import SasRenewal
from aiocollect.stores.azure.tokens import Tokens
from aiocollect.testing import Fault, FaultKind, Operation, VirtualLoop, run_virtual
from tests.support.eager import eager
from tests.support.virtual import make_pipeline


class Odd(BaseException):
    """A factory of a host's that refuses."""


def refuse(*_: Any, **__: Any) -> Any:
    raise Odd


class Watched:
    """A factory that counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, loop: Any, coroutine: Any, **options: Any) -> Any:
        self.asked.append(coroutine.__qualname__)
        return asyncio.Task(coroutine, loop=loop, **options)


FACTORIES = {"eager": eager, "one that refuses": refuse}


@pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)
def test_a_pipeline_from_its_first_row_to_its_close(factory: Any) -> None:
    """Rows with late and lost answers are stored once; it closes once, and says so once."""
    closed = 0

    async def main(loop: VirtualLoop) -> tuple[int, int]:
        def hook(event: Event) -> None:
            nonlocal closed
            closed += isinstance(event, Closed)

        struck = iter([FaultKind.LATE, FaultKind.LOST_ANSWER, FaultKind.HANG_APPLIED])

        def faults(operation: Operation, path: str) -> Fault | None:
            kind = next(struck, None) if operation is Operation.APPEND else None
            return Fault(kind, 1.0) if kind else None

        loop.set_task_factory(factory)
        store = MemoryStore(faults=faults, latency=0.01)
        pipeline = make_pipeline(store, loop, linger=0.1, hooks=[hook])
        collector = pipeline.collector("m", feature_names=["a"])
        for number in range(20):
            assert collector.collect(float(number))
            await asyncio.sleep(0.3)
        report = await pipeline.aclose(60.0)
        await asyncio.sleep(10)
        loop.set_task_factory(None)
        (data,) = store.blobs.values()
        return report.stored, data.count(b"\n") - 1

    assert run_virtual(main) == (20, 20)
    assert closed == 1


def test_a_close_that_is_asked_for_while_it_begins() -> None:
    """A hook that closes, on a loop whose tasks begin at once: there is one closing."""
    told: list[Event] = []

    async def main(loop: VirtualLoop) -> None:
        others: list[asyncio.Task[Any]] = []

        def hook(event: Event) -> None:
            told.append(event)
            others.append(loop.create_task(pipeline.aclose()))

        loop.set_task_factory(eager)
        faults = [Fault(FaultKind.ERROR)] * 2
        store = MemoryStore(faults=lambda *_: faults.pop() if faults else None, latency=0.01)
        pipeline = make_pipeline(store, loop, linger=0.1, hooks=[hook])
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        report = await pipeline.aclose()
        assert [await other for other in others] == [report] * len(others)
        assert others

    run_virtual(main)
    assert sum(isinstance(event, Closed) for event in told) == 1


@pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)
def test_credentials_are_asked(factory: Any) -> None:
    """A SAS by callback, and a token: whether they come at once or later."""

    class Credential:
        async def get_token(self, *scopes: str, **options: Any) -> str:
            return "token"

    async def vault() -> str:
        return "sv=2024-11-04&sig=1"

    async def main(loop: VirtualLoop) -> None:
        loop.set_task_factory(factory)
        renewal = SasRenewal(vault)
        assert await renewal.fresh() == "sv=2024-11-04&sig=1"
        assert await Tokens(Credential(), owned=False).get_token("scope") == "token"
        loop.set_task_factory(None)

    run_virtual(main)


def test_no_task_of_ours_is_asked_for() -> None:
    """Of the host's factory, by anything that a pipeline does on its loop."""

    async def main(loop: VirtualLoop) -> list[str]:
        factory = Watched()
        loop.set_task_factory(factory)
        faults = [Fault(FaultKind.LATE, 1.0), Fault(FaultKind.ERROR)]
        store = MemoryStore(faults=lambda *_: faults.pop() if faults else None)
        pipeline = make_pipeline(store, loop, linger=0.1)
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        await pipeline.flush()
        await pipeline.aclose()
        return factory.asked

    assert run_virtual(main) == []
