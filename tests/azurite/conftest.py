"""Fixtures: the emulator, a container per test, the fault proxy. The tests run on uvloop."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest
import pytest_asyncio
import uvloop

from .emulator import Emulator, emulator, missing
from .proxy import FaultProxy


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], object]]:
    """uvloop, as the servers that we are made for use it."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def azurite() -> Iterator[Emulator]:
    """The running emulator. Skips where it is not installed; fails there under CI."""
    obstacle = missing()
    if obstacle and os.environ.get("CI"):
        pytest.fail(obstacle)
    if obstacle:
        pytest.skip(obstacle)
    with emulator() as running:
        yield running


@pytest.fixture
def container() -> str:
    """A container's name that no other test has."""
    return f"test-{uuid.uuid4().hex}"


@pytest_asyncio.fixture
async def proxy(azurite: Emulator) -> AsyncIterator[FaultProxy]:
    """The fault proxy in front of the emulator."""
    async with FaultProxy((azurite.host, azurite.port)) as running:
        yield running
