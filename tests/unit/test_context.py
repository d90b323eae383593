"""correlation(): one id for a block of code, and for the tasks it starts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiocollect import ConfigError, MemoryStore, correlation
from aiocollect.testing import VirtualLoop, run_virtual
from tests.support.virtual import make_pipeline


def record(use: Any) -> None:
    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop)
        await use(pipeline.collector("m", identifier="i"), pipeline.collector("m", identifier="o"))
        assert (await pipeline.aclose()).complete

    run_virtual(main)


def test_one_id_for_a_block() -> None:
    """The first collect() makes it; later ones, also in tasks, share it; outside it is gone."""

    async def use(inputs: Any, outputs: Any) -> None:
        with correlation() as scoring:
            assert scoring.id is None
            first = inputs.collect([1.0])
            second = await asyncio.create_task(outputs.acollect([2.0]))
            assert first == second == scoring.id
        assert inputs.collect([1.0]) != first

    record(use)


def test_a_given_id_and_the_argument() -> None:
    """A caller's id holds in the block; correlation_id= goes before it; blocks nest."""

    async def use(inputs: Any, outputs: Any) -> None:
        with correlation("loan-7"):
            assert inputs.collect([1.0]) == "loan-7"
            assert outputs.collect([1.0], correlation_id="other") == "other"
            with correlation("loan-8"):
                assert inputs.collect([1.0]) == "loan-8"
            assert inputs.collect([1.0]) == "loan-7"

    record(use)


def test_tasks_beside_each_other_do_not_mix() -> None:
    """Each request of a server has an id of its own."""

    async def use(inputs: Any, outputs: Any) -> None:
        async def request() -> tuple[Any, Any]:
            with correlation():
                first = inputs.collect([1.0])
                await asyncio.sleep(0.01)
                return first, outputs.collect([2.0])

        pairs = await asyncio.gather(*(request() for _ in range(20)))
        assert all(a == b for a, b in pairs)
        assert len({a for a, _ in pairs}) == 20

    record(use)


@pytest.mark.parametrize("bad", ["", 7])
def test_bad_ids(bad: Any) -> None:
    """An id is text."""
    with pytest.raises(ConfigError, match="must be text"):
        correlation(bad)


def test_a_block_is_entered_once() -> None:
    """Else it could not be left in order."""
    one = correlation("x")
    with one, pytest.raises(ConfigError, match="entered only once"), one:
        pass
