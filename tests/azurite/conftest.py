"""Fixtures: the emulator, a container per test, the fault proxy; uvloop and asyncio."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

import pytest
import pytest_asyncio
import uvloop
from azure.storage.blob import BlobServiceClient, ContainerClient

from aiocollect.errors import Refusal, StoreRefused
from testkit.certificates import Certificates, make_certificates
from testkit.emulator import Emulator, emulator, missing
from testkit.proxy import FaultProxy
from tests.support.azure_stores import Keep as Keep
from tests.support.azure_stores import keep as keep


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], object]]:
    """uvloop, as the servers that we are made for use it, and asyncio's own.

    One of them where the work is in child processes, which have loops of their own.
    """
    if item.get_closest_marker("children"):
        return {"asyncio": asyncio.new_event_loop}
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


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


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority and a server's certificate that were made for this run."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def secure(azurite: Emulator, certificates: Certificates) -> Iterator[Emulator]:
    """An emulator that speaks https and takes tokens."""
    with emulator(cert=certificates.cert, key=certificates.key) as running:
        yield running


@pytest.fixture
def container() -> str:
    """A container's name that no other test has."""
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
def plain(azurite: Emulator, container: str) -> Iterator[ContainerClient]:
    """The container, made, seen by the plain SDK: the oracle, and everybody else."""
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        yield service.create_container(container)


@pytest_asyncio.fixture
async def proxy(azurite: Emulator) -> AsyncIterator[FaultProxy]:
    """The fault proxy in front of the emulator."""
    async with FaultProxy((azurite.host, azurite.port)) as running:
        yield running


async def refusal(request: Awaitable[object]) -> Refusal:
    """Why a request is refused."""
    with pytest.raises(StoreRefused) as caught:
        await request
    return caught.value.reason
