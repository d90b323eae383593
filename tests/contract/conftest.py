"""Fixtures of the contract suite: the account, a folder of the test's own, and the facts found."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob import ContainerClient

from aiocollect.stores.azure import AzureStore
from tests.support.azure_stores import Keep as Keep
from tests.support.azure_stores import keep as keep

from .account import STORE, Account

Note: TypeAlias = Callable[[str, object], None]

_facts: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "contract: needs a storage account; see docs/explanation/real-account.md"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the account did where either is right: for the documentation, not for the verdict."""
    if _facts:
        terminalreporter.section("what the account did")
        for fact in _facts:
            terminalreporter.write_line(fact)


@pytest.fixture(scope="session")
def account() -> Account:
    """The account. Skips where none is named."""
    found = Account.from_environment()
    if found is None:
        pytest.skip(f"no account: set {STORE} and AIOCOLLECT_CONTRACT_CONTAINER")
    return found


@pytest.fixture(scope="session")
def plain(account: Account) -> Iterator[ContainerClient]:
    """The container by the plain SDK, made where it is missing."""
    with account.plain() as client:
        try:
            client.create_container()
        except ResourceExistsError:
            pass
        except AzureError as error:
            # A SAS of a container may not make it; then it must be there.
            if getattr(error, "status_code", None) != 403:
                raise
        yield client


@pytest.fixture
def folder(plain: ContainerClient) -> Iterator[str]:
    """A folder that no other test has; what is in it is deleted at the end, if we may."""
    # Three parts, so that it can be a pipeline's workspace too.
    name = f"aiocollect/contract/{uuid.uuid4().hex}"
    yield name
    try:
        # Longest first: on a hierarchical namespace folders are listed too, and must be empty.
        for blob in sorted(plain.list_blob_names(name_starts_with=name), reverse=True):
            plain.delete_blob(blob)
    except AzureError as error:
        _facts.append(f"left behind: {name} ({type(error).__name__})")


@pytest.fixture
def store(account: Account, plain: ContainerClient, keep: Keep) -> AzureStore:
    """A store on the account."""
    return keep(account.store())


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Note:
    """Write down what the account did where either is right."""
    here = Path(request.node.path).name

    def write(claim: str, value: object) -> None:
        _facts.append(f"{here}: {claim}: {value}")

    return write
