"""The store that fails on demand: each fault is what it says, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from aiocollect import MemoryStore
from aiocollect.demo.faults import FailingStore, Faults
from aiocollect.errors import OutcomeUnknown
from aiocollect.testing import open_store, run_virtual
from aiocollect.typing import Created

PATH = "a/data.csv"
Calls: TypeAlias = Callable[[FailingStore], Awaitable[object]]
REQUESTS: dict[str, Calls] = {
    "open": lambda store: store.open(PATH, head=10),
    "create": lambda store: store.create("b/data.csv", content_type="text/csv"),
    "append": lambda store: store.append(PATH, b"x\n", offset=0),
    "read": lambda store: store.read(PATH, offset=0, length=10),
}


async def opened() -> tuple[MemoryStore, Faults, FailingStore]:
    """With one empty blob."""
    inner, faults = MemoryStore(), Faults()
    store = FailingStore(inner, faults)
    assert isinstance(await store.create(PATH, content_type="text/csv"), Created)
    return inner, faults, store


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_down_answers_nothing_and_changes_nothing(request_: Calls) -> None:
    """Every request fails, none reaches the store; afterwards each succeeds."""

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        inner, faults, store = await opened()
        faults.hear("down on")
        with pytest.raises(OutcomeUnknown, match="ConnectionRefused"):
            await request_(store)
        assert (await inner.open(PATH, head=10)).length == 0
        faults.hear("down off")
        await request_(store)

    run_virtual(main)


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_slow_takes_a_second_and_succeeds(request_: Calls) -> None:
    """Of virtual time."""

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        _, faults, store = await opened()
        began = loop.time()
        await store.open(PATH, head=10)
        assert loop.time() - began < 0.5
        faults.hear("slow on")
        began = loop.time()
        await request_(store)
        assert loop.time() - began >= 1.0

    run_virtual(main)


def test_a_lost_answer_is_of_an_append_that_landed() -> None:
    """The bytes are there, the writer does not know; after four of them answers come again."""

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        _, faults, store = await opened()
        faults.hear("lose on")
        for k in range(4):
            with pytest.raises(OutcomeUnknown, match="ConnectionReset"):
                await store.append(PATH, b"x\n", offset=2 * k)
            assert (await store.open(PATH, head=1)).length == 2 * k + 2
        assert (await store.append(PATH, b"y\n", offset=8)).length == 10

    run_virtual(main)


def test_what_it_is_not_told_it_does_not_do() -> None:
    """A line that is none of its own is a mistake of ours."""
    for line in ("fire on", "down maybe", "down", ""):
        with pytest.raises(ValueError, match="no fault"):
            Faults().hear(line)


def test_a_spool_takes_it_for_the_store_that_it_stands_around(tmp_path: Path) -> None:
    """Rows in a spool are for one store, with or without faults on the way."""
    store = FailingStore(open_store(tmp_path), Faults())
    assert store.target == f"file://{tmp_path}"
